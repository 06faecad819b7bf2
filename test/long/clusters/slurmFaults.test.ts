import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlurmCluster } from '../../../activities/clusters/slurm/cluster.ts';
import { nameOf } from '../../../activities/clusters/slurm/names.ts';
import type { SlurmSettings } from '../../../activities/clusters/slurm/settings.ts';
import type { JobAttempt, Presence, SubmittedJob } from '../../../activities/clusters/types.ts';
import { slurmCluster } from './slurmCluster.ts';
import { SlurmServer, type Node } from './slurmServer.ts';

const JOB_KEY = 'main/lap-0001/verifier-v1';
/** Writes a line a beat, and saves when it is asked to end. */
const TRAINS =
  'trap "echo saved $$ >> $FOLDER/saved; exit 0" TERM; echo $$ >> $FOLDER/starts; ' +
  'while :; do date +%s%N >> $FOLDER/beat; sleep 0.1; done';

let slurm: SlurmServer;
let folder: string;
let cluster: SlurmCluster;

beforeAll(async () => {
  slurm = new SlurmServer(await mkdtemp(path.join(tmpdir(), 'flywheel-slurm-')), ['MinJobAge=2']);
  await slurm.start();
});
afterAll(() => slurm?.stop());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-cluster-'));
  cluster = open();
});
afterEach(async () => {
  await slurm.ask('scancel', `--user=${userInfo().username}`).catch(() => '');
  await slurm.until('no job is left', async () => (await slurm.ask('squeue', '-h')) === '');
});

