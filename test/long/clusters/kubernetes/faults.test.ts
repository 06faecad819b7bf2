import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeJob, Pod } from '../../../../activities/clusters/kubernetes/objects.ts';
import type { KubernetesCluster } from '../../../../activities/clusters/kubernetes/kubernetes.ts';
import type { JobAttempt, Presence, SubmittedJob } from '../../../../activities/clusters/types.ts';
import { ControlPlane } from './controlPlane.ts';
import { kubernetesCluster, templateWith } from './fixture.ts';

jest.setTimeout(300_000);

const plane = new ControlPlane();
beforeAll(() => plane.start(['n1', 'n2']));
afterAll(() => plane.stop());

let folder: string;
let cluster: KubernetesCluster;
const jobs: SubmittedJob[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-kube-job-'));
  cluster = kubernetesCluster(plane.kubeconfig, folder);
});
afterEach(async () => {
  await Promise.all(jobs.splice(0).map((job) => cluster.stop(job, 0)));
});

const BEATS =
  'echo $$ > $FOLDER/pid; echo x >> $FOLDER/starts; while :; do date +%s%N > $FOLDER/beat; sleep 0.05; done';

async function submit(script: string, more: Partial<JobAttempt> = {}, on = cluster): Promise<SubmittedJob> {
  const job = await on.submit({
    jobKey: 'main/lap-0001/verifier-v1',
    attempt: 1,
    command: ['/bin/sh', '-c', script],
    env: { FOLDER: folder, FLYWHEEL_REWARD_TOKEN: 'a secret of ours' },
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 60 },
    log: path.join(folder, 'job.log'),
    ...more,
  });
  jobs.push(job);
  return job;
}

const written = (file: string) => readFile(path.join(folder, file), 'utf8').catch(() => '');
async function until<T>(look: () => Promise<T | undefined | false | ''>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false && found !== '') return found;
    await sleep(100);
  }
}
const becomes = <K extends Presence['kind']>(job: SubmittedJob, kind: K, words = /(?:)/, on = cluster) =>
  until(async () => {
    const presence = await on.state(job);
    return presence.kind === kind && words.test(presence.words ?? '') && (presence as Extract<Presence, { kind: K }>);
  });
const nameOf = ({ id }: SubmittedJob) => id.split('/')[0] ?? '';
const at = (job: SubmittedJob, kind = 'batch/v1/jobs') =>
  `/${kind.startsWith('v1') ? 'api/v1' : 'apis/batch/v1'}/namespaces/default/${kind.split('/').at(-1)}/${nameOf(job)}`;
async function podOf(job: SubmittedJob): Promise<Pod | undefined> {
  const pods = await plane.list<Pod>('v1/pods');
  return pods.find(({ metadata }) => metadata.labels?.['batch.kubernetes.io/job-name'] === nameOf(job));
}
async function beats(): Promise<boolean> {
  const last = await written('beat');
  await sleep(500);
  return (await written('beat')) !== last;
}

test('a job whose process is killed is gone, with its exit code', async () => {
  const job = await submit(BEATS);
  const pid = await until(() => written('pid'));
  process.kill(Number(pid), 'SIGKILL');
  expect(await becomes(job, 'gone')).toMatchObject({ words: 'exit code 137' });
});

test('while the API server is away, nobody knows how a job is, and it goes on', async () => {
  const job = await submit(BEATS);
  await becomes(job, 'alive');
  plane.kill('apiserver');
  await sleep(500);
  await expect(cluster.state(job)).rejects.toThrow(/The API server https:.* is not reached/);
  await expect(kubernetesCluster(plane.kubeconfig, folder).find(job.jobKey, 2)).rejects.toThrow('is not reached');
  expect(await beats()).toBe(true);
  plane.run('apiserver');
  await plane.ready();
  expect(await cluster.state(job)).toMatchObject({ kind: 'alive' });
  expect(await written('starts')).toBe('x\n');
});

