import { KINDS } from '../../../../activities/clusters/kubernetes/kinds.ts';
import { jobManifest } from '../../../../activities/clusters/kubernetes/manifest.ts';
import { holds, refuseNodes } from '../../../../activities/clusters/kubernetes/nodes.ts';
import type { KubeJob, Pod } from '../../../../activities/clusters/kubernetes/objects.ts';
import { presenceOf } from '../../../../activities/clusters/kubernetes/presence.ts';
import { kubernetesSettings } from '../../../../activities/clusters/kubernetes/settings.ts';
import { waitedTooLong } from '../../../../activities/clusters/kubernetes/waits.ts';

const BEGAN = '2026-11-28T10:00:05Z';
const queue = { labels: { 'kueue.x-k8s.io/queue-name': 'gpus' } };
const podTemplate = { spec: { containers: [{ name: 'trainer', image: 'trainer:1' }] } };
const TEMPLATES = {
  Job: { apiVersion: 'batch/v1', kind: 'Job', metadata: queue, spec: { template: podTemplate } },
  JobSet: {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: queue,
    spec: {
      replicatedJobs: [
        { name: 'trainer', template: { spec: { template: podTemplate } } },
        { name: 'metrics', template: { spec: { template: podTemplate } } },
      ],
    },
  },
  RayJob: {
    apiVersion: 'ray.io/v1',
    kind: 'RayJob',
    metadata: queue,
    spec: {
      rayClusterSpec: {
        headGroupSpec: { rayStartParams: {}, template: podTemplate },
        workerGroupSpecs: [{ groupName: 'gpus', rayStartParams: {}, template: podTemplate }],
      },
    },
  },
  TrainJob: {
    apiVersion: 'trainer.kubeflow.org/v1alpha1',
    kind: 'TrainJob',
    metadata: queue,
    spec: { runtimeRef: { name: 'flywheel' }, trainer: { resourcesPerNode: { limits: { memory: '64Gi' } } } },
  },
} as const;
type KindName = keyof typeof TEMPLATES;

const settingsOf = (template: object, more: object = {}) =>
  kubernetesSettings.parse({ kind: 'kubernetes', namespace: 'training', template, ...more });
const attempt = {
  jobKey: 'main/lap-0001/verifier-v1',
  attempt: 2,
  command: ['/opt/python', '-m', 'trainer.train', "/store/it's.json"],
  env: { FLYWHEEL_REWARD_TOKEN: 'a secret of ours' },
  resources: { nodes: 2, gpusPerNode: 8, wallSeconds: 60 },
  log: '/store/attempt-2.log',
};
const naming = { name: 'fw-1', installation: 'i', secret: 'fw-1' };
const made = (kind: KindName) => jobManifest(attempt, naming, settingsOf(TEMPLATES[kind])) as never as { spec: never };

test('on two nodes a Job has two numbered pods, and is held until its queue admits both', () => {
  expect(made('Job').spec).toMatchObject({
    suspend: true,
    completionMode: 'Indexed',
    completions: 2,
    parallelism: 2,
    backoffLimit: 0,
  });
});

test('a JobSet trains in its first job, and restarts none', () => {
  expect(made('JobSet').spec).toMatchObject({
    suspend: true,
    failurePolicy: { maxRestarts: 0 },
    replicatedJobs: [
      {
        name: 'trainer',
        replicas: 1,
        template: {
          spec: { completions: 2, completionMode: 'Indexed', template: { spec: { restartPolicy: 'Never' } } },
        },
      },
      { name: 'metrics', template: { spec: { backoffLimit: 0 } } },
    ],
  });
});