const open = (more: Partial<SlurmSettings> = {}) => slurmCluster(folder, slurm.settings(more));
const attempt = (script = TRAINS, more: Partial<JobAttempt> = {}): JobAttempt => ({
  jobKey: JOB_KEY,
  attempt: 1,
  command: ['/bin/bash', '-c', script],
  env: { FOLDER: folder },
  resources: { nodes: 1, gpusPerNode: 1, wallSeconds: 600 },
  log: path.join(folder, `attempt-${more.attempt ?? 1}.log`),
  ...more,
});
const lines = async (file: string) =>
  (await readFile(path.join(folder, file), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
const until = (what: string, holds: () => Promise<boolean>, seconds?: number) => slurm.until(what, holds, seconds);
const running = (job: SubmittedJob, count = 1) =>
  until('it runs', async () => (await cluster.state(job)).kind === 'alive' && (await lines('starts')).length >= count);
async function gone(job: SubmittedJob, seconds = 90, of = cluster): Promise<Presence> {
  let presence: Presence = { kind: 'queued' };
  await until('it is gone', async () => (presence = await of.state(job)).kind === 'gone', seconds);
  return presence;
}
const nodeOf = async (job: SubmittedJob) => (await slurm.ask('squeue', '-h', '-j', job.id, '-o', '%N')) as Node;

test('a job whose process is killed with -9 is gone', async () => {
  const job = await cluster.submit(attempt('echo $$ >> $FOLDER/starts; while :; do sleep 0.1; done'));
  await running(job);
  process.kill(Number((await lines('starts'))[0]), 'SIGKILL');
  expect(await gone(job)).toMatchObject({ kind: 'gone', words: expect.stringMatching(/^FAILED/) });
});

test('a job that is cancelled by somebody else is gone, and has saved', async () => {
  const job = await cluster.submit(attempt());
  await running(job);
  await slurm.ask('scancel', job.id);
  expect(await gone(job)).toMatchObject({ kind: 'gone', words: expect.stringMatching(/^CANCELLED/) });
  expect(await lines('saved')).toHaveLength(1);
});

test('a controller that is away is an error, never an end; what ran runs on, and is found again', async () => {
  const job = await cluster.submit(attempt());
  await running(job);
  const impatient = open({ commandTimeoutMs: 2_000 });
  await sleep(8_000); // Slurm keeps what is some seconds old
  await slurm.kill('slurmctld');
  try {
    const looks: string[] = [];
    for (const from = Date.now(); Date.now() - from < 15_000; await sleep(500))
      looks.push(
        await impatient.state(job).then(
          ({ kind }) => kind,
          (error: Error) => error.message,
        ),
      );
    expect(looks).not.toContain('gone');
    expect(looks.some((look) => look.startsWith('Expected squeue to'))).toBe(true);
    await expect(impatient.submit(attempt(TRAINS, { attempt: 2 }))).rejects.toThrow(/^Expected (squeue|sbatch)/);
    await expect(impatient.stop(job, 1_000)).rejects.toThrow(/^Expected squeue/);
  } finally {
    await slurm.up('slurmctld');
  }
  await running(job);
  expect(await lines('starts')).toHaveLength(1);
  await cluster.stop(job, 20_000);
  expect(await lines('saved')).toHaveLength(1);
  expect(await cluster.find(JOB_KEY, 2)).toBeUndefined();
});

test('a job that ends while the controller is away is gone when that is back', async () => {
  const job = await cluster.submit(attempt('echo $$ >> $FOLDER/starts; sleep 12; echo done >> $FOLDER/saved'));
  await running(job);
  await sleep(8_000);
  await slurm.kill('slurmctld');
  try {
    await until('it has ended', async () => (await lines('saved')).length === 1);
  } finally {
    await slurm.up('slurmctld');
  }
  expect(await gone(job)).toMatchObject({ kind: 'gone' });
  expect(await lines('starts')).toHaveLength(1);
});

test('a job whose node is lost is said to be, and is not run again when that is back', async () => {
  const job = await cluster.submit(attempt());
  await running(job);
  const node = await nodeOf(job);
  await slurm.kill(node);
  try {
    expect(await gone(job, 120)).toMatchObject({ kind: 'gone', why: 'nodeLost' });
    // Its process goes on: that is what the fence of the job folder is for.
    const beats = (await lines('beat')).length;
    await until('it still beats', async () => (await lines('beat')).length > beats);
  } finally {
    await slurm.up(node);
  }
  await until(
    'the node is back',
    async () => (await slurm.ask('sinfo', '-h', '-n', node, '-p', 'main', '-o', '%T')) === 'idle',
  );
  expect(await lines('starts')).toHaveLength(1);
  expect(await cluster.state(job)).toMatchObject({ kind: 'gone', why: 'nodeLost' });
});

test('a job is asked to save before its time limit', async () => {
  const short = open({ longestSeconds: 120, warnSeconds: 50 });
  const job = await short.submit(attempt());
  expect(await gone(job, 120, short)).toMatchObject({ kind: 'gone' });
  expect(await lines('saved')).toHaveLength(1);
});

test('a job that does not listen is ended at its time limit, and that is said', async () => {
  const job = await open({ longestSeconds: 120, warnSeconds: 1 }).submit(attempt('trap "" TERM; sleep 600'));
  await slurm.ask('scontrol', 'update', `JobId=${job.id}`, 'TimeLimit=1');
  expect(await gone(job, 150)).toMatchObject({ kind: 'gone', why: 'timedOut' });
});

test('a job that is preempted saves, is gone, and does not come back', async () => {
  const job = await cluster.submit(attempt(TRAINS, { resources: { nodes: 2, gpusPerNode: 4, wallSeconds: 600 } }));
  await running(job);
  const urgent = await slurm.ask(
    ...([
      'sbatch',
      '--parsable',
      '-p',
      'urgent',
      '-N',
      '2',
      '--gres=gpu:4',
      '-o',
      '/dev/null',
      '--wrap=sleep 3',
    ] as const),
  );
  expect(await gone(job)).toMatchObject({ kind: 'gone', why: 'preempted' });
  expect(await lines('saved')).toHaveLength(1);
  await until(
    'the other is done',
    async () => !(await slurm.ask('squeue', '-h', '-t', 'R,PD,CG', '-o', '%i')).includes(urgent),
  );
  await sleep(3_000);
  expect(await lines('starts')).toHaveLength(1);
});

test('ten watchers that submit at once run it once, and leave nothing held', async () => {
  const machines = Array.from({ length: 10 }, () => open());
  const jobs = await Promise.all(machines.map((each) => each.submit(attempt())));
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(1);
  await running(jobs[0] as SubmittedJob);
  await until(
    'copies are cancelled',
    async () => (await slurm.ask('squeue', '-h', '-t', 'R,PD', '-o', '%i')) === jobs[0]?.id,
  );
  await sleep(2_000);
  expect(await lines('starts')).toHaveLength(1);
});

test('a submission whose submitter died before it let the job go is found, and let go', async () => {
  const whose = { jobKey: JOB_KEY, attempt: 1, of: path.join(folder, 'run') };
  const job = await cluster.submit(attempt());
  await running(job);
  // A second one, as by a command whose answer came too late.
  const comment = await slurm.ask('squeue', '-h', '-j', job.id, '-o', '%k');
  const late = await slurm.ask(
    'sbatch',
    '--parsable',
    '--hold',
    `--job-name=${nameOf(whose)}`,
    `--comment=${comment}`,
    '--wrap=true',
  );
  await until('the late one is cancelled', async () => {
    await cluster.state(job);
    return !(await slurm.ask('squeue', '-h', '-t', 'PD', '-o', '%i')).includes(late);
  });
  expect((await cluster.state(job)).kind).toBe('alive');
  await cluster.stop(job, 20_000);
});

test('an end is kept when the controller has forgotten the job, and a job that nobody saw end is gone, with what was seen', async () => {
  const watched = await cluster.submit(attempt('exit 3'));
  const left = await cluster.submit(attempt(TRAINS, { attempt: 2 }));
  expect(await gone(watched)).toMatchObject({ words: 'FAILED (NonZeroExitCode)' });
  await running(left);
  await slurm.ask('scancel', left.id);
  await until('both are forgotten', async () => (await slurm.ask('squeue', '-h', '-t', 'all')) === '');
  expect(await cluster.state(watched)).toMatchObject({ words: 'FAILED (NonZeroExitCode)' });
  expect(await cluster.state(left)).toMatchObject({
    kind: 'gone',
    words: expect.stringMatching(/knows no job \d+ any more, it was RUNNING at 20/),
  });
  // Nor is it run again by one who has no record of it.
  const stranger = slurmCluster(path.join(folder, 'other'), slurm.settings());
  expect(await stranger.find(JOB_KEY, 1)).toBeUndefined();
  expect(await cluster.submit(attempt(TRAINS, { attempt: 2 }))).toEqual(left);
  expect(await lines('starts')).toHaveLength(1);
});

test('a requeue by an operator does not run an attempt a second time', async () => {
  const job = await cluster.submit(attempt());
  await running(job);
  await slurm.ask('scontrol', 'update', `JobId=${job.id}`, 'Requeue=1');
  await slurm.ask('scontrol', 'requeue', job.id);
  await until(
    'it says so',
    async () => (await lines('attempt-1.log')).some((line) => line.includes('has begun before')),
    180,
  );
  expect(await lines('starts')).toHaveLength(1);
  await gone(job);
});

test('what can never run is refused with the words of Slurm, and nothing is submitted', async () => {
  await expect(
    cluster.submit(attempt(TRAINS, { resources: { nodes: 1, gpusPerNode: 5, wallSeconds: 60 } })),
  ).rejects.toMatchObject({
    type: 'ClusterTooSmall',
    nonRetryable: true,
    message: expect.stringContaining('Requested node configuration is not available'),
  });
  await expect(open({ gres: 'gpu:a100:{gpus}' }).check({ nodes: 1, gpusPerNode: 1 })).rejects.toThrow('gres');
  await expect(open({ partition: 'none' }).check({ nodes: 1, gpusPerNode: 0 })).rejects.toThrow('invalid partition');
  await cluster.check({ nodes: 2, gpusPerNode: 4 });
  expect(await slurm.ask('squeue', '-h')).toBe('');
});

test('a job that is held again, as by a controller that was killed and went back, is let go again', async () => {
  const all = { resources: { nodes: 2, gpusPerNode: 4, wallSeconds: 600 } };
  const first = await cluster.submit(attempt(TRAINS, all));
  await running(first);
  const second = await cluster.submit(attempt('echo $$ >> $FOLDER/second', { ...all, attempt: 2 }));
  await slurm.ask('scontrol', 'uhold', second.id);
  expect(await slurm.ask('squeue', '-h', '-j', second.id, '-o', '%r')).toMatch(/JobHeld/);
  await cluster.stop(first, 20_000);
  await gone(second);
  expect(await lines('second')).toHaveLength(1);
});

test('while its nodes are away, nothing is said to be impossible for ever', async () => {
  for (const daemon of ['slurmctld', 'n1', 'n2'] as const) await slurm.kill(daemon);
  await slurm.up('slurmctld');
  const said: unknown[] = [];
  try {
    for (const from = Date.now(); Date.now() - from < 25_000; await sleep(500))
      await cluster.check({ nodes: 1, gpusPerNode: 1 }).catch((error: Error) => said.push(error));
  } finally {
    for (const node of ['n1', 'n2'] as const) await slurm.up(node);
  }
  expect(said).not.toContainEqual(expect.objectContaining({ type: 'ClusterTooSmall' }));
  await until('it may run again', () => cluster.check({ nodes: 1, gpusPerNode: 1 }).then(() => true));
  await until('all nodes are idle', async () => (await slurm.ask('sinfo', '-h', '-o', '%T')) === 'idle');
});

test('a job that waits says why', async () => {
  const all = { resources: { nodes: 2, gpusPerNode: 4, wallSeconds: 600 } };
  const first = await cluster.submit(attempt(TRAINS, all));
  await running(first);
  const second = await cluster.submit(attempt(TRAINS, { ...all, attempt: 2 }));
  await until('it says so', async () => {
    const presence = await cluster.state(second);
    return presence.kind === 'queued' && /Resources|Priority/.test(presence.words ?? '');
  });
  await cluster.stop(second, 20_000);
  expect(await lines('starts')).toHaveLength(1);
  expect(await cluster.state(second)).toMatchObject({ kind: 'gone' });
});

test('on two nodes a command is started on each, with its variables, and saves on each when it is stopped', async () => {
  const each =
    'cd $FOLDER; trap "echo saved >> saved; exit 0" TERM; echo $SLURMD_NODENAME >> starts; while :; do sleep 0.1; done';
  const resources = { nodes: 2, gpusPerNode: 4, wallSeconds: 600 };
  const job = await cluster.submit(attempt(each, { launch: 'perNode', resources }));
  await running(job, 2);
  expect((await lines('starts')).sort()).toEqual(['n1', 'n2']);
  await cluster.stop(job, 20_000);
  expect(await lines('saved')).toHaveLength(2);
});
