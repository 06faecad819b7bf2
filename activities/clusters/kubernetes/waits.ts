import type { Seen } from './looks.ts';
import { condition } from './objects.ts';
import { waitOf } from './presence.ts';
import type { KubernetesSettings } from './settings.ts';

/** What is said of a job that has waited for longer than the settings allow; undefined while it may wait. */
export function waitedTooLong(
  { job, pods }: Seen,
  { pendingMinutes = Infinity, startMinutes }: Pick<KubernetesSettings, 'pendingMinutes' | 'startMinutes'>,
): string | undefined {
  if (job?.spec?.suspend === true) return undefined;
  for (const pod of pods) {
    const wait = waitOf(pod);
    if (wait === undefined) continue;
    const bound = condition(pod.status?.conditions, 'PodScheduled')?.lastTransitionTime;
    const minutes = wait.stuck ? startMinutes : bound === undefined ? pendingMinutes : Infinity;
    if (Date.now() - Date.parse(bound ?? pod.metadata.creationTimestamp) > minutes * 60_000)
      return `did not start in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}: ${wait.words}`;
  }
  return undefined;
}
