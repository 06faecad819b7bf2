import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SlurmSettings } from '../../../activities/clusters/slurm/settings.ts';
import { clusterContract } from '../../activities/clusters/contract.ts';
import { slurmCluster } from './slurmCluster.ts';
import { submitAndDie, SlurmServer } from './slurmServer.ts';

let slurm: SlurmServer;

beforeAll(async () => {
  slurm = new SlurmServer(await mkdtemp(path.join(tmpdir(), 'flywheel-slurm-')));
  await slurm.start();
});
afterAll(() => slurm?.stop());

clusterContract('a cluster of Slurm', {
  open: (folder) => slurmCluster(folder, slurm.settings()),
  submitAndDie: (folder, attempt) => submitAndDie(folder, slurm.settings(), attempt),
});

let rest: SlurmSettings;

describe('over slurmrestd', () => {
  beforeAll(async () => {
    rest = await slurm.restSettings();
  });

  clusterContract('a cluster of Slurm by slurmrestd', {
    open: (folder) => slurmCluster(folder, rest),
    submitAndDie: (folder, attempt) => submitAndDie(folder, rest, attempt),
  });

  test('what can never run is refused with what there is', async () => {
    const cluster = slurmCluster(await mkdtemp(path.join(tmpdir(), 'flywheel-cluster-')), rest);
    const resources = { nodes: 1, gpusPerNode: 5, wallSeconds: 60 };
    const log = path.join(tmpdir(), 'flywheel-refused', 'job.log');
    const attempt = { jobKey: 'main/lap-0001/sft', attempt: 1, command: ['true'], env: {}, log };
    await expect(cluster.submit({ ...attempt, resources })).rejects.toMatchObject({
      type: 'ClusterTooSmall',
      message: expect.stringContaining('has 0 node(s) with gpu:h100:5'),
    });
  });

  test('a token that is no more, and a controller that is away, are no end of a job', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-cluster-'));
    const cluster = slurmCluster(folder, rest);
    const resources = { nodes: 1, gpusPerNode: 1, wallSeconds: 60 };
    const log = path.join(folder, 'job.log');
    const command = ['/bin/sleep', '600'];
    const job = await cluster.submit({ jobKey: 'main/lap-0001/sft', attempt: 1, command, env: {}, log, resources });
    await slurm.until('it runs', async () => (await cluster.state(job)).kind === 'alive');
    const wrong = slurmCluster(folder, { ...rest, rest: { ...rest.rest!, tokenCommand: ['echo', 'SLURM_JWT=a.b.c'] } });
    await expect(wrong.stop(job, 0)).rejects.toThrow('Expected slurmrestd to answer jobs');
    await new Promise((resolve) => setTimeout(resolve, 8_000)); // Slurm keeps what is some seconds old
    await slurm.kill('slurmctld');
    try {
      await expect(cluster.stop(job, 0)).rejects.toThrow(/slurmrestd|timeout|token/);
    } finally {
      await slurm.up('slurmctld');
    }
    await slurm.until('it is found again', async () => (await cluster.state(job)).kind === 'alive');
    await cluster.stop(job, 0);
  });
});
