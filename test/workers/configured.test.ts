import { mkdtempSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const before = { ...process.env };
afterEach(() => {
  process.env = { ...before };
});

/** The installation as a process with this environment has it. */
async function installationWith(env: Record<string, string> = {}) {
  Object.assign(process.env, { FLYWHEEL_STATE: mkdtempSync(path.join(tmpdir(), 'flywheel-configured-')), ...env });
  jest.resetModules();
  const { config } = await import('../../temporal.config.ts');
  return { config, ...(await import('../../workers/configured.ts')) };
}

test('a job of this machine finds the trainer, has one thread, and the environment of whoever started us', async () => {
  const { config, configuredClusters } = await installationWith({ FLYWHEEL_TEST_WORD: 'heard' });
  const [local] = configuredClusters();
  const log = path.join(config.logDir, 'job.log');
  const job = await local?.submit({
    jobKey: 'main/lap-0001/sft',
    attempt: 1,
    command: ['sh', '-c', 'echo $OMP_NUM_THREADS $FLYWHEEL_TEST_WORD $TOKEN $PYTHONPATH'],
    env: { TOKEN: 'secret' },
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 60 },
    log,
  });
  while (job && (await local?.state(job))?.kind !== 'gone') await sleep(20);
  expect(await readFile(log, 'utf8')).toBe(`1 heard secret ${config.root}\n`);
});

test('clusters and engines are those that the environment names', async () => {
  const { configuredClusters } = await installationWith({
    FLYWHEEL_CLUSTERS: '{"local":{"kind":"local"},"big":{"kind":"local","capacity":{"nodes":1,"gpusPerNode":8}}}',
  });
  expect(configuredClusters().map(({ name }) => name)).toEqual(['local', 'big']);
  const { config, configuredServing } = await installationWith();
  const { FileStore } = await import('../../activities/store/files.ts');
  expect(configuredServing(new FileStore(config.stateDir)).engines).toEqual(['batcher', 'command', 'external', 'pool']);
});
