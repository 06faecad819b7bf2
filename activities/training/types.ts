import type { HyperOf, Job, LongRows } from '../../shared/training/job.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import type { TakenTraining } from '../../shared/training/taken.ts';
import type { JobState } from '../../shared/training/trainingState.ts';

/** A training, without what depends on the attempt or on where things are. */
export type RunTrainingInput = GrpoInput | SftInput;

export interface GrpoInput extends AnyInput {
  readonly kind: 'grpo';
  /** Digest of `rewards/<jobKey>/spec.json`. */
  readonly rewardSpecSha256: string;
  /** How long rewards are waited for; absent as in a job file. */
  readonly outageMinutes?: number | undefined;
  readonly stallMinutes?: number | undefined;
  readonly hyper: HyperOf<'grpo'>;
}

interface SftInput extends AnyInput {
  readonly kind: 'sft';
  readonly hyper: HyperOf<'sft'>;
}

interface AnyInput extends Readonly<Pick<Job, 'jobKey' | 'engine' | 'engineOptions' | 'templateKwargs' | 'resources'>> {
  readonly initCheckpoint: CheckpointRef;
  /** What a KL term holds the model to. @default initCheckpoint */
  readonly referenceCheckpoint?: CheckpointRef | undefined;
  readonly datasets: readonly { readonly role: string; readonly ref: DatasetRef; readonly weight: number }[];
  /** Name of a configured cluster. */
  readonly cluster: string;
  /** Attempts at a job whose failure may heal; those that a graceful stop ended do not count. */
  readonly maxAttempts: number;
  /** Laps, the newest first, whose equal training is gone on with in place of a new one. @default none */
  readonly donors?: readonly string[] | undefined;
}

export interface TrainingOutcome {
  readonly checkpoint: CheckpointRef;
  readonly steps: number;
  readonly stopReason: 'maxSteps' | 'saturated' | 'watch';
  readonly reward: { readonly first: number; readonly last: number };
  readonly attempts: number;
  /** Seconds that the trainer ran, over all attempts. */
  readonly seconds: number;
  /** Seconds that it waited in a cluster's queue before; absent where it did not. */
  readonly queuedSeconds?: number;
  /** Rows that were left out because they are too long; absent where there were none. */
  readonly longRows?: LongRows;
  /** Watches that struck, in a person's words; absent where none did. */
  readonly watched?: readonly string[];
  /** What a person should know: that a watch struck, that it taught nothing, and why; absent where all is well. */
  readonly warnings?: readonly string[];
  /** Of an earlier lap; seconds and attempts are this one's own. */
  readonly taken?: TakenTraining;
}

/** Heartbeat of `runTraining`. */
export interface TrainingProgress {
  readonly jobKey: string;
  readonly attempt: number;
  readonly state: JobState;
  readonly step: number;
  readonly maxSteps: number;
  /** Where people find the attempt's log. */
  readonly log: string;
  /** ISO time of its submission, while it is queued. */
  readonly queuedSince?: string;
  /** Why it waits, or what is wrong with where it runs, in the cluster's words. */
  readonly clusterSays?: string;
  /** Of the last step; absent before the first. */
  readonly reward?: number;
  /** Share of its groups in which every reward was equal. */
  readonly flatGroupShare?: number;
  readonly stepSeconds?: number;
}
