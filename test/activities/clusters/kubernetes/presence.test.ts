import type { Condition, ContainerStatus, KubeJob, Pod } from '../../../../activities/clusters/kubernetes/objects.ts';
import { goneBefore, presenceOf, signOf, waitOf } from '../../../../activities/clusters/kubernetes/presence.ts';
import { waitedTooLong } from '../../../../activities/clusters/kubernetes/waits.ts';

const BEGAN = '2026-11-28T10:00:05Z';
const meta = { name: 'fw-1', uid: 'u1', creationTimestamp: '2026-11-28T10:00:00Z' };

const is = (type: string, more: Partial<Condition> = {}): Condition => ({ type, status: 'True', ...more });

function job(conditions: readonly Condition[] = [], more: { terminating?: number; suspend?: boolean } = {}): KubeJob {
  const { terminating, suspend } = more;
  return {
    metadata: meta,
    ...(suspend !== undefined && { spec: { suspend } }),
    status: { conditions, startTime: meta.creationTimestamp, ...(terminating !== undefined && { terminating }) },
  };
}

type State = NonNullable<ContainerStatus['state']>;

function pod(phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed', state: State = {}, more: object = {}): Pod {
  const ready = phase === 'Running';
  return {
    metadata: { ...meta, name: 'fw-1-x', uid: 'p1' },
    spec: { nodeName: 'n1' },
    status: {
      phase,
      startTime: BEGAN,
      conditions: [is('Ready', { status: ready ? 'True' : 'False' })],
      containerStatuses: [{ name: 'trainer', ready, state }],
      ...more,
    },
  };
}

const running = pod('Running', { running: { startedAt: BEGAN } });
const ended = (exitCode: number, more: object = {}, ofPod: object = {}) =>
  pod(exitCode === 0 ? 'Succeeded' : 'Failed', { terminated: { exitCode, startedAt: BEGAN, ...more } }, ofPod);
