import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ensurePython, findInterpreter, withoutTorch } from '../../../workers/stack/python.ts';
import { uvSettingsFrom } from '../../../workers/stack/uvEnvironment.ts';
import { config } from '../../../temporal.config.ts';

test('the environment that the tests run with has the packages of the lock', async () => {
  await expect(ensurePython(() => undefined)).resolves.toBe(config.python);
});

test('the interpreter is new enough', async () => {
  const { version } = await findInterpreter();
  expect(Number(version.split('.')[1])).toBeGreaterThanOrEqual(10);
});

test(
  'for another index of torch, the lock is installed without torch and the CUDA libraries of its default ' + 'build',
  async () => {
    const lock = await readFile(path.join(config.root, 'trainer', 'requirements.lock'), 'utf8');
    const { rest, torch } = withoutTorch(lock);
    expect(torch).toMatch(/^torch==\d+\.\d+/);
    expect(rest).not.toMatch(/^(torch|triton|nvidia-)/m);
    expect(rest).toMatch(/^transformers==/m);
    expect(packagesIn(rest)).toBeLessThan(packagesIn(lock));
    expect(rest.match(/--hash=sha256:[0-9a-f]{64}/g)?.length).toBeGreaterThan(packagesIn(rest));
  },
);

function packagesIn(lock: string): number {
  return lock.match(/^[a-z0-9][\w.-]*==/gim)?.length ?? 0;
}

test('the lock names versions and hashes, and no place to get them from', async () => {
  const lock = await readFile(path.join(config.root, 'trainer', 'requirements.lock'), 'utf8');
  expect(lock).not.toMatch(/https?:|--index-url|--find-links/);
});

test('uv is told what the user told pip, unless the user told uv otherwise', () => {
  const listed = [
    ":env:.cert='/etc/ssl/ca.pem'",
    ":env:.find-links='/opt/a /opt/b'",
    "global.index-url='mirror'",
    "user.index-url='my mirror'",
    "global.disable-pip-version-check='1'",
  ].join('\n');
  expect(uvSettingsFrom(listed, {})).toEqual({
    SSL_CERT_FILE: '/etc/ssl/ca.pem',
    UV_FIND_LINKS: '/opt/a,/opt/b',
    UV_DEFAULT_INDEX: 'my mirror',
  });
  expect(uvSettingsFrom(listed, { UV_DEFAULT_INDEX: 'mine', SSL_CERT_FILE: 'x' })).toEqual({
    UV_FIND_LINKS: '/opt/a,/opt/b',
  });
});
