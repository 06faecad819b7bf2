import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const before = { ...process.env };
const cli = before['TEMPORAL_CLI_PATH'] ?? '';
afterEach(() => {
  process.env = { ...before };
});

async function setupWith(env: Record<string, string>): Promise<typeof import('../../../workers/stack/temporalCli.ts')> {
  delete process.env['TEMPORAL_CLI_PATH'];
  Object.assign(process.env, {
    FLYWHEEL_STATE: mkdtempSync(path.join(tmpdir(), 'flywheel-cli-')),
    PATH: '/nowhere',
    ...env,
  });
  jest.resetModules();
  return import('../../../workers/stack/temporalCli.ts');
}

/** A program named `temporal` that answers `--version` with this. */
function programSaying(text: string): { folder: string; file: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'flywheel-bin-'));
  const file = path.join(folder, 'temporal');
  writeFileSync(file, `#!/bin/sh\necho '${text}'\n`);
  chmodSync(file, 0o755);
  return { folder, file };
}

test('the Temporal CLI that the tests run with is a real one', async () => {
  const { findTemporalCli, lookForTemporalCli } = await setupWith({ TEMPORAL_CLI_PATH: cli });
  await expect(findTemporalCli(() => undefined)).resolves.toBe(cli);
  await expect(lookForTemporalCli()).resolves.toMatchObject({
    from: 'TEMPORAL_CLI_PATH',
    version: expect.stringMatching(/^\d+\.\d+/) as string,
  });
});

test('TEMPORAL_CLI_PATH comes first, then PATH, then the cache', async () => {
  const named = programSaying('temporal version 1.9.0 (Server 1, UI 2)');
  const onPath = programSaying('temporal version 1.8.0 (Server 1, UI 2)');
  const all = await setupWith({ TEMPORAL_CLI_PATH: named.file, PATH: `${onPath.folder}:/bin` });
  await expect(all.lookForTemporalCli()).resolves.toEqual({
    path: named.file,
    version: '1.9.0',
    from: 'TEMPORAL_CLI_PATH',
  });

  const second = await setupWith({ PATH: `${onPath.folder}:/bin` });
  mkdirSync(path.dirname(second.cachedTemporalCli), { recursive: true });
  writeFileSync(second.cachedTemporalCli, '#!/bin/sh\necho "temporal version 1.5.1 (Server 1, UI 2)"\n');
  chmodSync(second.cachedTemporalCli, 0o755);
  await expect(second.lookForTemporalCli()).resolves.toMatchObject({ path: onPath.file, from: 'PATH' });
  process.env['PATH'] = '/bin';
  jest.resetModules();
  const third = await import('../../../workers/stack/temporalCli.ts');
  await expect(third.lookForTemporalCli()).resolves.toMatchObject({
    path: second.cachedTemporalCli,
    version: '1.5.1',
    from: 'cache',
  });
});

test('a TEMPORAL_CLI_PATH that is no Temporal CLI is refused by name, not passed over', async () => {
  const { findTemporalCli } = await setupWith({ TEMPORAL_CLI_PATH: '/bin/true' });
  await expect(findTemporalCli(() => undefined)).rejects.toThrow(
    'Expected TEMPORAL_CLI_PATH to name a Temporal CLI, but `/bin/true --version` does not answer as one',
  );
});

test('a program on PATH that is too old, or only has the name, is passed over with a word', async () => {
  const old = programSaying('temporal version 0.11.0 (Server 1, UI 2)');
  const other = programSaying('a calendar');
  const { lookForTemporalCli } = await setupWith({ PATH: `${old.folder}:${other.folder}:/bin` });
  const said: string[] = [];
  await expect(lookForTemporalCli((line) => said.push(line))).resolves.toBeUndefined();
  expect(said).toEqual([
    expect.stringContaining('version 0.11.0 is older than 1.0'),
    expect.stringContaining(other.file),
  ]);
});

test('a half-written binary in the cache is removed', async () => {
  const { cachedTemporalCli, lookForTemporalCli } = await setupWith({ PATH: '/bin' });
  mkdirSync(path.dirname(cachedTemporalCli), { recursive: true });
  writeFileSync(cachedTemporalCli, '\u007FELF');
  chmodSync(cachedTemporalCli, 0o755);
  const said: string[] = [];
  await expect(lookForTemporalCli((line) => said.push(line))).resolves.toBeUndefined();
  expect(said).toEqual([expect.stringContaining('does not answer; it is made again')]);
});
