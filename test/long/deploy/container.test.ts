import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../activities/processes/ports.ts';
import { config } from '../../../temporal.config.ts';

/**
 * The Containerfile's steps in a clean root, where no builder runs (deploy/container/steps.sh): as root, with unshare and
 * overlay mounts, in a folder that lies below none of /usr, /etc and /var, which it lays itself over.
 */
const folder = mkdtempSync(path.join(tmpdir(), 'flywheel-image-'));
const running: ChildProcess[] = [];
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

test('made by its steps, a worker runs from a root that is read only, as nobody, and ends with 0 at SIGTERM', async () => {
  const [temporal, watch] = await Promise.all([freePort(), freePort()]);
  const words = `server start-dev --headless --ip 127.0.0.1 --port ${temporal} --log-level never`.split(' ');
  running.push(spawn(process.env['TEMPORAL_CLI_PATH'] ?? 'temporal', words, { stdio: 'ignore' }));
  const env = {
    PATH: process.env['PATH'] ?? '',
    TEMPORAL_ADDRESS: `127.0.0.1:${temporal}`,
    FLYWHEEL_METRICS_PORT: String(watch),
  };
  const script = path.join(config.root, 'deploy', 'container', 'steps.sh');
  const child = spawn(script, [folder, '--', 'worker', 'orchestrator', '--set-current'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += String(chunk)));
  const exit = new Promise((resolve) => child.once('exit', resolve));
  const ready = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${watch}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await ready()) || !output.includes('new laps start on it')) {
    if (child.exitCode !== null) throw new Error(output);
    await sleep(200);
  }
  child.kill('SIGTERM');
  expect([await exit, output]).toEqual([0, expect.stringContaining('app: USER 10001:10001')]);

  // What the image has is what it needs: no developers' packages, none of the tests, nothing of this machine's user.
  const root = path.join(folder, 'app-none', 'upper', 'root', 'opt', 'proof-flywheel');
  const has = (name: string): boolean => statSync(path.join(root, name), { throwIfNoEntry: false }) !== undefined;
  expect(['cli', 'node_modules/@temporalio/worker', 'trainer/train.py'].map(has)).toEqual([true, true, true]);
  expect(['test', '.git', '.flywheel', 'node_modules/jest'].map(has)).toEqual([false, false, false, false]);
  expect(readFileSync(path.join(root, 'package.json'), 'utf8')).toBe(
    readFileSync(path.join(config.root, 'package.json'), 'utf8'),
  );
});
