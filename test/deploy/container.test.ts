import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { config } from '../../temporal.config.ts';

const FOLDER = path.join(config.root, 'deploy', 'container');
const containerfile = readFileSync(path.join(FOLDER, 'Containerfile'), 'utf8');
const stepsOf = (instruction: string): string[] =>
  [...containerfile.matchAll(new RegExp(`^${instruction} (.*)$`, 'gm'))].map(([, text = '']) => text);
const copied = stepsOf('COPY')
  .filter((text) => !text.startsWith('--from='))
  .flatMap((text) => text.split(' ').slice(0, -1));

test('the image has all that a process imports, and what it copies is there and let through', () => {
  for (const each of copied) expect([each, existsSync(path.join(config.root, each))]).toEqual([each, true]);
  const rooms = ['shared', 'domains', 'activities', 'reports', 'workflows', 'workers', 'cli', 'prompts', 'trainer'];
  expect(copied).toEqual(expect.arrayContaining([...rooms, 'temporal.config.ts', '.swcrc']));
  const ignored = readFileSync(path.join(FOLDER, 'Containerfile.dockerignore'), 'utf8').split('\n');
  for (const each of copied) expect(ignored).toContain(`!${each}`);
});

test('it runs the command, as nobody in particular', () => {
  const [entry = '[]'] = stepsOf('ENTRYPOINT');
  const [program, script = ''] = JSON.parse(entry) as string[];
  expect([program, existsSync(path.join(config.root, path.relative('/opt/proof-flywheel', script)))]).toEqual([
    'node',
    true,
  ]);
  expect(stepsOf('USER')).toEqual(['10001:10001']);
});

test('packages are those of the lock files, and no secret stays in a layer', () => {
  const runs = stepsOf('RUN').join('\n') + containerfile;
  expect(runs).toMatch(/npm ci .*--ignore-scripts/);
  expect(runs).toContain('--require-hashes -r trainer/requirements.lock');
  expect(stepsOf('ARG').join(' ')).not.toMatch(/token|key|secret|password/i);
  expect(stepsOf('ARG')[0]).toMatch(/^NODE_IMAGE=node:\d+\.\d+\.\d+-/);
});

test('manifests run the image as it is made: its user, its folders, its trainer’s Python', () => {
  const base = path.join(config.root, 'deploy', 'kubernetes', 'base');
  const manifests = readdirSync(base)
    .map((name) => readFileSync(path.join(base, name), 'utf8'))
    .join('\n');
  const [, uid] = /USER (\d+):/.exec(containerfile) ?? [];
  for (const [, user] of manifests.matchAll(/runAsUser: (\d+)/g)) expect(user).toBe(uid);
  expect(manifests).toContain('FLYWHEEL_STATE: /var/lib/flywheel');
  expect(containerfile).toContain('FLYWHEEL_STATE=/var/lib/flywheel');
  expect(manifests).toContain('"python": "/opt/venv/bin/python"');
  expect(containerfile).toContain('/opt/venv/bin/python');
});