test('while the store of the control plane is away, calls end without an answer', async () => {
  const job = await submit(BEATS);
  await becomes(job, 'alive');
  plane.kill('etcd');
  await sleep(500);
  await expect(cluster.state(job)).rejects.toThrow(/not reached|Kubernetes answers/);
  plane.run('etcd');
  await plane.ready();
  await until(() =>
    cluster.state(job).then(
      ({ kind }) => kind === 'alive',
      () => false,
    ),
  );
  await cluster.stop(job, 1_000);
  expect(await beats()).toBe(false);
});

test('a job on a lost node is alive until the node is back, and its end is known', async () => {
  const job = await submit(`trap 'echo saved >> $FOLDER/saved; exit 0' TERM; ${BEATS}`);
  await becomes(job, 'alive');
  await until(() => written('beat'));
  const node = (await podOf(job))?.spec?.nodeName ?? '';
  plane.kill(`node-${node}`);
  const presence = await becomes(job, 'alive', /lost since/);
  expect(presence.words).toContain(`node ${node} lost since 20`);
  // Its pod is given up, and may still write.
  await until(async () => {
    const { status } = JSON.parse(await plane.call('GET', at(job))) as KubeJob;
    return status?.terminating === 1;
  });
  expect(await beats()).toBe(true);
  expect((await becomes(job, 'alive', /lost since/)).words).toContain('its process may still run there');
  plane.run(`node-${node}`);
  expect(await becomes(job, 'gone')).toMatchObject({ why: 'nodeLost' });
  expect(await beats()).toBe(false);
  expect(await written('saved')).toBe('saved\n');
});

test('a job that is suspended saves and is queued, and does not begin again when it is resumed', async () => {
  const job = await submit(`trap 'sleep 1; echo saved >> $FOLDER/saved; exit 0' TERM; ${BEATS}`);
  await until(() => written('beat'));
  await becomes(job, 'alive');
  await plane.call('PATCH', at(job), { spec: { suspend: true } });
  expect((await becomes(job, 'queued')).words).toContain('suspended');
  expect(await written('saved')).toBe('saved\n');
  await plane.call('PATCH', at(job), { spec: { suspend: false } });
  expect((await becomes(job, 'gone')).words).toBe('exit code 75; it had begun before, and an attempt runs once');
  expect(await written('starts')).toBe('x\n');
});

test('a job for which no node has room says so in the scheduler’s words, and can be stopped', async () => {
  const job = await submit(BEATS, { resources: { nodes: 1, gpusPerNode: 16, wallSeconds: 60 } });
  expect((await becomes(job, 'queued', /Unsched/)).words).toContain('Insufficient nvidia.com/gpu');
  await cluster.stop(job, 20_000);
  expect(await cluster.state(job)).toMatchObject({ kind: 'gone' });
  expect(await cluster.capacity()).toEqual({ nodes: 1, gpusPerNode: 8 });
});

test('an image that cannot be had is said at once, and the job ends when it has waited long enough', async () => {
  const template = templateWith({ image: 'missing/trainer:1' });
  const job = await submit(BEATS, {}, kubernetesCluster(plane.kubeconfig, folder, { template }));
  const image = 'failed to pull image "missing/trainer:1": not found';
  expect((await becomes(job, 'queued', /ErrImagePull/)).words).toContain(image);
  const impatient = kubernetesCluster(plane.kubeconfig, folder, { template, startMinutes: 0.02 });
  expect((await becomes(job, 'gone', /(?:)/, impatient)).words).toContain(
    `did not start in 0.02 minutes: ErrImagePull`,
  );
  expect(await podOf(job)).toBeUndefined();
});

