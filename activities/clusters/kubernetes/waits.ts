import type { Seen } from './looks.ts';
import { condition } from './objects.ts';
import { partialIn, waitOf } from './presence.ts';
import type { KubernetesSettings } from './settings.ts';

/** What is said of a job that has waited for longer than the settings allow; undefined while it may wait. */
export function waitedTooLong(
  { job, pods }: Seen,
  { pendingMinutes = Infinity, startMinutes }: Pick<KubernetesSettings, 'pendingMinutes' | 'startMinutes'>,
): string | undefined {
  if (job?.spec?.suspend === true) return undefined;
  const partial = job && partialIn(job, pods);
  // Some of its pods hold their nodes for the others.
  if (isOlder(partial?.since, startMinutes)) return tooLong(startMinutes, partial?.words ?? '');
  for (const pod of pods) {
    const wait = waitOf(pod);
    if (wait === undefined) continue;
    const bound = condition(pod.status?.conditions, 'PodScheduled')?.lastTransitionTime;
    const minutes = wait.stuck ? startMinutes : bound === undefined ? pendingMinutes : Infinity;
    if (isOlder(bound ?? pod.metadata.creationTimestamp, minutes)) return tooLong(minutes, wait.words);
  }
  return undefined;
}

function isOlder(since: string | undefined, minutes: number): boolean {
  return since !== undefined && Date.now() - Date.parse(since) > minutes * 60_000;
}

function tooLong(minutes: number, words: string): string {
  return `did not start in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}: ${words}`;
}
