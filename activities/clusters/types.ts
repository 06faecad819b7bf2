import type { Environment } from '../processes/records.ts';

/** The machine that submits, for clusters to be opened on it. */
export interface Machine {
  /** Folder for what clusters keep of their jobs, such as records of processes. */
  readonly folder: string;
  /** Working directory of jobs: the project. */
  readonly root: string;
  /** Environment of jobs, below their own. */
  readonly env: Environment;
  /** What of it jobs need that run on other machines, which get nothing else. @default nothing */
  readonly named?: Environment;
}

/** What a cluster can hold, or a job needs. */
export interface ClusterCapacity {
  readonly nodes: number;
  readonly gpusPerNode: number;
}

/** An attempt at a job, as a cluster is to run it. */
export interface JobAttempt {
  /** A path of names, such as `main/lap-0001/verifier-v1`: the same job, whatever the attempt. */
  readonly jobKey: string;
  /** Counted from 1. An attempt is submitted only when the one before it is gone. */
  readonly attempt: number;
  readonly command: readonly string[];
  /** Of a job of several nodes: whether the command is started once in all, or once on each. @default 'one' */
  readonly launch?: 'one' | 'perNode';
  /** What the job gets to see beside the cluster's own environment. */
  readonly env: Environment;
  readonly image?: string | undefined;
  readonly queue?: string | undefined;
  /**
   * `wallSeconds` is of running, not of waiting. It is kept by who watches; a cluster that also ends the job says
   * `timedOut`.
   */
  readonly resources: ClusterCapacity & { readonly wallSeconds: number };
  /** File, by its absolute path, that stdout and stderr are appended to. */
  readonly log: string;
}

/** An attempt that a cluster has taken. */
export interface SubmittedJob {
  readonly jobKey: string;
  readonly attempt: number;
  /** The cluster's own name for it: a pid, a job id. */
  readonly id: string;
  /** ISO time. */
  readonly submittedAt: string;
}

/**
 * How an attempt stands. `since`: ISO time at which it began to run, after whatever queue; of what is gone, where the
 * cluster still knows it. Without a `why` it ended by itself, or nobody knows. `words`: what the cluster says of it, for
 * a person: why it waits, that its node is lost, with which code it ended. `lostSince`: ISO time since which the node of
 * what is alive by the cluster's records has not been heard of: it may run or not, and a person may say that it is dead.
 */
export type Presence =
  | { readonly kind: 'queued'; readonly words?: string }
  | { readonly kind: 'alive'; readonly since: string; readonly words?: string; readonly lostSince?: string }
  | {
      readonly kind: 'gone';
      readonly why?: 'preempted' | 'nodeLost' | 'timedOut' | 'outOfMemory';
      readonly since?: string;
      readonly words?: string;
    };

/**
 * Where jobs run. It knows nothing of what a job is for: whether it succeeded is told by the files that it leaves, and
 * why it was stopped is kept by whoever stops it.
 *
 * A job outlives its submitter, runs once by its own account (a cluster's automatic requeue is switched off), and gets
 * SIGTERM before it is ended. Of the calls that can fail, each throws an error that may heal: an answer that did not
 * come is never `gone`.
 */
export interface Cluster {
  /** As configured, and as `training.cluster` of a recipe says it. */
  readonly name: string;
  /** Milliseconds between two looks at a job. */
  readonly lookEveryMs: number;
  /** Whether its jobs run on other machines, which 127.0.0.1 does not lead back from. @default false */
  readonly elsewhere?: boolean;
  capacity(): Promise<ClusterCapacity>;
  /** @throws `ClusterTooSmall`, in the cluster's own words, for what fits by its size and could still never run. */
  check?(asked: ClusterCapacity): Promise<void>;
  /** What would be submitted, for people to read; nothing is. @default the command */
  show?(attempt: JobAttempt): string;
  /** Submits an attempt once: whoever else does so, before or at the same time, gets the same job. */
  submit(attempt: JobAttempt): Promise<SubmittedJob>;
  /** The attempt, whether it runs or has ended; undefined if it was never submitted, or is forgotten by now. */
  find(jobKey: string, attempt: number): Promise<SubmittedJob | undefined>;
  /** `gone` also of a job that the cluster has forgotten. What is gone writes no more. */
  state(job: SubmittedJob): Promise<Presence>;
  /** Asks the job to end, and ends it, with all that it started, after the grace. Returns when it is gone. */
  stop(job: SubmittedJob, graceMs: number): Promise<void>;
}
