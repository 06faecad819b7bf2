import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../../../activities/clusters/kubernetes/objects.ts';
import type { JobAttempt, Presence, SubmittedJob } from '../../../../activities/clusters/types.ts';
import { clusterContract } from '../../../activities/clusters/contract.ts';
import { ControlPlane } from './controlPlane.ts';
import { kubernetesCluster, TEMPLATES, templateWith } from './fixture.ts';
import { JOB_SETS, RAY_JOBS, TRAIN_JOBS } from './operators/objects.ts';
import { Operators } from './operators/operators.ts';
import { submitAndDie } from './submitAndDie.ts';

jest.setTimeout(90_000);

const RESOURCES = { JobSet: JOB_SETS, RayJob: RAY_JOBS, TrainJob: TRAIN_JOBS };
type KindName = keyof typeof RESOURCES;
const KINDS = Object.keys(RESOURCES) as KindName[];

const plane = new ControlPlane();
let operators: Operators;
beforeAll(async () => {
  await plane.start(['n1', 'n2']);
  operators = new Operators(plane, await mkdtemp(path.join(tmpdir(), 'flywheel-operators-')));
  await operators.start();
});
afterAll(async () => {
  await operators?.stop();
  await plane.stop();
});

/** Of a RayJob one node is its head alone, or one worker beside it. */
const settingsOf = (kind: KindName) => ({ template: TEMPLATES[kind] });

for (const kind of KINDS)
  clusterContract(`a Kubernetes cluster whose attempts are a ${kind}`, {
    open: (folder) => kubernetesCluster(plane.kubeconfig, folder, settingsOf(kind)),
    submitAndDie: (folder, attempt) => submitAndDie(plane.kubeconfig, folder, attempt, settingsOf(kind)),
  });

let folder: string;
const jobs: { job: SubmittedJob; on: ReturnType<typeof kubernetesCluster> }[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-kube-job-'));
});
afterEach(async () => {
  await Promise.all(jobs.splice(0).map(({ job, on }) => on.stop(job, 0)));
});

const BEATS =
  "trap 'sleep 1; echo saved >> $FOLDER/saved; exit 0' TERM; echo $$ >> $FOLDER/starts; " +
  'while :; do date +%s%N > $FOLDER/beat; sleep 0.05; done';

const open = (kind: KindName, more: object = {}) =>
  kubernetesCluster(plane.kubeconfig, folder, { ...settingsOf(kind), ...more });
async function submit(on: ReturnType<typeof open>, script: string, more: Partial<JobAttempt> = {}) {
  const job = await on.submit({
    jobKey: 'main/lap-0001/verifier-v1',
    attempt: 1,
    command: ['/bin/sh', '-c', script],
    env: { FOLDER: folder, FLYWHEEL_REWARD_TOKEN: 'a secret of ours' },
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 60 },
    log: path.join(folder, 'job.log'),
    ...more,
  });
  jobs.push({ job, on });
  return job;
}
const lines = async (file: string) =>
  (await readFile(path.join(folder, file), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
async function until<T>(look: () => Promise<T | undefined | false | ''>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false && found !== '') return found;
    await sleep(100);
  }
}
const becomes = <K extends Presence['kind']>(on: ReturnType<typeof open>, job: SubmittedJob, kind: K, words = /(?:)/) =>
  until(async () => {
    const presence = await on.state(job);
    return presence.kind === kind && words.test(presence.words ?? '') && (presence as Extract<Presence, { kind: K }>);
  });
const nameOf = ({ id }: SubmittedJob) => id.split('/')[0] ?? '';
const at = (kind: KindName, job: SubmittedJob) => {
  const { group, version, plural } = RESOURCES[kind];
  return `/apis/${group}/${version}/namespaces/default/${plural}/${nameOf(job)}`;
};
const podsOf = async (job: SubmittedJob) =>
  (await plane.list<Pod>('v1/pods')).filter(({ metadata }) => metadata.name.startsWith(nameOf(job)));

