import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Journal, readJournal, type JournalLines } from '../../../activities/store/journal.ts';
import { S3Store } from '../../../activities/store/s3/store.ts';
import { JournalChild } from './journalChild.ts';
import { Proxy } from './proxy.ts';
import { BUCKET, S3Server } from './s3Server.ts';

const LOG = 'log.jsonl';
const lines: JournalLines<{ n: number }> = { what: 'a number', remedy: '', isOne: ({ n }) => typeof n === 'number' };

let server: S3Server;
let proxy: Proxy;
let number = 0;

beforeAll(async () => {
  server = await S3Server.start();
  proxy = await Proxy.before(server.port);
  Object.assign(process.env, server.environment);
});
afterAll(async () => {
  proxy?.close();
  await server?.kill();
});

const folder = (): Promise<string> => mkdtemp(path.join(tmpdir(), 'flywheel-s3-cache-'));
const newPlace = (endpoint = server.endpoint) => ({ bucket: BUCKET, prefix: `faults/${(number += 1)}`, endpoint });
const numbersIn = async (store: S3Store): Promise<number[]> => {
  const numbers: number[] = [];
  for await (const { value } of readJournal(store, LOG, lines)) numbers.push(value.n);
  return numbers;
};
const keysOf = async (store: S3Store): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.bucket.list(store.place.prefix)) keys.push(key);
  return keys;
};

test('a journal loses nothing that it said was safe when the server is killed and comes back', async () => {
  const store = new S3Store(newPlace(), await folder());
  const journal = await Journal.open(store, LOG, { lines });
  const safe: number[] = [];
  const appends: Promise<void>[] = [];
  for (let n = 0; n < 300; n += 1) {
    appends.push(
      journal.append({ n }).then(
        () => void safe.push(n),
        () => undefined,
      ),
    );
    if (n === 100) await server.kill();
    if (n === 200) await server.up();
    await sleep(5);
  }
  await Promise.all(appends);
  await journal.close();
  const again = await Journal.open(store, LOG, { lines });
  await again.append({ n: 1_000 });
  await again.close();
  const there = await numbersIn(store);
  expect(safe.length).toBeGreaterThan(100);
  expect(safe.filter((n) => !there.includes(n))).toEqual([]);
  expect(there).toEqual([...new Set(there)].sort((a, b) => a - b));
});

test('what a killed writer was told to be safe is there, and the next one that opens the journal mends it', async () => {
  const place = newPlace();
  const store = new S3Store(place, await folder());
  const child = await JournalChild.open(place, await folder(), 'another-host');
  for (let n = 0; n < 400; n += 1) {
    child.tell(n);
    if (n % 5 === 0) await sleep(2);
  }
  await child.until('safe 150');
  await child.kill();
  const there = await numbersIn(store);
  expect(child.safe.filter((n) => !there.includes(n))).toEqual([]);
  expect((await keysOf(store)).some((key) => key.includes(`${LOG}.appended/`))).toBe(true);
  expect(await listed(store)).toEqual([LOG, `${LOG}.lock`]);
  await store.remove(`${LOG}.lock`); // after a minute it would be taken over: see the leases' test
  await (await Journal.open(store, LOG, { lines })).close();
  expect(await numbersIn(store)).toEqual(there);
  expect((await keysOf(store)).filter((key) => key.includes('.appended/'))).toEqual([]);
});

test('an upload in parts is whole or absent when the server is killed within', async () => {
  const store = new S3Store(newPlace(), await folder());
  const part = Buffer.alloc(2 ** 20, 'w');
  const write = async (kill: boolean) =>
    store.write(
      'checkpoints/weights',
      (async function* () {
        for (let count = 0; count < 40; count += 1) {
          yield part;
          if (count !== 20 || !kill) continue;
          await server.kill();
          void sleep(1_500).then(() => server.up());
        }
      })(),
    );
  const killed = await write(true).catch((error: Error) => error.name);
  if (typeof killed === 'string') {
    expect(killed).toBe('StoreUnreachable');
    expect(await store.stat('checkpoints/weights')).toBeUndefined();
  }
  expect((await write(false)).sha256).toBe((await store.refOf('checkpoints/weights')).sha256);
  expect((await store.stat('checkpoints/weights'))?.bytes).toBe(40 * 2 ** 20);
});

