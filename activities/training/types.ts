import type { Job } from '../../shared/training/job.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import type { ClusterCapacity, JobState, StopReason } from '../../shared/training/trainingState.ts';

/** A training, without what depends on the attempt or on where things are. */
export interface RunTrainingInput {
  /** `<run>/lap-0001/verifier-v1`: the same training, whatever the attempt. Its files are under `jobs/<jobKey>/`. */
  readonly jobKey: string;
  readonly kind: Job['kind'];
  readonly initCheckpoint: CheckpointRef;
  readonly datasets: readonly { readonly role: string; readonly ref: DatasetRef; readonly weight: number }[];
  /** Digest of `rewards/<jobKey>/spec.json`; absent for `sft`. */
  readonly rewardSpecSha256?: string;
  readonly hyper: Job['hyper'];
  readonly resources: Job['resources'];
  readonly cluster: ClusterName;
  /** Attempts at a job whose failure may heal; those that a graceful stop ended do not count. */
  readonly maxAttempts: number;
}

export type ClusterName = 'local' | 'slurm' | 'ray' | 'kubernetes';

export interface TrainingOutcome {
  readonly status: 'succeeded';
  readonly checkpoint: CheckpointRef;
  readonly steps: number;
  readonly stopReason: 'maxSteps' | 'saturated';
  readonly reward: { readonly first: number; readonly last: number };
  readonly attempts: number;
  /** Seconds that the trainer ran, over all attempts. */
  readonly seconds: number;
  /** Store path of `metrics.jsonl`. */
  readonly metrics: string;
}

/** Heartbeat of `runTraining`. */
export interface TrainingProgress {
  readonly jobKey: string;
  readonly attempt: number;
  readonly state: JobState;
  readonly step: number;
  readonly maxSteps: number;
  /** Of the last step; absent before the first. */
  readonly reward?: number;
  readonly stepSeconds?: number;
}

/** An attempt that a cluster has taken. */
export interface SubmittedJob {
  readonly jobKey: string;
  readonly attempt: number;
  /** The cluster's own name for it: a pid, a job id. */
  readonly id: string;
  /** ISO time. */
  readonly submittedAt: string;
  /** The scheduled activity that submitted it. */
  readonly execution: string;
}

export interface Submission {
  readonly jobKey: string;
  readonly attempt: number;
  /** Store path of the job file. */
  readonly jobFile: string;
  readonly execution: string;
}

/** Where training jobs run. */
export interface ClusterBackend {
  readonly name: ClusterName;
  capacity(): Promise<ClusterCapacity>;
  /** The attempt, whether it runs or has ended; undefined if it was never submitted. */
  find(jobKey: string, attempt: number): Promise<SubmittedJob | undefined>;
  /** Submits an attempt once: whoever else does so, before or at the same time, gets the same job. */
  submit(submission: Submission): Promise<SubmittedJob>;
  state(job: SubmittedJob): Promise<'queued' | 'alive' | 'gone'>;
  /** Asks the job to save its state and end, and ends it after the grace. Returns when it is gone. */
  stop(job: SubmittedJob, reason: StopReason, graceMs: number): Promise<void>;
}
