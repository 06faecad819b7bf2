import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ledger, LedgerDamaged } from '../../../activities/ledger/ledger.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { LeaseHeld } from '../../../activities/store/lease.ts';
import { readSealed } from '../../../activities/ledger/sealedLedger.ts';
import type { Outcome } from '../../../shared/outcomes.ts';

const SHARD = 'set/shard-0000.jsonl';
let folder: string;
let file: string;
let store: FileStore;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'flywheel-ledger-'));
  file = path.join(folder, SHARD);
  store = new FileStore(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const outcome = (key: string, more: Partial<Outcome> = {}): Outcome => ({
  key,
  row: `row ${key}`,
  sample: 0,
  kind: 'answered',
  task: 'prove',
  model: 'm',
  seed: 1,
  text: `Text of ${key}, with \u2028 and ü and \ud83d.`,
  latencyMs: 5,
  requests: 1,
  ...more,
});

async function ledgerOf(...outcomes: Outcome[]): Promise<Ledger> {
  const ledger = await Ledger.open(store, SHARD);
  await Promise.all(outcomes.map((one) => ledger.append(one)));
  return ledger;
}

test('what was appended is there after the file is opened again', async () => {
  await (await ledgerOf(outcome('a'), outcome('b'))).close();
  const ledger = await Ledger.open(store, SHARD);
  expect(ledger.size).toBe(2);
  expect(await ledger.get('b')).toEqual(JSON.parse(JSON.stringify(outcome('b'))));
  expect(await ledger.get('c')).toBeUndefined();
  await ledger.close();
});

test('a torn last line is cut off, and the ledger goes on after it', async () => {
  await (await ledgerOf(outcome('a'), outcome('b'))).close();
  const whole = await readFile(file, 'utf8');
  await writeFile(file, whole.slice(0, -10));
  const ledger = await Ledger.open(store, SHARD);
  expect([ledger.has('a'), ledger.has('b')]).toEqual([true, false]);
  await ledger.append(outcome('c'));
  await ledger.close();
  expect(
    (await readFile(file, 'utf8'))
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as Outcome).key),
  ).toEqual(['a', 'c']);
});

test('a torn middle is refused by file and line', async () => {
  await (await ledgerOf(outcome('a'), outcome('b'), outcome('c'))).close();
  const lines = (await readFile(file, 'utf8')).split('\n');
  await writeFile(file, [lines[0], lines[1]?.slice(0, 20), lines[2], ''].join('\n'));
  const opening = Ledger.open(store, SHARD);
  await expect(opening).rejects.toThrow(LedgerDamaged);
  await expect(opening).rejects.toThrow(/Expected line 2 of .*shard-0000\.jsonl .* to be an outcome/);
  await writeFile(file, lines.join('\n'));
  await (await Ledger.open(store, SHARD)).close();
});

test('a ledger has one writer', async () => {
  const ledger = await ledgerOf();
  await expect(Ledger.open(store, SHARD)).rejects.toThrow(LeaseHeld);
  await ledger.close();
  await (await Ledger.open(store, SHARD)).close();
});

test('the lock of a killed process is taken over, that of a live one is not', async () => {
  const script =
    `import { Ledger } from './activities/ledger/ledger.ts'; ` +
    `import { FileStore } from './activities/store/files.ts'; ` +
    `await Ledger.open(new FileStore(${JSON.stringify(folder)}), ${JSON.stringify(SHARD)}); ` +
    `process.stdout.write('open'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  await expect(Ledger.open(store, SHARD)).rejects.toThrow(`process ${child.pid}`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await Ledger.open(store, SHARD)).close();
}, 30_000);

test('a sealed ledger is read by zcat, in the order given, with every text once', async () => {
  const text = 'The same long text, which several calls gave word for word. '.repeat(3);
  const ledger = await ledgerOf(outcome('a', { text }), outcome('b'), outcome('left over'), outcome('c', { text }));
  await ledger.seal(['c', 'b', 'a']);
  const lines = execFileSync('zcat', [`${file}.gz`], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
  expect(lines.map((line) => (JSON.parse(line) as Outcome).key)).toEqual(['c', 'b', 'a', 'left over']);
  expect(lines.filter((line) => line.includes(text)).length).toBe(1);
  await expect(stat(file)).rejects.toThrow('ENOENT');
  const read = [];
  for await (const line of readSealed(store, `${SHARD}.gz`)) read.push(line);
  expect(read.map(({ text: found }) => found)).toEqual([text, read[1]?.text, text, read[3]?.text]);
  expect(read.map(({ unused }) => unused)).toEqual([undefined, undefined, undefined, true]);
});

test('a sealed ledger that is opened again takes more, and loses nothing', async () => {
  const text = 'The same long text, which several calls gave word for word. '.repeat(3);
  await (await ledgerOf(outcome('a', { text }), outcome('b', { text }))).seal(['b', 'a']);
  const ledger = await Ledger.open(store, SHARD);
  expect((await ledger.get('a'))?.text).toBe(text);
  expect((await ledger.get('b'))?.text).toBe(text);
  await ledger.append(outcome('c'));
  await ledger.seal(['a', 'b', 'c']);
  expect(execFileSync('zcat', [`${file}.gz`], { encoding: 'utf8' }).split('\n').length).toBe(4);
});

test('a kill while sealing leaves a whole ledger', async () => {
  await (await ledgerOf(outcome('a'), outcome('b'))).close();
  const plain = await readFile(file);
  await (await Ledger.open(store, SHARD)).seal(['a', 'b']);
  await writeFile(file, plain); // killed after the sealed form was there, before the plain one went
  const ledger = await Ledger.open(store, SHARD);
  expect(ledger.size).toBe(2);
  await ledger.close();
  await expect(stat(`${file}.gz`)).rejects.toThrow('ENOENT');
});

test('a failed call that is asked again has its last outcome', async () => {
  const ledger = await ledgerOf(outcome('a', { kind: 'failed', reason: 'gone' }));
  await ledger.append(outcome('a'));
  expect((await ledger.get('a'))?.kind).toBe('answered');
  await ledger.close();
  const again = await Ledger.open(store, SHARD);
  expect((await again.get('a'))?.kind).toBe('answered');
  await again.close();
});

test('a ledger that cannot be written says so, and takes nothing more', async () => {
  const ledger = await ledgerOf(outcome('a'));
  await appendFile(file, ''); // it is there
  await ledger.close();
  await expect(ledger.append(outcome('b'))).rejects.toThrow(/Expected .*shard-0000.jsonl to be open/);
});
