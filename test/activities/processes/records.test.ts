import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  groupLives,
  isAlive,
  launchOnce,
  readRecord,
  terminate,
  type Launch,
} from '../../../activities/processes/records.ts';
import { untilGone } from '../training/fixture.ts';

jest.setTimeout(60_000); // machines under load start processes slowly

async function launch(command: readonly string[]): Promise<Launch> {
  const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-process-'));
  return {
    record: path.join(folder, 'it.json'),
    about: { name: 'it\'s "quoted" $HOME' },
    command,
    cwd: folder,
    env: { PATH: process.env['PATH'] },
    log: path.join(folder, 'it.log'),
  };
}

test('of many who start a process at once, one does, and all get its record', async () => {
  const it = await launch(['sh', '-c', 'echo started; exec sleep 60']);
  const records = await Promise.all(Array.from({ length: 10 }, () => launchOnce(it)));
  expect(new Set(records.map(({ pid }) => pid)).size).toBe(1);
  const [record] = records;
  if (!record) throw new Error('no record');
  expect(record).toMatchObject(it.about);
  expect(await isAlive(record)).toBe(true);
  while ((await readFile(it.log, 'utf8')) === '') await sleep(20);
  expect(await readFile(it.log, 'utf8')).toBe('started\n');
  await terminate(record, { graceMs: 2_000 });
  expect(await isAlive(record)).toBe(false);
  expect(await launchOnce(it)).toEqual(record); // over is over: a record is never replaced
  // those who came late leave nothing either
  while ((await readdir(path.dirname(it.record))).length > 2) await sleep(20);
});

test('where there are no hard links, still one of many starts', async () => {
  const it = await launch(['sleep', '60']);
  const without = path.dirname(it.record);
  await writeFile(path.join(without, 'ln'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const env = { PATH: `${without}:${process.env['PATH']}` };
  const records = await Promise.all(Array.from({ length: 10 }, () => launchOnce({ ...it, env })));
  expect(new Set(records.map(({ pid }) => pid)).size).toBe(1);
  for (const record of records.slice(0, 1)) await terminate(record, { graceMs: 2_000 });
});

test('the whole group ends, also what its first process leaves behind', async () => {
  const it = await launch(['sh', '-c', 'sleep 61 & echo $! > child; wait']);
  const record = await launchOnce(it);
  const childFile = path.join(path.dirname(it.record), 'child');
  while (!(await readFile(childFile, 'utf8').catch(() => ''))) await sleep(20);
  await terminate(record, { graceMs: 2_000 });
  await untilGone(Number(await readFile(childFile, 'utf8')));
});

test('a group lives on without its first process, and is asked to end before it is ended', async () => {
  const it = await launch([
    'sh',
    '-c',
    '(trap "sleep 0.3; echo saved; exit 0" TERM; echo ready; while :; do sleep 0.05; done) & exit 0',
  ]);
  const record = await launchOnce(it);
  while ((await readFile(it.log, 'utf8')) !== 'ready\n' || (await isAlive(record))) await sleep(20);
  expect(await groupLives(record)).toBe(true);
  // the number is given again: to the group of another boot, or to a process that lives
  expect(await groupLives({ ...record, startTime: '1 another-boot' })).toBe(false);
  expect(await groupLives({ ...record, pid: process.pid })).toBe(false);
  await terminate(record, { graceMs: 20_000 });
  expect(await groupLives(record)).toBe(false);
  expect(await readFile(it.log, 'utf8')).toMatch(/saved\n$/);
});

test('a process with the same pid but another start is not the recorded one', async () => {
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  const record = { pid: other.pid as number, startTime: '1 another-boot', startedAt: new Date().toISOString() };
  expect(await isAlive(record)).toBe(false);
  await terminate(record, { graceMs: 0 });
  expect(other.exitCode).toBeNull();
  other.kill();
  await once(other, 'exit');
});

test(
  'a program that does not exist leaves the record of a process that has ended, and a log that says ' + 'why',
  async () => {
    const it = await launch(['no-such-program']);
    const record = await launchOnce(it);
    await untilGone(record.pid);
    expect(await isAlive(record)).toBe(false);
    expect(await readFile(it.log, 'utf8')).toContain('no-such-program');
  },
);

test('a record that cannot be written is an error that names it', async () => {
  const it = await launch(['true']);
  await writeFile(it.record, '{"pid":');
  await expect(readRecord(it.record)).rejects.toThrow(SyntaxError);
  await writeFile(it.record, '{"pid":1,"startTime":"0"}');
  await expect(readRecord(it.record)).rejects.toThrow(it.record);
  await expect(
    launchOnce({ ...it, record: path.join(path.dirname(it.record), `${'x'.repeat(300)}.json`) }),
  ).rejects.toThrow('xxx');
});
