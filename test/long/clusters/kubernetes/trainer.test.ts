import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeJob, Pod } from '../../../../activities/clusters/kubernetes/objects.ts';
import { environment } from '../../../activities/training/fixture.ts';
import { fakeRewards, type FakeRewards } from '../../fakeRewards.ts';
import { JOB_KEY, realTraining, TOKEN } from '../realTraining.ts';
import { ControlPlane } from './controlPlane.ts';
import { kubernetesCluster, templateWith } from './fixture.ts';

const STEPS = 16;
const ENV = ['OMP_NUM_THREADS=1', 'MKL_NUM_THREADS=1', 'HF_HUB_OFFLINE=1'].map((each) => {
  const [name = '', value = ''] = each.split('=');
  return { name, value };
});

const plane = new ControlPlane();
let folder: string;
let rewards: FakeRewards;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-kube-training-'));
  rewards = await fakeRewards();
  await plane.start(['n1', 'n2']);
}, 120_000);
afterAll(async () => {
  await plane.stop();
  await rewards?.close();
  await rm(folder, { recursive: true, force: true });
});

async function podOf(attempt: number): Promise<Pod | undefined> {
  const pods = await plane.list<Pod>('v1/pods');
  return pods.find(
    ({ metadata, status }) =>
      metadata.annotations?.['flywheel/attempt'] === String(attempt) && status?.phase === 'Running',
  );
}

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await sleep(200);
  }
}

test('a training on Kubernetes is killed, evicted and suspended, and ends as one: no step is lost', async () => {
  // A step takes half a second at least, so that faults meet it under way.
  rewards.onRequest = () => sleep(500);
  const cluster = kubernetesCluster(plane.kubeconfig, folder, {
    template: templateWith({ env: ENV }),
    lookEveryMs: 500,
  });
  const { activities, input, steps, store, text } = await realTraining(folder, cluster, rewards, STEPS);
  const done = environment().run(activities.runTraining, input);
  done.catch(() => undefined);
  const trains = (attempt: number, least: number) =>
    until(async () => (await steps()).length >= least && (await podOf(attempt)));

  const first = await trains(1, 3);
  const { containerID = '' } = first.status?.containerStatuses?.[0] ?? {};
  process.kill(Number(containerID.replace('process://', '')), 'SIGKILL');
  const second = await trains(2, 6);
  await plane.call('DELETE', `/api/v1/namespaces/default/pods/${second.metadata.name}`);
  const third = await trains(3, 9);
  const name = third.metadata.labels?.['batch.kubernetes.io/job-name'];
  await plane.call('PATCH', `/apis/batch/v1/namespaces/default/jobs/${name}`, { spec: { suspend: true } });
  await until(async () => (await text('result.json')).includes('preempted'));
  await until(async () => (await podOf(3)) === undefined);
  await plane.call('PATCH', `/apis/batch/v1/namespaces/default/jobs/${name}`, { spec: { suspend: false } });
  rewards.onRequest = () => undefined;
  const { attempts, steps: trained } = await done;

  expect({ attempts, trained }).toEqual({ attempts: 4, trained: STEPS });
  expect(new Set(await steps())).toEqual(new Set(Array.from({ length: STEPS }, (_, index) => index + 1)));
  const ends = await Promise.all(
    [1, 2, 3, 4].map((attempt) => store.readJson(`jobs/${JOB_KEY}/attempt-${attempt}.end.json`)),
  );
  expect(ends).toMatchObject([
    { state: 'lost', message: expect.stringMatching(/^k8s says exit code 137; /) },
    { state: 'preempted' },
    { state: 'preempted' },
    { state: 'succeeded' },
  ]);

  // The token is with the jobs, and nowhere else.
  expect(JSON.stringify(await plane.list<KubeJob>('batch/v1/jobs'))).not.toContain(TOKEN);
  expect(await plane.list('v1/secrets')).toEqual([]);
  for (const file of await readdir(store.path(`jobs/${JOB_KEY}`)))
    if (/\.(log|json)$/.test(file)) expect(await text(file)).not.toContain(TOKEN);
  for (const file of await readdir(path.join(folder, 'run', 'kubernetes', 'k8s')))
    expect(await readFile(path.join(folder, 'run', 'kubernetes', 'k8s', file), 'utf8')).not.toContain(TOKEN);
}, 900_000);