test('a RayJob begins the attempt on its head, once, with workers that have the GPUs; its cluster goes with it', () => {
  const { entrypoint, ...spec } = made('RayJob').spec as { entrypoint: string };
  expect(entrypoint).toMatch(
    /^\/bin\/sh -c '[^']+' begin \/store\/attempt-2.log .* -m trainer.train '\/store\/it'\\''s.json'$/s,
  );
  expect(spec).toMatchObject({
    suspend: true,
    backoffLimit: 0,
    shutdownAfterJobFinishes: true,
    submissionMode: 'HTTPMode',
    rayClusterSpec: {
      headGroupSpec: {
        template: {
          metadata: { labels: { 'flywheel/job': 'fw-1' } },
          spec: {
            containers: [
              { env: [{ name: 'RAY_JOB_STOP_WAIT_TIME_S', value: '120' }], envFrom: [{ secretRef: { name: 'fw-1' } }] },
            ],
          },
        },
      },
      workerGroupSpecs: [
        {
          replicas: 2,
          minReplicas: 2,
          maxReplicas: 2,
          template: { spec: { containers: [{ resources: { limits: { 'nvidia.com/gpu': '8' } } }] } },
        },
      ],
    },
  });
});

test('a TrainJob has the command, the nodes and, by its Secret, the environment; its runtime says the rest', () => {
  expect(made('TrainJob').spec).toMatchObject({
    suspend: true,
    runtimeRef: { name: 'flywheel' },
    trainer: {
      numNodes: 2,
      resourcesPerNode: { limits: { memory: '64Gi', 'nvidia.com/gpu': '8' } },
      env: [
        { name: 'FLYWHEEL_REWARD_TOKEN', valueFrom: { secretKeyRef: { name: 'fw-1', key: 'FLYWHEEL_REWARD_TOKEN' } } },
      ],
    },
  });
});

test.each(Object.keys(TEMPLATES) as KindName[])('the secret of a job is not in its %s', (kind) => {
  expect(JSON.stringify(made(kind))).not.toContain('a secret of ours');
});

test('several nodes need that all pods start or none', () => {
  const alone = { ...TEMPLATES.JobSet, metadata: {} };
  expect(holds(settingsOf(alone))).toBe(1);
  expect(() => refuseNodes({ nodes: 2 }, settingsOf(alone))).toThrow(/may start some alone.*queue of Kueue/);
  refuseNodes({ nodes: 2, launch: 'perNode' }, settingsOf(alone, { allOrNothing: true }));
  refuseNodes({ nodes: 2, launch: 'perNode' }, settingsOf(TEMPLATES.JobSet));
  const { workerGroupSpecs: _, ...headOnly } = TEMPLATES.RayJob.spec.rayClusterSpec;
  const small = settingsOf({ ...TEMPLATES.RayJob, spec: { rayClusterSpec: headOnly } });
  expect(() => refuseNodes({ nodes: 2 }, small)).toThrow('no workerGroupSpecs');
});

test('an engine that is started once takes several nodes from Ray alone, and one that is started on each from others', () => {
  expect(() => refuseNodes({ nodes: 2, launch: 'one' }, settingsOf(TEMPLATES.TrainJob))).toThrow(/have a RayJob/);
  expect(() => refuseNodes({ nodes: 2, launch: 'perNode' }, settingsOf(TEMPLATES.RayJob))).toThrow(/Ray starts one/);
  refuseNodes({ nodes: 2, launch: 'one' }, settingsOf(TEMPLATES.RayJob));
});

test('what would begin an attempt twice is refused by name', () => {
  const { RayJob, JobSet } = TEMPLATES;
  const wrong = (kind: object, spec: object) => () => settingsOf({ ...kind, spec });
  expect(wrong(JobSet, { ...JobSet.spec, failurePolicy: { maxRestarts: 3 } })).toThrow(/an attempt runs once/);
  expect(wrong(RayJob, { ...RayJob.spec, backoffLimit: 2 })).toThrow(/backoffLimit/);
  expect(wrong(RayJob, { ...RayJob.spec, clusterSelector: { a: 'b' } })).toThrow(/a cluster of its own/);
  expect(() => settingsOf({ kind: 'MPIJob' })).toThrow(/expected .*Job.*JobSet.*RayJob.* or .*TrainJob/);
});

// ---- How they stand