describe.each(KINDS)('an attempt that is a %s', (kind) => {
  test('saves when it is suspended, is queued, and does not begin again when it is resumed', async () => {
    const on = open(kind);
    const job = await submit(on, BEATS);
    await until(async () => (await lines('starts')).length === 1);
    await becomes(on, job, 'alive');
    await plane.call('PATCH', at(kind, job), { spec: { suspend: true } });
    expect((await becomes(on, job, 'queued')).words).toContain('suspended');
    expect(await lines('saved')).toHaveLength(1);
    await plane.call('PATCH', at(kind, job), { spec: { suspend: false } });
    expect((await becomes(on, job, 'gone')).kind).toBe('gone');
    expect(await lines('starts')).toHaveLength(1);
    expect(await lines('job.log')).toEqual([]);
  });

  test('on a lost node is alive, and its node is said to be lost, until that is back', async () => {
    const on = open(kind);
    const job = await submit(on, BEATS);
    await until(async () => (await lines('starts')).length === 1);
    const trains = (await podsOf(job)).find(({ metadata }) => kind !== 'RayJob' || metadata.name.endsWith('-head'));
    const node = trains?.spec?.nodeName ?? '';
    plane.kill(`node-${node}`);
    const lost = await becomes(on, job, 'alive', /lost since/);
    expect(Date.parse(lost.lostSince ?? '')).toBeGreaterThan(0);
    plane.run(`node-${node}`);
    await becomes(on, job, 'gone');
    expect(await lines('starts')).toHaveLength(1);
  });

  test('that others delete is alive for as long as a pod ends, and is not run again', async () => {
    const on = open(kind);
    const job = await submit(on, BEATS);
    await until(async () => (await lines('starts')).length === 1);
    await becomes(on, job, 'alive');
    await plane.call('DELETE', at(kind, job), { propagationPolicy: 'Background' });
    await becomes(on, job, 'gone', /is no longer there/);
    expect(await lines('saved')).toHaveLength(1);
    expect(await submit(on, BEATS)).toEqual(job);
    expect(await lines('starts')).toHaveLength(1);
  });

  test('has its environment from a Secret that goes with it', async () => {
    const on = open(kind);
    const job = await submit(on, `echo "$FLYWHEEL_REWARD_TOKEN" > $FOLDER/seen; ${BEATS}`);
    expect(await until(async () => (await lines('seen'))[0])).toBe('a secret of ours');
    expect(await plane.call('GET', at(kind, job))).not.toContain('a secret of ours');
    await on.stop(job, 20_000);
    expect(await lines('saved')).toHaveLength(1);
    expect(await plane.list('v1/secrets')).toEqual([]);
    await until(async () => (await podsOf(job)).length === 0);
  });
});

const TWO = { nodes: 2, gpusPerNode: 8, wallSeconds: 60 };

test.each(['Job', 'JobSet', 'TrainJob'] as const)('on two nodes a %s begins on each, once', async (kind) => {
  const template = kind === 'Job' ? templateWith() : TEMPLATES[kind];
  const on = kubernetesCluster(plane.kubeconfig, folder, { template, allOrNothing: true });
  expect(await on.capacity()).toEqual({ nodes: 2, gpusPerNode: 8 });
  const job = await submit(on, `echo $JOB_COMPLETION_INDEX >> $FOLDER/index; ${BEATS}`, {
    launch: 'perNode',
    resources: TWO,
  });
  await until(async () => (await lines('starts')).length === 2);
  expect((await lines('index')).sort()).toEqual(['0', '1']);
  expect(new Set((await podsOf(job)).map(({ spec }) => spec?.nodeName))).toEqual(new Set(['n1', 'n2']));
  await on.stop(job, 20_000);
  expect(await lines('saved')).toHaveLength(2);
  expect(await on.state(job)).toMatchObject({ kind: 'gone' });
});

test('a RayJob of two nodes begins once, on its head, when all its pods run', async () => {
  const on = open('RayJob', { allOrNothing: true });
  const job = await submit(on, BEATS, { launch: 'one', resources: TWO });
  await until(async () => (await lines('starts')).length === 1);
  expect(await podsOf(job)).toHaveLength(3);
  await on.stop(job, 20_000);
  expect(await lines('saved')).toHaveLength(1);
  expect(await lines('starts')).toHaveLength(1);
});

test('of several pods, some of which find no node, it is said for what they wait, and for so long only', async () => {
  const on = open('JobSet', { allOrNothing: true });
  const more = { launch: 'perNode', resources: { ...TWO, nodes: 3 } } as const;
  const job = await submit(on, BEATS, more);
  const words = /^[12] of 3 pods run: Unschedulable.*Insufficient nvidia.com\/gpu/;
  await becomes(on, job, 'alive', words);
  const impatient = open('JobSet', { allOrNothing: true, startMinutes: 0.02 });
  expect((await becomes(impatient, job, 'gone')).words).toMatch(/^did not start in 0.02 minutes: [12] of 3 pods run/);
  expect(await podsOf(job)).toEqual([]);
});

test('held for a queue that is not there, none of several pods starts', async () => {
  const on = open('JobSet', {
    template: { ...TEMPLATES.JobSet, metadata: { labels: { 'kueue.x-k8s.io/queue-name': 'q' } } },
  });
  const job = await submit(on, BEATS, { launch: 'perNode', resources: TWO });
  expect((await becomes(on, job, 'queued')).words).toContain('suspended');
  await sleep(2_000);
  expect(await lines('starts')).toEqual([]);
  await plane.call('PATCH', at('JobSet', job), { spec: { suspend: false } }); // as Kueue admits it
  await until(async () => (await lines('starts')).length === 2);
});
