import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { FileStore } from '../../../activities/store/files.ts';
import { RewardLog, type RewardRecord } from '../../../workers/reward-service/rewardLog.ts';

const LOG = 'job/rewards.jsonl';
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'reward-log-'));
  file = path.join(folder, LOG);
});
afterEach(() => rm(folder, { recursive: true }));

const record = (key: string): RewardRecord => ({
  key,
  task: 'prove',
  responseSha256: 'r',
  specSha256: 's',
  answer: { itemId: key, status: 'unscorable', reason: 'of the test: é' },
  verdicts: {},
  judge: { calls: 0, promptTokens: 0, completionTokens: 0 },
});

async function fill(keys: readonly string[]): Promise<void> {
  const log = await RewardLog.open(new FileStore(folder), LOG);
  await Promise.all(keys.map((key) => log.append(record(key))));
  await log.close();
}

test('a log remembers its records, in any order of writing', async () => {
  await fill(['a', 'b']);
  await fill(['c']);
  const log = await RewardLog.open(new FileStore(folder), LOG);
  expect(log.size).toBe(3);
  expect(await log.get('b')).toEqual(record('b'));
  expect(await log.get('d')).toBeUndefined();
  expect(log.counts).toEqual({ scored: 0, unscorable: 3, imitations: 0, overlong: 0 });
  await log.close();
});

test('a line that was torn by a kill is cut off, wherever it was torn', async () => {
  await fill(['a', 'b']);
  const whole = await readFile(file);
  const line = Buffer.from(JSON.stringify(record('c')));
  for (let torn = 1; torn <= line.length; torn += 1) {
    await writeFile(file, Buffer.concat([whole, line.subarray(0, torn)]));
    const log = await RewardLog.open(new FileStore(folder), LOG);
    expect(log.size).toBe(2);
    await log.append(record('c'));
    await log.close();
    expect((await readFile(file, 'utf8')).split('\n')).toHaveLength(4);
  }
});

test('a line that was changed is refused by its number', async () => {
  await fill(['a']);
  await appendFile(file, '{"half": \n');
  await fill([]).then(
    () => Promise.reject(new Error('expected a refusal')),
    (error: Error) =>
      expect(error.message).toMatch(/Expected line 2 of .*rewards\.jsonl \(byte 210\) to be a reward record/),
  );
});

test('a log of many times the memory is written, read and opened again', async () => {
  const script = path.join(import.meta.dirname, 'logProcess.ts');
  const heap = '--max-old-space-size=64';
  const args = [heap, '--import', 'tsx', script, folder, '800', '200000'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toMatchObject({ scored: 800 });
  expect((await stat(file)).size).toBeGreaterThan(800 * 200_000);
});
