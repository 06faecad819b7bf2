import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RayCluster } from '../../../../activities/clusters/ray/ray.ts';
import type { Presence, SubmittedJob } from '../../../../activities/clusters/types.ts';
import { clusterContract } from '../../../activities/clusters/contract.ts';
import { rayCluster } from './fixture.ts';
import { RayHead } from './head.ts';

// A job takes some seconds to start.
jest.setTimeout(120_000);

const head = new RayHead();
beforeAll(() => head.start());
afterAll(() => head.stop());

clusterContract('a Ray cluster', {
  open: (folder) => rayCluster(head.address, folder),
  async submitAndDie(folder, attempt) {
    const submitter = spawn(
      process.execPath,
      ['--import', 'tsx', 'test/long/clusters/ray/submitter.ts', head.address, folder, JSON.stringify(attempt)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await Promise.race([once(submitter.stdout, 'data'), once(submitter, 'exit')]);
    submitter.kill('SIGKILL');
    if (submitter.exitCode === null && submitter.signalCode === null) await once(submitter, 'exit');
  },
});

describe('faults', () => {
  let folder: string;
  let cluster: RayCluster;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'flywheel-ray-'));
    cluster = rayCluster(head.address, folder);
  });

  const submit = (script: string, { gpus = 0, attempt = 1 } = {}): Promise<SubmittedJob> =>
    cluster.submit({
      jobKey: 'main/lap-0001/verifier-v1',
      attempt,
      command: ['/bin/sh', '-c', script],
      env: { FOLDER: folder },
      resources: { nodes: 1, gpusPerNode: gpus, wallSeconds: 600 },
      log: path.join(folder, `attempt-${attempt}.log`),
    });
  const written = (file: string) => readFile(path.join(folder, file), 'utf8').catch(() => '');
  const BEATS = 'echo $$ > $FOLDER/pid; while :; do date +%s%N > $FOLDER/beat; sleep 0.1; done';
  async function becomes(job: SubmittedJob, kind: Presence['kind']): Promise<Presence> {
    for (;;) {
      const presence = await cluster.state(job).catch(() => undefined); // no answer is no end
      if (presence?.kind === kind) return presence;
      await sleep(200);
    }
  }
  const beats = async (): Promise<void> => {
    while ((await written('beat')) === '') await sleep(100);
  };

  test('a killed process is gone', async () => {
    const job = await submit('echo $$ > $FOLDER/pid; touch $FOLDER/beat; echo 1 > $FOLDER/beat; exec sleep 600');
    await beats();
    process.kill(Number(await written('pid')), 'SIGKILL');
    expect(await becomes(job, 'gone')).toMatchObject({ since: expect.any(String) });
  });

  test('a job that waits for GPUs is over once it is stopped, and never begins though they come', async () => {
    const job = await submit(BEATS, { gpus: 1 });
    expect(await cluster.state(job)).toMatchObject({ kind: 'queued' });
    await cluster.stop(job);
    expect(await cluster.state(job)).toEqual({ kind: 'gone' });
    const node = head.node(1);
    const next = await submit(BEATS, { gpus: 1, attempt: 2 });
    await becomes(next, 'alive');
    expect(await cluster.capacity()).toEqual({ nodes: 1, gpusPerNode: 1 });
    await beats();
    expect(await written('attempt-1.log')).toBe('');

    // The node is lost with what runs on it; the head calls it running for minutes.
    process.kill(node, 'SIGKILL');
    expect(await becomes(next, 'gone')).toMatchObject({ why: 'nodeLost' });
  });

  test('while the head is away nothing is said to be gone; what the next head does not know is', async () => {
    const job = await submit(BEATS);
    await beats();
    for (const pid of head.pids('gcs_server')) process.kill(pid, 'SIGKILL');
    await expect(cluster.state(job)).rejects.toThrow('The Ray head at');
    await expect(cluster.submit({ ...ATTEMPT, log: path.join(folder, 'other.log') })).rejects.toThrow(
      'The Ray head at',
    );
    await head.stopProcesses();
    await head.head();
    expect(await becomes(job, 'gone')).toMatchObject({ kind: 'gone' });
    expect(await cluster.find(job.jobKey, 1)).toEqual(job);
    const next = await submit('echo again > $FOLDER/again', { attempt: 2 });
    await becomes(next, 'gone');
    expect(await written('again')).toBe('again\n');
  });
});

const ATTEMPT = {
  jobKey: 'main/lap-0001/other',
  attempt: 1,
  command: ['true'],
  env: {},
  resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 60 },
} as const;

test('an engine that would be started on each node is refused: Ray starts one process', async () => {
  const cluster = rayCluster(head.address, '/nowhere');
  const resources = { nodes: 2, gpusPerNode: 8, wallSeconds: 60 };
  await expect(
    cluster.submit({ ...ATTEMPT, resources, launch: 'perNode', log: '/nowhere/job.log' }),
  ).rejects.toMatchObject({ type: 'ClusterTooSmall', message: expect.stringContaining('got 2 nodes') });
});