test('what Kubernetes does not take is refused with its words, and leaves nothing', async () => {
  const template = templateWith({}, { backofLimit: 3 });
  const wrong = kubernetesCluster(plane.kubeconfig, folder, { template });
  const refusal = {
    type: 'ClusterUnavailable',
    nonRetryable: true,
    message: expect.stringMatching(/unknown field .*backofLimit.*correct FLYWHEEL_CLUSTERS\.k8s\.template/),
  };
  await expect(wrong.check({ nodes: 1, gpusPerNode: 1 })).rejects.toMatchObject(refusal);
  await expect(submit(BEATS, {}, wrong)).rejects.toMatchObject(refusal);
  await cluster.check({ nodes: 1, gpusPerNode: 1 });
  await expect(cluster.check({ nodes: 2, gpusPerNode: 1 })).rejects.toMatchObject({ type: 'ClusterTooSmall' });
  expect(
    (await plane.list<KubeJob>('batch/v1/jobs')).filter(({ metadata }) => metadata.name.includes('check')),
  ).toEqual([]);
  expect(await plane.list('v1/secrets')).toEqual([]);
});

test('a job that others delete is alive for as long as its pod ends, and then gone', async () => {
  const job = await submit(`trap 'sleep 2; echo saved >> $FOLDER/saved; exit 0' TERM; ${BEATS}`);
  await until(() => written('beat'));
  await becomes(job, 'alive');
  await plane.call('DELETE', at(job), { propagationPolicy: 'Background' });
  expect((await becomes(job, 'alive', /deleted by others/)).words).toContain('has not ended yet');
  expect((await becomes(job, 'gone')).words).toMatch(/^its Job is no longer there; it was last seen alive /);
  expect(await written('saved')).toBe('saved\n');
  expect(await submit(BEATS)).toEqual(job);
  expect(await written('starts')).toBe('x\n');
});

test('a pod that others have left without its Job is ended with the job', async () => {
  const job = await submit(BEATS);
  await until(() => written('beat'));
  await becomes(job, 'alive');
  await plane.call('DELETE', at(job), { propagationPolicy: 'Orphan' });
  await becomes(job, 'alive', /deleted by others/);
  await cluster.stop(job, 1_000);
  expect(await beats()).toBe(false);
  expect(await cluster.state(job)).toMatchObject({ kind: 'gone' });
});

test('the environment of a job is nowhere but in a Secret of its own, which goes with it', async () => {
  const job = await submit('echo "${#FLYWHEEL_REWARD_TOKEN}" > $FOLDER/length; exec sleep 600');
  expect(await until(() => written('length'))).toBe('16\n');
  expect(await plane.call('GET', at(job))).not.toContain('a secret of ours');
  expect(JSON.stringify(await podOf(job))).not.toContain('a secret of ours');
  const secret = JSON.parse(await plane.call('GET', at(job, 'v1/secrets'))) as { metadata: object };
  expect(secret.metadata).toMatchObject({ ownerReferences: [{ kind: 'Job', name: nameOf(job) }] });
  await cluster.stop(job, 1_000);
  expect(await plane.list('v1/secrets')).toEqual([]);
});

test('what a pod says where the log’s folder is not is fetched before it goes', async () => {
  const log = path.join(folder, 'elsewhere', 'job.log');
  const ended = await submit('echo "it said so"; exit 3', { log });
  expect(await becomes(ended, 'gone')).toMatchObject({ words: 'exit code 3' });
  expect(await written('elsewhere/job.log')).toBe('it said so\n');
  const second = path.join(folder, 'elsewhere too', 'job.log');
  const script =
    'trap "echo saved; sleep 1; exit 0" TERM; echo began; touch $FOLDER/ready; while :; do sleep 0.05; done';
  const stopped = await submit(`rm -f $FOLDER/ready; ${script}`, { attempt: 2, log: second });
  await until(async () => (await readFile(path.join(folder, 'ready'), 'utf8').catch(() => undefined)) === '');
  await cluster.stop(stopped, 20_000);
  expect(await written('elsewhere too/job.log')).toBe('began\nsaved\n');
});
