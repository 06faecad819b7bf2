import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withLock } from '../../../activities/store/lock.ts';
import { recordOfThisProcess } from '../../../activities/processes/processes.ts';

const lockIn = (folder: string): string => path.join(mkdtempSync(path.join(tmpdir(), folder)), 'a.lock');

test('work under one lock never overlaps', async () => {
  const file = lockIn('flywheel-lock-');
  let inside = 0;
  let most = 0;
  let waits = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await sleep(20);
    inside -= 1;
  };
  await Promise.all([1, 2, 3].map(() => withLock(file, () => (waits += 1), work)));
  expect(most).toBe(1);
  expect(waits).toBe(2);
  expect(existsSync(file)).toBe(false);
});

test('the lock of a process that died is taken over', async () => {
  const file = lockIn('flywheel-lock-');
  const { pid } = spawnSync('true');
  writeFileSync(file, JSON.stringify({ ...recordOfThisProcess(), pid }));
  await expect(
    withLock(
      file,
      () => fail('nobody to wait for'),
      async () => 'done',
    ),
  ).resolves.toBe('done');
});

test('a process with the id of a dead holder is not the holder', async () => {
  const file = lockIn('flywheel-lock-');
  writeFileSync(file, JSON.stringify({ ...recordOfThisProcess(), startTime: '1 another-boot' }));
  await expect(
    withLock(
      file,
      () => fail('nobody to wait for'),
      async () => 'done',
    ),
  ).resolves.toBe('done');
});

test('work that fails gives the lock back', async () => {
  const file = lockIn('flywheel-lock-');
  await expect(
    withLock(
      file,
      () => undefined,
      () => Promise.reject(new Error('disk full')),
    ),
  ).rejects.toThrow('disk full');
  expect(existsSync(file)).toBe(false);
});

function fail(message: string): never {
  throw new Error(message);
}
