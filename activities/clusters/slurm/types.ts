import type { ClusterCapacity } from '../types.ts';

/** A job as Slurm tells of it. Times are milliseconds since the epoch. */
export interface SlurmJob {
  readonly id: string;
  /** First word of its state, such as `PENDING`. */
  readonly state: string;
  /** Why it is in that state, in Slurm's words; empty where there is none. */
  readonly reason: string;
  readonly submittedAt?: number;
  readonly startedAt?: number;
  readonly comment: string;
}

/** What a job is to be, whichever way it is submitted. */
export interface SlurmRequest {
  /** Found again by it, and by the comment. */
  readonly name: string;
  readonly comment: string;
  readonly script: string;
  /** Where the script lies: an absolute path. */
  readonly scriptFile: string;
  readonly log: string;
  /** Working folder: it has to be there, or Slurm runs the job in /tmp. */
  readonly folder: string;
  readonly nodes: number;
  readonly gres?: string;
  readonly minutes: number;
  readonly partition?: string;
  /** Its processes are started by srun, which ends them at once when a signal reaches it in their place. */
  readonly steps: boolean;
}

/** A way to ask a Slurm. Each call throws an error that may heal where no answer comes. */
export interface SlurmTransport {
  /** Which controller it asks, as whom: those that are equal share what they are told. */
  readonly controller: string;
  /**
   * Submits the job held, so that it does not run before its submitter has seen that it is the only one.
   * @returns its id.
   */
  submit(request: SlurmRequest): Promise<string>;
  /** Why the job could never run, in Slurm's words; undefined where it could. Nothing is submitted. */
  refusal(request: SlurmRequest): Promise<string | undefined>;
  /** All jobs of these names that the controller knows, ended ones too. */
  list(names: readonly string[]): Promise<SlurmJob[]>;
  /** What accounting says of a job that has left the queue; undefined where it knows none. */
  ended(id: string): Promise<SlurmJob | undefined>;
  release(id: string): Promise<void>;
  /** SIGTERM to every process of a running job; to those of its steps alone, where it has any. */
  terminate(id: string): Promise<void>;
  /** The end: SIGTERM, and SIGKILL after the site's KillWait. Nothing where the job has ended. */
  cancel(id: string): Promise<void>;
  capacity(): Promise<ClusterCapacity>;
}
