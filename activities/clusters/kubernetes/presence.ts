import type { Presence } from '../types.ts';
import { BEGUN } from './begin.ts';
import { podsOf } from './names.ts';
import { condition, type Condition, type KubeJob, type Pod } from './objects.ts';

type Why = Extract<Presence, { kind: 'gone' }>['why'];

/**
 * How a Job and its pods stand. It is over only when it says `Complete` or `Failed` and no pod is left that may still
 * write: `FailureTarget` alone is what a Job on a lost node says for as long as its process may go on there.
 * @param sign what was seen of its end, where its pods are gone by now.
 */
export function presenceOf(job: KubeJob, pods: readonly Pod[], sign = signOf(pods)): Presence {
  const { conditions, terminating = 0, begun } = job.status ?? {};
  const living = pods.filter((pod) => !hasEnded(pod));
  const since = job.status?.begunAt ?? beginOf(job, pods);
  const failed = condition(conditions, 'Failed');
  const over = failed ?? condition(conditions, 'Complete');
  if (over && living.length === 0 && terminating === 0) {
    return { kind: 'gone', ...(failed && endOf(failed, sign)), ...(since !== undefined && { since }) };
  }
  const running = living.filter(({ status }) => status?.phase !== 'Pending');
  const partial = partialIn(job, pods);
  const isSuspended = job.spec?.suspend === true;
  const hasBegun = begun !== false || over !== undefined || isSuspended;
  if ((running.length > 0 && hasBegun) || terminating > 0) {
    const from = since ?? job.status?.startTime ?? job.metadata.creationTimestamp;
    const ending = terminating > 0 ? 'its pod is asked to end, and has not yet' : partial?.words;
    return { kind: 'alive', since: from, ...(troubleIn(living) ?? (ending !== undefined && { words: ending })) };
  }
  if (isSuspended) return { kind: 'queued', words: suspensionOf(conditions) };
  // Its pods have ended, and it has not said so yet.
  if (begun ?? since !== undefined) return { kind: 'alive', since: since ?? job.metadata.creationTimestamp };
  const words = partial?.words ?? living.flatMap((pod) => waitOf(pod)?.words ?? [])[0];
  return { kind: 'queued', ...(words !== undefined && { words }) };
}

/** When an attempt began: of several pods, with the last of them; of a pod that was replaced, with the one that lives. */
function beginOf(job: KubeJob, pods: readonly Pod[]): string | undefined {
  const livingFirst = [...pods].sort((one, other) => Number(hasEnded(one)) - Number(hasEnded(other)));
  const began = livingFirst.flatMap(startOf);
  return podsOf(job.metadata.annotations) === 1 ? began[0] : began.sort().at(-1);
}

/** Of a job of several pods, that some run and others do not: since when, and what those wait for. */
export function partialIn(
  { metadata }: KubeJob,
  pods: readonly Pod[],
): { readonly words: string; readonly since?: string } | undefined {
  const expected = podsOf(metadata.annotations);
  const begun = pods.filter(({ status }) => status?.phase !== 'Pending');
  if (expected === 1 || begun.length >= expected || pods.length === 0) return undefined;
  const [wait = `${pods.length} of them ${pods.length === 1 ? 'is' : 'are'} there`] = pods.flatMap(
    (pod) => waitOf(pod)?.words ?? [],
  );
  const [since] = begun.flatMap(startOf).sort();
  return { words: `${begun.length} of ${expected} pods run: ${wait}`, ...(since !== undefined && { since }) };
}

/** How a job stands whose Job others have deleted: they may have left its pod, or it ends still. */
export function goneBefore(pods: readonly Pod[], last: Presence | undefined, sign: Sign | undefined): Presence {
  const pod = pods.find((each) => !hasEnded(each));
  if (pod)
    return {
      kind: 'alive',
      since: startOf(pod)[0] ?? pod.metadata.creationTimestamp,
      words: `its Job was deleted by others, and its pod ${pod.metadata.name} has not ended yet`,
    };
  const was = last === undefined ? '' : `; it was last seen ${last.kind}${last.words ? ` (${last.words})` : ''}`;
  const words = [sign?.words, `its Job is no longer there${was}`].filter(Boolean).join('; ');
  return { kind: 'gone', ...(sign?.why && { why: sign.why }), words };
}

/** Why a pod does not run; `stuck`: it has a node, and cannot be started there as it is. */
export function waitOf({ spec, status }: Pod): { readonly words: string; readonly stuck: boolean } | undefined {
  const unscheduled = status?.conditions?.find((each) => each.type === 'PodScheduled' && each.status === 'False');
  if (unscheduled) return { words: said(unscheduled), stuck: false };
  const waiting = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].flatMap(
    ({ state }) => state?.waiting ?? [],
  )[0];
  if (waiting) {
    const stuck = waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing';
    return { words: `${said(waiting)}${spec?.nodeName === undefined ? '' : ` (on ${spec.nodeName})`}`, stuck };
  }
  return undefined;
}

