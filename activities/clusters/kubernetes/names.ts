import { createHash } from 'node:crypto';
import type { JobAttempt } from '../types.ts';

/** Labels of what is ours: it is listed by them. */
export const MANAGED = 'app.kubernetes.io/managed-by';
export const INSTALLATION = 'flywheel/installation';
/** Of pods of which no controller says whose they are. */
export const OF = 'flywheel/job';
/** The label by which Kueue knows its queue. */
export const QUEUE = 'kueue.x-k8s.io/queue-name';
const JOB_KEY = 'flywheel/job-key';
const ATTEMPT = 'flywheel/attempt';
const LOG = 'flywheel/log';
const PODS = 'flywheel/pods';

/**
 * The name of an attempt's object, the same whoever submits it: the cluster itself keeps it from being there twice. A
 * label that holds it may have 63 characters, a RayJob's name 47.
 */
export function jobName(installation: string, jobKey: string, attempt: number): string {
  const digest = createHash('sha256').update(JSON.stringify([installation, jobKey, attempt]));
  return `fw-${digest.digest('hex').slice(0, 32)}`;
}

/** What an object says of itself. @param pods how many of them train. */
export function annotationsOf(
  { jobKey, attempt, log }: Pick<JobAttempt, 'jobKey' | 'attempt' | 'log'>,
  pods: number,
): Readonly<Record<string, string>> {
  return { [JOB_KEY]: jobKey, [ATTEMPT]: String(attempt), [LOG]: log, [PODS]: String(pods) };
}

/** Which attempt an object is, by its annotations. */
export function attemptOf(
  annotations: Readonly<Record<string, string>> = {},
): Pick<JobAttempt, 'jobKey' | 'attempt' | 'log'> {
  return { jobKey: annotations[JOB_KEY] ?? '', attempt: Number(annotations[ATTEMPT]), log: annotations[LOG] ?? '' };
}

/** How many pods an object is to have. */
export function podsOf(annotations: Readonly<Record<string, string>> = {}): number {
  return Number(annotations[PODS] ?? 1);
}
