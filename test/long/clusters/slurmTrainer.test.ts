import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { environment } from '../../activities/training/fixture.ts';
import { fakeRewards, type FakeRewards } from '../fakeRewards.ts';
import { JOB_KEY, realTraining, TOKEN } from './realTraining.ts';
import { slurmCluster } from './slurmCluster.ts';
import { SlurmServer, type Node } from './slurmServer.ts';

const STEPS = 30;
const NAMED = { PYTHONPATH: path.resolve('.'), OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1', HF_HUB_OFFLINE: '1' };

let folder: string;
let slurm: SlurmServer;
let rewards: FakeRewards;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-slurm-training-'));
  slurm = new SlurmServer(path.join(folder, 'slurm'));
  rewards = await fakeRewards();
  await slurm.start();
});
afterAll(async () => {
  await slurm?.stop();
  await rewards?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The trainer's process of an attempt. */
async function trainerOf(attempt: number): Promise<number | undefined> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
  const line = stdout
    .split('\n')
    .find((each) => each.includes(`trainer.train ${folder}`) && each.endsWith(`job-${attempt}.json`));
  return line === undefined ? undefined : Number(line.trim().split(' ')[0]);
}

test('a training on Slurm is killed, loses its node while its process goes on, and ends as one: each step written once', async () => {
  // A step takes half a second at least, so that faults meet it under way.
  rewards.onRequest = () => sleep(500);
  const cluster = slurmCluster(folder, slurm.settings({ lookEveryMs: 500 }), NAMED);
  const { activities, input, store, steps, text } = await realTraining(folder, cluster, rewards, STEPS);
  const done = environment().run(activities.runTraining, input);
  done.catch(() => undefined);
  const until = (what: string, holds: () => Promise<boolean>) => slurm.until(what, holds, 240);

  await until('there is a state', async () => (await steps()).length >= 3);
  process.kill((await trainerOf(1)) as number, 'SIGKILL');
  await until(
    'the second attempt trains',
    async () => (await trainerOf(2)) !== undefined && (await steps()).length >= 6,
  );
  const killed = await steps();

  const node = (await slurm.ask('squeue', '-h', '-t', 'R', '-o', '%N')) as Node;
  const ghost = await trainerOf(2);
  await slurm.kill(node);
  // Rewards take their time from here on, or the ghost would be done before Slurm gives up its node.
  rewards.onRequest = () => sleep(4_000);
  await until('a third attempt begins', async () => (await trainerOf(3)) !== undefined);
  rewards.onRequest = () => undefined;
  await until('the ghost has ended itself', async () => (await trainerOf(2)) === undefined);
  const { attempts, steps: trained } = await done;
  await slurm.up(node);

  expect({ attempts, trained }).toEqual({ attempts: 3, trained: STEPS });
  expect(ghost).toBeDefined();
  expect(await text('attempt-2.log')).toContain('attempt 2 ends here: attempt 3 has taken over');
  expect(await text('attempt')).toBe('3\n');
  // What the attempts after a kill did again is from their last state on; nobody wrote between another's lines.
  const written = await steps();
  const backwards = written.filter((step, index) => index > 0 && step <= (written[index - 1] as number));
  expect(backwards.length).toBeLessThanOrEqual(2);
  expect(new Set(written)).toEqual(new Set(Array.from({ length: STEPS }, (_, index) => index + 1)));
  expect(written.length - STEPS).toBeLessThanOrEqual(2);
  expect(killed.length).toBeGreaterThanOrEqual(6);
  expect(await store.readJson(`jobs/${JOB_KEY}/attempt-2.end.json`)).toMatchObject({
    state: 'lost',
    message: expect.stringMatching(/^slurm says nodeLost, NODE_FAIL/),
  });

  // The token is with the jobs, and nowhere else.
  const files = await readdir(store.path(`jobs/${JOB_KEY}`));
  expect(files.filter((file) => file.endsWith('.env'))).toEqual([]);
  for (const file of files.filter((each) => /\.(sh|log|json)$/.test(each)))
    expect(await text(file)).not.toContain(TOKEN);
  expect(await slurm.ask('sh', '-c', `grep -rl ${TOKEN} ${folder}/slurm || true`)).toBe('');
  expect(await readFile(path.join(folder, 'run', 'slurm', `${encodeURIComponent(JOB_KEY)}.3.json`), 'utf8')).toContain(
    'COMPLETED',
  );
}, 900_000);