/** What has not ended may write. */
export function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** When a pod's container began. */
function startOf({ status }: Pod): string[] {
  const starts = (status?.containerStatuses ?? []).flatMap(
    ({ state }) => state?.running?.startedAt ?? state?.terminated?.startedAt ?? [],
  );
  return starts.length > 0 || status?.phase === 'Pending' ? starts.slice(0, 1) : [status?.startTime ?? []].flat();
}

type Trouble = Pick<Extract<Presence, { kind: 'alive' }>, 'words' | 'lostSince'>;

/** Of several pods, that one's. */
function troubleIn(living: readonly Pod[]): Trouble | undefined {
  return living.flatMap(troubleOf)[0];
}

/** A pod whose containers run, but that is not ready: its node has not been heard of. */
function troubleOf({ metadata, spec, status }: Pod): Trouble[] {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const runs = status?.containerStatuses?.every(({ ready: is, state }) => is === true && state?.running);
  const lost = condition(status?.conditions, 'DisruptionTarget')?.reason === 'DeletionByTaintManager';
  if (runs === true && status?.phase === 'Running' && (ready?.status === 'False' || lost)) {
    const since = ready?.status === 'False' ? ready.lastTransitionTime : metadata.deletionTimestamp;
    const words =
      `node ${spec?.nodeName ?? 'of its pod'} lost since ${since ?? 'a while'}: its process may still run there. It ends ` +
      'when the node is back, or when a person who knows that it is off says so (`flywheel job … --force-lost`) or ' +
      'taints it with node.kubernetes.io/out-of-service:NoExecute';
    return [{ words, lostSince: since ?? metadata.creationTimestamp }];
  }
  return [];
}

/** What a pod says of its end, or of why it was asked to end. It goes with the pod. */
export interface Sign {
  readonly why?: NonNullable<Why>;
  readonly words: string;
}

export function signOf(pods: readonly Pod[]): Sign | undefined {
  const signs = pods.flatMap((pod) => {
    const { status } = pod;
    const ends = (status?.containerStatuses ?? []).flatMap(({ state }) => state?.terminated ?? []);
    const end = ends.find(({ exitCode }) => exitCode !== 0);
    const disruption = condition(status?.conditions, 'DisruptionTarget');
    const why = whyOf(pod, ends);
    const words = [
      end && `exit code ${end.exitCode}${end.reason === undefined || end.reason === 'Error' ? '' : ` (${end.reason})`}`,
      end?.exitCode === BEGUN && 'it had begun before, and an attempt runs once',
      end?.message,
      status?.reason && said(status),
      disruption && said(disruption),
    ];
    const told = words.filter(Boolean).join('; ');
    return told === '' ? [] : [{ ...(why && { why }), words: told }];
  });
  return signs[0];
}

function endOf(failed: Condition, sign: Sign | undefined): Sign {
  if (failed.reason === 'DeadlineExceeded') return { why: 'timedOut', words: sign?.words ?? said(failed) };
  // Of Kubernetes' own Job, what its pod says is more than that it failed.
  if (failed.reason === 'BackoffLimitExceeded') return sign ?? { words: said(failed) };
  return { ...sign, words: [sign?.words, said(failed)].filter(Boolean).join('; ') };
}

/** Reasons of DisruptionTarget (Kubernetes' documentation, "Pod disruption conditions"), and of pods that were ended. */
const DISRUPTIONS: Readonly<Record<string, NonNullable<Why>>> = {
  PreemptionByScheduler: 'preempted',
  EvictionByEvictionAPI: 'preempted',
  TerminationByKubelet: 'preempted',
  DeletionByTaintManager: 'nodeLost',
  DeletionByPodGC: 'nodeLost',
  Preempting: 'preempted',
  Preempted: 'preempted',
  Evicted: 'preempted',
  Terminated: 'preempted',
  NodeShutdown: 'preempted',
  NodeLost: 'nodeLost',
  DeadlineExceeded: 'timedOut',
};

function whyOf({ status }: Pod, ends: readonly { readonly reason?: string }[]): Why {
  if (ends.some(({ reason }) => reason === 'OOMKilled')) return 'outOfMemory';
  return (
    DISRUPTIONS[condition(status?.conditions, 'DisruptionTarget')?.reason ?? ''] ?? DISRUPTIONS[status?.reason ?? '']
  );
}

function suspensionOf(conditions: readonly Condition[] | undefined): string {
  const { lastTransitionTime } = condition(conditions, 'Suspended') ?? {};
  return `suspended, as a queue does until there is room${lastTransitionTime ? ` (since ${lastTransitionTime})` : ''}`;
}

function said({ reason, message }: { readonly reason?: string; readonly message?: string }): string {
  return [reason, message].filter(Boolean).join(': ').slice(0, 500);
}