const FAILED = is('Failed', { reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' });
const disrupted = (reason: string) => ({ conditions: [is('DisruptionTarget', { reason, message: 'why' })] });

test.each<[string, KubeJob, readonly Pod[], object]>([
  ['runs', job(), [running], { kind: 'alive', since: BEGAN }],
  ['has succeeded', job([is('SuccessCriteriaMet'), is('Complete')]), [ended(0)], { kind: 'gone', since: BEGAN }],
  [
    'has failed',
    job([is('FailureTarget'), FAILED]),
    [ended(3, { reason: 'Error' })],
    { kind: 'gone', since: BEGAN, words: 'exit code 3' },
  ],
  [
    'used too much memory',
    job([FAILED]),
    [ended(137, { reason: 'OOMKilled' })],
    { kind: 'gone', why: 'outOfMemory', since: BEGAN, words: 'exit code 137 (OOMKilled)' },
  ],
  [
    'made room for another',
    job([FAILED]),
    [ended(143, { reason: 'Error' }, disrupted('PreemptionByScheduler'))],
    { kind: 'gone', why: 'preempted', since: BEGAN, words: 'exit code 143; PreemptionByScheduler: why' },
  ],
  [
    'was evicted for want of disk',
    job([FAILED]),
    [ended(137, {}, { reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage' })],
    {
      kind: 'gone',
      why: 'preempted',
      since: BEGAN,
      words: 'exit code 137; Evicted: The node was low on resource: ephemeral-storage',
    },
  ],
  [
    'was given up with its node',
    job([FAILED]),
    [ended(137, {}, disrupted('DeletionByTaintManager'))],
    { kind: 'gone', why: 'nodeLost', since: BEGAN, words: 'exit code 137; DeletionByTaintManager: why' },
  ],
  [
    'was over the deadline of its template',
    job([is('Failed', { reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' })]),
    [],
    { kind: 'gone', why: 'timedOut', words: 'DeadlineExceeded: Job was active longer than specified deadline' },
  ],
])('a Job that %s', (_what, of, pods, presence) => {
  expect(presenceOf(of, pods)).toEqual(presence);
});

test.each<[string, KubeJob, readonly Pod[]]>([
  ['the end of its pod is not yet its own', job(), [ended(0)]],
  ['it is about to fail', job([is('FailureTarget')]), [ended(3)]],
  ['its pod is asked to end', job([is('FailureTarget')], { terminating: 1 }), [running]],
  ['it is asked to end, and its pod is not listed', job([is('FailureTarget')], { terminating: 1 }), []],
  ['it has failed, and a pod of it still runs (before Kubernetes 1.31)', job([FAILED]), [running]],
  ['it has failed, and something of it still ends', job([FAILED], { terminating: 1 }), [ended(3)]],
  ['it is suspended, and its pod still saves', job([is('Suspended')], { suspend: true }), [running]],
  ['nobody knows how its pod is', job(), [pod('Running', {}, { phase: 'Unknown' })]],
])('a Job is alive while %s', (_what, of, pods) => {
  expect(presenceOf(of, pods)).toMatchObject({ kind: 'alive' });
});

test('a Job on a lost node is alive, and says since when nothing is heard of it, whether or not it is given up', () => {
  const lostAt = '2026-11-28T10:05:00Z';
  const status = {
    ...running.status,
    conditions: [is('Ready', { status: 'False', lastTransitionTime: lostAt })],
    containerStatuses: [{ name: 'trainer', ready: true, state: { running: { startedAt: BEGAN } } }],
  };
  for (const seen of [job(), job([is('FailureTarget', { reason: 'BackoffLimitExceeded' })], { terminating: 1 })]) {
    const presence = presenceOf(seen, [{ ...running, status }]);
    expect(presence).toMatchObject({ kind: 'alive', since: BEGAN });
    expect(presence.words).toMatch(`node n1 lost since ${lostAt}`);
  }
});

test('what a pod says of its end is known after the pod is gone', () => {
  const evicted = pod('Running', { running: { startedAt: BEGAN } }, disrupted('DeletionByTaintManager'));
  const sign = signOf([evicted]);
  const words = 'DeletionByTaintManager: why';
  expect(presenceOf(job([FAILED]), [], sign)).toEqual({ kind: 'gone', why: 'nodeLost', words });
  expect(presenceOf(job([FAILED]), [])).toEqual({
    kind: 'gone',
    words: 'BackoffLimitExceeded: Job has reached the specified backoff limit',
  });
  expect(signOf([running, ended(0)])).toBeUndefined();
});

const unscheduled = {
  containerStatuses: undefined,
  conditions: [
    is('PodScheduled', {
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.',
    }),
  ],
};

test.each<[string, KubeJob, readonly Pod[], string | undefined]>([
  ['nothing has been made of it yet', job(), [], undefined],
  [
    'no node has room',
    job(),
    [pod('Pending', {}, unscheduled)],
    'Unschedulable: 0/1 nodes are available: 1 Insufficient nvidia.com/gpu.',
  ],
  [
    'its image cannot be had',
    job(),
    [pod('Pending', { waiting: { reason: 'ErrImagePull', message: 'not found' } })],
    'ErrImagePull: not found (on n1)',
  ],
  [
    'its image is on the way',
    job(),
    [pod('Pending', { waiting: { reason: 'ContainerCreating' } })],
    'ContainerCreating (on n1)',
  ],
  [
    'a queue holds it back',
    job([is('Suspended', { lastTransitionTime: BEGAN })], { suspend: true }),
    [],
    `suspended, as a queue does until there is room (since ${BEGAN})`,
  ],
])('a Job is queued while %s', (_what, of, pods, words) => {
  expect(presenceOf(of, pods)).toEqual({ kind: 'queued', ...(words !== undefined && { words }) });
});

test('what holds a pod up on its node is told apart from what takes its time', () => {
  const waits = (reason: string) => waitOf(pod('Pending', { waiting: { reason } }))?.stuck;
  expect(['ContainerCreating', 'PodInitializing'].map(waits)).toEqual([false, false]);
  expect(['ImagePullBackOff', 'InvalidImageName', 'CreateContainerConfigError'].map(waits)).toEqual([true, true, true]);
  expect(waitOf(running)).toBeUndefined();
});

test('a pod that waits is given its time: for a node as long as a queue takes, on its node minutes', () => {
  const limits = { pendingMinutes: undefined, startMinutes: 15 };
  const pulls = pod('Pending', { waiting: { reason: 'ErrImagePull' } });
  const room = pod('Pending', {}, unscheduled);
  expect(waitedTooLong({ job: job(), pods: [pulls] }, limits)).toBe(
    'did not start in 15 minutes: ErrImagePull (on n1)',
  );
  expect(waitedTooLong({ job: job(), pods: [room] }, limits)).toBeUndefined();
  expect(waitedTooLong({ job: job(), pods: [room] }, { ...limits, pendingMinutes: 1 })).toMatch(
    /^did not start in 1 minute: Unschedulable: /,
  );
  expect(waitedTooLong({ job: job([], { suspend: true }), pods: [pulls] }, limits)).toBeUndefined();
});

test('a job whose Job others have deleted is alive until its pod has ended, and gone with what was last known', () => {
  expect(goneBefore([running], { kind: 'alive', since: BEGAN }, undefined)).toMatchObject({
    kind: 'alive',
    since: BEGAN,
  });
  const sign = { why: 'preempted' as const, words: 'EvictionByEvictionAPI: drained' };
  expect(goneBefore([ended(0)], { kind: 'alive', since: BEGAN }, sign)).toEqual({
    kind: 'gone',
    why: 'preempted',
    words: 'EvictionByEvictionAPI: drained; its Job is no longer there; it was last seen alive',
  });
});
