import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SlurmServer } from './slurmServer.ts';

let folder: string;
let slurm: SlurmServer;
/** FAKE: a reward service that answers whatever it is asked. */
let rewards: Server;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-slurm-commands-'));
  slurm = new SlurmServer(path.join(folder, 'slurm'));
  rewards = createServer((_, response) => response.end('{}'));
  await new Promise<void>((resolve) => rewards.listen(0, '127.0.0.1', resolve));
  await slurm.start();
});
afterAll(async () => {
  await slurm?.stop();
  rewards?.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a command of ours says, on an installation whose clusters are this Slurm. */
async function flywheel(...words: string[]): Promise<{ readonly code: number; readonly said: string }> {
  const { port } = rewards.address() as AddressInfo;
  const env = {
    ...process.env,
    FLYWHEEL_STATE: path.join(folder, 'state'),
    FLYWHEEL_REWARD_URL: `http://127.0.0.1:${port}`,
    FLYWHEEL_REWARD_TOKEN: 'a-token-that-nobody-may-read',
    FLYWHEEL_CLUSTERS: JSON.stringify({
      local: { kind: 'local' },
      slurm: slurm.settings({ setup: ['echo a site says this'] }),
      none: slurm.settings({ partition: 'nowhere' }),
    }),
  };
  return new Promise((resolve) => {
    execFile(process.execPath, ['cli/flywheel.mjs', ...words], { env, timeout: 300_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, said: stdout + stderr }),
    );
  });
}

test('a dry run prints the script of each training as Slurm would be given it, and submits nothing', async () => {
  const { code, said } = await flywheel('lap', '--dry-run', '--preset', 'smoke', '--set', 'training.cluster=slurm');
  expect(said).toMatch(/^# main\/lap-0001\/verifier-v1 on slurm: 1 node of 0 GPUs/m);
  expect(said.match(/^# main\/lap-0001\//gm)?.length).toBeGreaterThanOrEqual(4);
  expect(said).toContain('echo a site says this');
  expect(said).toMatch(/exec .*-m trainer\.train .*job-1\.json/);
  expect(said).not.toContain('a-token-that-nobody-may-read');
  expect(await slurm.ask('squeue', '-h', '-t', 'all')).toBe('');
  expect(code).toBe(0);
});

test('a doctor proves a cluster by a job that is stopped and goes on; what this machine does not have is said', async () => {
  const { code, said } = await flywheel('doctor', '--cluster', 'slurm');
  for (const name of ['room', 'reward address', 'a job', 'reward service', 'a stop', 'a second attempt'])
    expect(said).toMatch(new RegExp(`^ok +${name}`, 'm'));
  expect(said).toMatch(/^bad +GPUs: nvidia-smi lists 0, asked: 1/m); // Slurm only pretends to have some
  expect(code).toBe(1);
  expect(await slurm.ask('squeue', '-h', '-t', 'R,PD,CG')).toBe('');
});

test('a doctor says of a cluster that cannot run a job why, with the words of Slurm', async () => {
  const { code, said } = await flywheel('doctor', '--cluster', 'none');
  expect(said).toMatch(/^bad +room: .*invalid partition/m);
  expect(code).toBe(1);
});