const meta = (pods: number) => ({
  name: 'fw-1',
  uid: 'u1',
  creationTimestamp: '2026-11-28T10:00:00Z',
  annotations: { 'flywheel/pods': String(pods) },
});
const pod = (phase: 'Pending' | 'Running' | 'Failed', more: object = {}): Pod => ({
  metadata: { ...meta(1), uid: phase },
  spec: { nodeName: 'n1' },
  status: {
    phase,
    conditions: [{ type: 'Ready', status: phase === 'Running' ? 'True' : 'False' }],
    containerStatuses: [
      {
        name: 'trainer',
        ready: phase === 'Running',
        state: phase === 'Running' ? { running: { startedAt: BEGAN } } : {},
      },
    ],
    ...more,
  },
});
const unschedulable = pod('Pending', {
  conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes are available' }],
});
const stands = (kind: KindName, status: KubeJob['status'], pods: readonly Pod[], { of = 1, suspend = false } = {}) =>
  presenceOf(KINDS[kind].asJob({ metadata: meta(of), spec: { suspend }, ...(status && { status }) }), pods);
const is = (type: string, more: object = {}) => ({ type, status: 'True' as const, ...more });

test('a RayJob whose pods run waits until Ray has been asked to run it', () => {
  expect(stands('RayJob', { jobDeploymentStatus: 'Initializing' }, [pod('Running'), unschedulable], { of: 2 })).toEqual(
    { kind: 'queued', words: '1 of 2 pods run: Unschedulable: 0/2 nodes are available' },
  );
  const running = {
    jobDeploymentStatus: 'Running',
    jobStatus: 'RUNNING',
    rayJobInfo: { startTime: '2026-11-28T10:01:00Z' },
  };
  expect(stands('RayJob', running, [pod('Running')])).toEqual({ kind: 'alive', since: '2026-11-28T10:01:00Z' });
  expect(stands('RayJob', running, [])).toMatchObject({ kind: 'alive' });
});

test('a RayJob is over once its pods are, in its own words', () => {
  const failed = {
    jobDeploymentStatus: 'Failed',
    jobStatus: 'FAILED',
    reason: 'AppFailed',
    message: 'Job entrypoint command failed with exit code 3',
  };
  expect(stands('RayJob', failed, [pod('Running')])).toMatchObject({ kind: 'alive' });
  expect(stands('RayJob', failed, [])).toMatchObject({ kind: 'gone', words: expect.stringContaining('exit code 3') });
  const late = { jobDeploymentStatus: 'Failed', reason: 'DeadlineExceeded', message: 'too late' };
  expect(stands('RayJob', late, [])).toMatchObject({ kind: 'gone', why: 'timedOut' });
  expect(stands('RayJob', { jobDeploymentStatus: 'Complete', jobStatus: 'SUCCEEDED' }, [])).toEqual({ kind: 'gone' });
});

test.each(['RayJob', 'JobSet', 'TrainJob'] as const)(
  'a %s that is suspended is queued once its pods are gone',
  (kind) => {
    const status = { jobDeploymentStatus: 'Suspending' };
    expect(stands(kind, status, [pod('Running')], { suspend: true })).toMatchObject({ kind: 'alive' });
    expect(stands(kind, status, [], { suspend: true })).toMatchObject({ kind: 'queued' });
  },
);

test.each([
  ['JobSet', 'Completed'],
  ['TrainJob', 'Complete'],
] as const)('a %s is over when it says %s and no pod may write any more', (kind, word) => {
  expect(stands(kind, { conditions: [is(word)] }, [pod('Running')])).toMatchObject({ kind: 'alive' });
  expect(stands(kind, { conditions: [is(word)] }, [])).toEqual({ kind: 'gone' });
  const failed = is('Failed', { reason: 'FailedJobs', message: 'jobset failed due to one or more job failures' });
  expect(stands(kind, { conditions: [failed] }, [])).toMatchObject({
    kind: 'gone',
    words: expect.stringContaining('one or more job failures'),
  });
});

test('a job of which some pods run is alive and says what the others wait for, for so long', () => {
  const of = { of: 2 };
  const some = [pod('Running'), unschedulable];
  expect(stands('JobSet', {}, some, of)).toMatchObject({ kind: 'alive', words: expect.stringMatching(/^1 of 2 pods/) });
  const seen = { job: { metadata: meta(2), spec: {} }, pods: some };
  expect(waitedTooLong(seen, { startMinutes: 15 })).toMatch(
    /did not start in 15 minutes: 1 of 2 pods run: Unschedulable/,
  );
  expect(waitedTooLong(seen, { startMinutes: 1e9 })).toBeUndefined();
});
