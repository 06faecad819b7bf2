import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clusterContract } from './contract.ts';
import { localCluster, recordFile } from './fixture.ts';

jest.setTimeout(60_000); // machines under load start processes slowly

clusterContract('the local cluster', {
  open: localCluster,
  async submitAndDie(folder, attempt) {
    const submitter = spawn(
      process.execPath,
      ['--import', 'tsx', 'test/activities/clusters/submitter.ts', folder, JSON.stringify(attempt)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(submitter.stdout, 'data');
    submitter.kill('SIGKILL');
    await once(submitter, 'exit');
  },
});

test('only jobs that really run are listed, whatever their records say', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-cluster-'));
  const cluster = localCluster(folder);
  expect(await cluster.running()).toEqual([]);
  const job = await cluster.submit({
    jobKey: 'main/lap-0001/sft',
    attempt: 1,
    command: ['sleep', '600'],
    env: {},
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 60 },
    log: path.join(folder, 'job.log'),
  });
  // The pid of a process that is not the job's: it was given again after the job's end.
  const about = { jobKey: 'main/lap-0001/sft', attempt: 2, startTime: 'another boot', startedAt: job.submittedAt };
  await writeFile(recordFile(folder, 'main/lap-0001/sft', 2), JSON.stringify({ pid: process.pid, ...about }));
  expect(await cluster.running()).toEqual([job]);
  await cluster.stop(job, 0);
  expect(await cluster.running()).toEqual([]);
});
