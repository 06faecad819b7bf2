import { executeChild, setCurrentDetails } from '@temporalio/workflow';
import type { EvaluationSet } from '../../shared/lap/manifest.ts';
import type { Sampling } from '../../shared/outcomes.ts';
import type { CheckpointRef, DatasetRef, ModelRole, Task } from '../../shared/records.ts';
import type { EngineSettings, SampleSetInput, SetResult } from '../../shared/sampling/sets.ts';

export interface EvaluateModelInput {
  readonly lap: string;
  readonly subject: EvaluationSet['subject'];
  readonly model: EvaluationSet['model'];
  readonly checkpoint: CheckpointRef;
  /**
   * `verifier`: held-out proofs; `metaVerifier`: held-out analyses; `generator`, `selfVerification`: held-out problems
   * as rows.
   */
  readonly rows: DatasetRef;
  readonly decoding: EvaluationSet['decoding'];
  /** Ignored when greedy: one answer says it all. */
  readonly samplesPerRow: number;
  /** As the model is used, at T = 1; greedy keeps maxTokens only. */
  readonly sampling: Sampling;
  readonly prompts: string;
  readonly seed: number;
  readonly engine: EngineSettings;
  /**
   * @default the subject's: verify, metaVerify, prove, selfVerify. The trajectory variant of phase 3 passes
   * `selfRefine`.
   */
  readonly task?: Task;
}

export type EvaluateModelResult = EvaluationSet & SetResult;

const TASK: Readonly<Record<EvaluationSet['subject'], Task>> = {
  verifier: 'verify',
  metaVerifier: 'metaVerify',
  generator: 'prove',
  selfVerification: 'selfVerify',
};

const ROLE: Readonly<Record<EvaluationSet['subject'], ModelRole>> = {
  verifier: 'verifier',
  metaVerifier: 'metaVerifier',
  generator: 'generator',
  selfVerification: 'generator',
};

/**
 * Asks one model about one fixed held-out set, and takes what comes: a malformed answer is not asked again, it is part
 * of the measurement. What the answers are worth is measured later, from the ledger (`measureLap`).
 */
export async function evaluateModel(input: EvaluateModelInput): Promise<EvaluateModelResult> {
  const { subject, model, decoding } = input;
  const greedy = decoding === 'greedy';
  const setId = `${input.lap}/evaluation/${subject}-${model}-${decoding}`;
  setCurrentDetails(
    `Asks **${model}** as ${subject} about ${input.rows.rows} held-out rows, ` +
      `${greedy ? 'T = 0' : `T = ${input.sampling.temperature}`}.`,
  );
  const sampleSetInput: SampleSetInput = {
    setId,
    rows: input.rows,
    task: input.task ?? TASK[subject],
    model: { role: ROLE[subject], checkpoint: input.checkpoint },
    prompts: input.prompts,
    samplesPerRow: greedy ? 1 : input.samplesPerRow,
    sampling: greedy ? { temperature: 0, topP: 1, maxTokens: input.sampling.maxTokens } : input.sampling,
    seed: input.seed,
    attempts: 1,
    engine: input.engine,
  };
  const set = await executeChild<(input: SampleSetInput) => Promise<SetResult>>('sampleSet', {
    workflowId: `${setId}/answers`,
    args: [sampleSetInput],
    staticSummary: `${subject}: ${model}, ${decoding}, ${input.rows.rows} rows`,
  });
  return { subject, model, decoding, ...set };
}
