import { ApplicationFailure, executeChild } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import type { SetRecord } from '../../shared/lap/manifest.ts';
import type { DatasetRef, ModelRef, Task } from '../../shared/records.ts';
import { seedOf } from '../../shared/seeds.ts';
import { sampleSet } from './sampleSet.ts';

export interface SampleRequest {
  readonly setId: string;
  readonly task: Task;
  readonly rows: DatasetRef;
  /** @default 1 */
  readonly samplesPerRow?: number;
}

/** Samples sets with one model for one phase, and keeps the record of what that took. */
export function sampler(opened: OpenedLap, phase: string, model: ModelRef) {
  const sets: SetRecord[] = [];
  const { recipe, prompts } = opened;
  async function sample({ setId, task, rows, samplesPerRow = 1 }: SampleRequest): Promise<SetRecord> {
    const began = Date.now();
    const result = await executeChild(sampleSet, {
      workflowId: setId,
      args: [
        {
          setId,
          rows,
          task,
          model,
          prompts: prompts.name,
          samplesPerRow,
          sampling: recipe.sampling[task],
          seed: seedOf(opened.seed, setId.slice(opened.lap.length)),
          attempts: 1,
          engine: recipe.inference,
        },
      ],
      staticSummary: `${task} × ${rows.rows * samplesPerRow}`,
    });
    const { answered, unparseable, truncated, failed } = result.counts;
    if (failed > 0 && answered + unparseable + truncated === 0) {
      throw ApplicationFailure.nonRetryable(
        `Expected answers to set ${setId}, got none: all ${failed} calls failed. \`flywheel ledger show ` +
          `${setId}\` tells why`,
        'NoAnswers',
      );
    }
    const record = {
      ...result,
      phase,
      task,
      startedAt: new Date(began).toISOString(),
      wallSeconds: (Date.now() - began) / 1000,
    };
    sets.push(record);
    return record;
  }
  return { sample, sets };
}
