import { execFile } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import { environment } from '../../../activities/training/fixture.ts';
import { fakeRewards, type FakeRewards } from '../../fakeRewards.ts';
import { JOB_KEY, realTraining, TOKEN } from '../realTraining.ts';
import { rayCluster } from './fixture.ts';
import { RayHead } from './head.ts';

const STEPS = 20;
const NAMED = { PYTHONPATH: path.resolve('.'), OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1', HF_HUB_OFFLINE: '1' };

const head = new RayHead();
let folder: string;
let rewards: FakeRewards;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-ray-training-'));
  rewards = await fakeRewards();
  await head.start();
  head.letIn(Number(new URL(rewards.url).port));
});
afterAll(async () => {
  await head.stop();
  await rewards.close();
});

/** The trainer's process of an attempt. */
async function trainerOf(attempt: number): Promise<number | undefined> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
  const line = stdout
    .split('\n')
    .find((each) => each.includes(`-m trainer.train ${folder}`) && each.endsWith(`job-${attempt}.json`));
  return line === undefined ? undefined : Number(line.trim().split(' ')[0]);
}

/** As Temporal does what an activity may heal from. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ApplicationFailure && error.nonRetryable === true) throw error;
      await sleep(1_000);
    }
  }
}

test('a training on Ray is killed, loses its head, and ends as one with each step written', async () => {
  rewards.onRequest = () => sleep(500);
  const cluster = rayCluster(head.address, folder, NAMED);
  const { activities, input, store, steps, text } = await realTraining(folder, cluster, rewards, STEPS);
  const resources = { ...input.resources, gpusPerNode: 0 };
  const done = retried(() => environment().run(activities.runTraining, { ...input, resources }));
  let failed: Error | undefined;
  done.catch((error: Error) => (failed = error));
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    while (!(await holds())) {
      if (failed) throw failed;
      await sleep(200);
    }
  };

  await until(async () => (await steps()).length >= 3);
  process.kill((await trainerOf(1)) as number, 'SIGKILL');
  await until(async () => (await trainerOf(2)) !== undefined && (await steps()).length >= 6);

  for (const pid of head.pids('gcs_server')) process.kill(pid, 'SIGKILL');
  await head.stopProcesses();
  await head.head();
  rewards.onRequest = () => undefined;

  const { attempts, steps: trained } = await done;
  expect({ attempts, trained }).toEqual({ attempts: 3, trained: STEPS });
  expect(new Set(await steps())).toEqual(new Set(Array.from({ length: STEPS }, (_, index) => index + 1)));
  expect(await text('attempt')).toBe('3\n');

  // The token is with the jobs, and nowhere else.
  const files = await readdir(store.path(`jobs/${JOB_KEY}`));
  expect(files.filter((file) => file.endsWith('.env'))).toEqual([]);
  for (const file of files.filter((each) => /\.(sh|log|json)$/.test(each)))
    expect(await text(file)).not.toContain(TOKEN);
}, 600_000);
