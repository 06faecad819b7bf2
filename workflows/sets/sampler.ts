import type { Priority } from '@temporalio/common';
import { executeChild } from '@temporalio/workflow';
import type { SetRecord } from '../../shared/lap/manifest.ts';
import type { Sampling } from '../../shared/outcomes.ts';
import type { DatasetRef, ModelRef, PromptSetRef, Task } from '../../shared/records.ts';
import type { SetCaps } from '../../shared/sampling/caps.ts';
import type { AutoLabelPolicy, EngineSettings } from '../../shared/sampling/sets.ts';
import { seedOf } from '../../shared/seeds.ts';
import { sampleSet } from './sampleSet.ts';
import { setIdOf, withinLap, type Place } from '../../shared/ids.ts';

/** Who asks, and how: a phase of a lap, or a product. */
export interface Asking {
  /** Of its sets. */
  readonly place: Place;
  /** What the records of its sets belong to, such as `coldStart`. */
  readonly phase: string;
  readonly prompts: PromptSetRef;
  readonly seed: number;
  readonly sampling: Readonly<Record<Task, Sampling>>;
  /** Revisions that a trajectory may have. @default as in shared/answers.ts */
  readonly maxRevisions?: number;
  readonly engine: EngineSettings;
  /** Laps whose calls are taken over. @default none */
  readonly donors?: readonly string[] | undefined;
  /** What its sets and all others below a place may take together. @default no limit */
  readonly caps?: SetCaps | undefined;
  /** Whether its sets tell how far they are (`SampleSetInput`). @default false */
  readonly tells?: boolean | undefined;
  /** Its sets' part of the workers. @default as its workflow's own */
  readonly priority?: Priority | undefined;
}

export interface SampleOptions {
  readonly task: Task;
  /** Answers to each row. @default 1 */
  readonly perRow?: number;
  /** T = 0, and one answer to each row: it says it all. The task's maxTokens stay. */
  readonly greedy?: boolean;
  /** @default derived from the asking's seed and the set's path within its lap or product */
  readonly seed?: number | undefined;
  /** Asks about a row only until its votes decide (`SampleSetInput`). @default asks all */
  readonly decides?: AutoLabelPolicy;
  /** Asks about a row only while its mean score can reach this; only the better half of the rows, three times. */
  readonly leastMean?: number | undefined;
  readonly halves?: boolean | undefined;
  /** Times an answer that is malformed, cut off or refused is asked for, each under a new seed. @default 1 */
  readonly attempts?: number;
  /** Takes what comes, even nothing that can be read: for measurements, and for what the work can do without. */
  readonly mayFail?: boolean;
}

/** Samples sets with one model, and keeps the record of what that took. */
export function sampler(asking: Asking, model: ModelRef) {
  const sets: SetRecord[] = [];
  const { phase, prompts, engine, donors, caps, tells, priority } = asking;
  /** @throws `NoAnswers` when not one answer can be read; `CapReached`. */
  async function sample(name: string, rows: DatasetRef, options: SampleOptions): Promise<SetRecord> {
    const began = Date.now();
    const setId = setIdOf(asking.place, name);
    const { task, greedy = false, seed = seedOf(asking.seed, withinLap(setId)) } = options;
    const samplesPerRow = greedy ? 1 : (options.perRow ?? 1);
    const sampling = { ...asking.sampling[task], ...(greedy && { temperature: 0, topP: 1 }) };
    const result = await executeChild(sampleSet, {
      workflowId: setId,
      args: [
        {
          setId,
          rows,
          task,
          model,
          prompts,
          samplesPerRow,
          sampling,
          seed,
          attempts: options.attempts ?? 1,
          ...(options.decides && { decides: options.decides }),
          ...(options.leastMean !== undefined && { leastMean: options.leastMean }),
          ...(options.halves && { halves: true }),
          mustAnswer: options.mayFail !== true,
          engine,
          ...trajectory(task),
          donors,
          ...(caps && { caps }),
          ...(tells && { tells }),
        },
      ],
      staticSummary: `${task} × ${rows.rows * samplesPerRow}`,
      ...(priority && { priority }),
    });
    const startedAt = new Date(began).toISOString();
    const record = { ...result, phase, task, startedAt, wallSeconds: (Date.now() - began) / 1000 };
    sets.push(record);
    return record;
  }
  /** How trajectories are read: as they are rewarded. */
  const trajectory = (task: Task) =>
    task === 'selfRefine' && asking.maxRevisions !== undefined ? { maxRevisions: asking.maxRevisions } : {};
  return { sample, sets };
}