test('an upload that nobody finished is found, and removed when it is told to', async () => {
  const place = newPlace();
  const script = path.join(import.meta.dirname, 'uploadProcess.ts');
  const { status, signal, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', script, JSON.stringify(place), await folder()],
    { encoding: 'utf8', env: process.env },
  );
  expect([status, signal, stderr.replace(/.*Warning[^]*created\)\n/, '')]).toEqual([null, 'SIGKILL', '']);
  const store = new S3Store(place, await folder());
  await sleep(1_100);
  const left = [];
  for await (const each of store.leftovers(1_000)) left.push(each);
  expect(left.map(({ what }) => what)).toEqual([`unfinished upload of ${place.prefix}/checkpoints/weights`]);
  await left[0]?.remove();
  for await (const each of store.leftovers(0)) throw new Error(`Expected nothing to be left, got ${each.what}`);
});

test('many who append to a journal of a slow server wait for few requests', async () => {
  const store = new S3Store(newPlace(proxy.endpoint), await folder());
  const journal = await Journal.open(store, LOG, { lines });
  proxy.delayMs = 100;
  proxy.taken();
  const begun = Date.now();
  const waves = Array.from({ length: 20 }, async (_, wave) => {
    await sleep(wave * 20);
    await Promise.all(Array.from({ length: 50 }, (__, n) => journal.append({ n: wave * 50 + n })));
  });
  await Promise.all(waves);
  const [requests, ms] = [proxy.taken(), Date.now() - begun];
  await journal.close();
  const closing = proxy.taken();
  proxy.delayMs = 0;
  process.stderr.write(`1,000 appends: ${requests} requests in ${ms} ms, ${closing} to close\n`);
  expect(requests).toBeLessThan(40);
  expect(await numbersIn(store)).toHaveLength(1_000);
});

test('appends one after the other cost little more than a request each, and no byte is written often', async () => {
  const store = new S3Store(newPlace(proxy.endpoint), await folder());
  const journal = await Journal.open(store, LOG, { lines });
  proxy.taken();
  for (let n = 0; n < 300; n += 1) await journal.append({ n });
  const requests = proxy.taken();
  expect(await numbersIn(store)).toHaveLength(300);
  const parts = (await keysOf(store)).filter((key) => key.includes('.appended/')).length;
  process.stderr.write(`300 appends, one after the other: ${requests} requests, ${parts} parts at the end\n`);
  await journal.close();
  expect(requests / 300).toBeLessThan(1.1);
  expect(parts).toBeLessThan(70);
  expect(await numbersIn(store)).toEqual(Array.from({ length: 300 }, (_, n) => n));
});

test('a checkpoint is fetched once a machine, whole, however many ask at once', async () => {
  const store = new S3Store(newPlace(proxy.endpoint), await folder());
  const { checkpointDigestIn } = await import('../../../activities/store/checkpoints.ts');
  for (const [name, text] of [
    ['config.json', '{}'],
    ['model.safetensors', 'w'.repeat(20e6)],
  ] as const)
    await store.write(`imports/m/${name}`, text);
  const digest = await checkpointDigestIn(store, 'imports/m/');
  for (const name of ['model.safetensors', 'config.json'])
    await store.write(`checkpoints/${digest}/${name}`, store.read(`imports/m/${name}`));
  const cache = await folder();
  const others = [1, 2, 3].map(() => new S3Store(store.place, cache));
  proxy.taken();
  const paths = await Promise.all(others.map((each) => each.local(`checkpoints/${digest}`)));
  expect(proxy.counts['GET']).toBeLessThan(10);
  expect(new Set(paths).size).toBe(1);
  expect((await readdir(paths[0] ?? '')).sort()).toEqual(['config.json', 'model.safetensors']);
  proxy.taken();
  await others[0]?.local(`checkpoints/${digest}`);
  expect(proxy.taken()).toBe(0);
});

async function listed(store: S3Store): Promise<string[]> {
  const uris: string[] = [];
  for await (const uri of store.list('')) uris.push(uri);
  return uris;
}
