import { createHash } from 'node:crypto';
import type { SlurmJob } from './types.ts';

/** Which attempt a job is, for its name and its comment. */
export interface JobName {
  readonly jobKey: string;
  readonly attempt: number;
  /** Whose attempts these are: installations of one user may have equal keys on one cluster. */
  readonly of: string;
}

/** Slurm keeps no key of a client's: this name stands for it. */
export function nameOf({ jobKey, attempt, of }: JobName): string {
  return `fw-${digest([of, jobKey, String(attempt)].join('\n')).slice(0, 20)}`;
}

/** Kept by Slurm as it is, up to 1,024 characters. */
export function commentOf({ jobKey, attempt, of }: JobName): string {
  return JSON.stringify({ jobKey, attempt, of: digest(of).slice(0, 12) });
}

/** Whether the job is that attempt, and not another of a name that happens to be equal. */
export const isOf = (job: SlurmJob, name: JobName): boolean => job.comment.trim() === commentOf(name);

const digest = (text: string) => createHash('sha256').update(text).digest('hex');
