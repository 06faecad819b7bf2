import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ledger } from '../../../activities/ledger/ledger.ts';
import { LeaseHeld } from '../../../activities/store/lease.ts';
import { heals } from '../../../shared/failures.ts';
import { uri } from '../../../shared/ids.ts';
import type { Outcome } from '../../../shared/outcomes.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { openWorld, quiet, type World } from '../inference/world.ts';

jest.setTimeout(120_000);

const FAILED = 'main/lap-0003/label/verdicts';
const NEW = 'main/lap-0004/label/verdicts';
const donors = ['main/lap-0003'];
let stub: Stub;
let world: World;

beforeEach(async () => {
  stub = await startStub({ medianMs: 1, sigma: 0 });
  world = await openWorld({ resolve: stub.url });
});
afterEach(async () => {
  await world.close();
  await stub.kill();
});

const told = (outcomes: readonly Outcome[]) => outcomes.map(({ key, kind, text, score }) => [key, kind, text, score]);
const asked = async () => (await stub.stats()).answered;

test('a set that a failed lap finished is taken over whole: no server is asked, and none need be there', async () => {
  const rows = await world.rows(20);
  const first = await world.sample({ setId: FAILED, rows, samplesPerRow: 3 });
  await stub.kill();
  const taken = await world.sample({ setId: NEW, rows, samplesPerRow: 3, donors });
  expect(told(await world.outcomes(NEW))).toEqual(told(await world.outcomes(FAILED)));
  expect(taken).toMatchObject({ counts: first.counts, usage: first.usage, requests: 0 });
  expect(taken.taken).toEqual({ calls: 60, usage: first.usage });
  expect((await world.outcomes(NEW)).every(({ takenFrom }) => takenFrom === 'main/lap-0003')).toBe(true);
  expect(existsSync(world.store.path(uri.earlierCalls(NEW, 0)))).toBe(false);
});

test('of a set that was broken off, what is on its open ledger is taken, and the rest is asked', async () => {
  const rows = await world.rows(30);
  const stopped = new AbortController();
  await stub.change({ medianMs: 40 });
  const broken = world.sample({ setId: FAILED, rows }, { ...quiet(), signal: stopped.signal }).catch(() => undefined);
  while ((await asked()) < 5) await sleep(5);
  stopped.abort(new Error('the lap was cancelled'));
  await broken;
  const ledger = await Ledger.open(world.store, uri.shard(FAILED, 0));
  const paid = ledger.size;
  await ledger.close();
  const result = await world.sample({ setId: NEW, rows, donors });
  expect(paid).toBeGreaterThan(0);
  expect(result.taken?.calls).toBe(paid);
  expect(result.requests).toBe(30 - paid);
  const whole = await world.sample({ setId: 'other/lap-0001/label/verdicts', rows });
  expect(told(await world.outcomes(NEW))).toEqual(told(await world.outcomes('other/lap-0001/label/verdicts')));
  expect(result.counts).toEqual(whole.counts);
});

test('while a worker still asks for a lap that was terminated, the new one waits for what it pays for', async () => {
  const rows = await world.rows(5);
  await world.sample({ setId: FAILED, rows });
  const asking = await Ledger.open(world.store, uri.shard(FAILED, 0));
  await expect(world.sample({ setId: NEW, rows, donors })).rejects.toThrow(LeaseHeld);
  await asking.close();
  expect((await world.sample({ setId: NEW, rows, donors })).taken?.calls).toBe(5);
  expect(heals(LeaseHeld.name)).toBe(true);
});

test.each([
  ['the sampling', { sampling: { temperature: 1, topP: 1, maxTokens: 512 } }],
  ['the seed', { seed: 2 }],
] as const)('where %s is another, nothing is taken', async (_, more) => {
  const rows = await world.rows(5);
  await world.sample({ setId: FAILED, rows });
  const result = await world.sample({ setId: NEW, rows, donors, ...more });
  expect([result.taken, result.requests]).toEqual([undefined, 5]);
});

test('shards of another size, and other rows beside, change nothing for the rows that are the same', async () => {
  const small = { engine: 'external', shardRows: 4, window: 1, maxConcurrency: 8 } as const;
  await world.sample({ setId: FAILED, rows: await world.rows(10), engine: small }); // its first shard
  const result = await world.sample({ setId: NEW, rows: await world.rows(12), donors });
  expect([result.rows, result.taken?.calls, result.requests]).toEqual([12, 4, 8]);
});

test('labels come out equal, their meta-assessments taken as their analyses are', async () => {
  const proofs = await world.rows(12);
  const first = await world.label({ setId: FAILED, proofs });
  const before = await asked();
  const taken = await world.label({ setId: NEW, proofs, donors });
  expect(await asked()).toBe(before);
  expect(taken.labels).toEqual(first.labels);
  expect(taken.decisions.sha256).toBe(first.decisions.sha256);
});

test('what failed is asked again, and what another took over counts as the one that paid for it', async () => {
  const rows = await world.rows(6);
  await world.sample({ setId: FAILED, rows });
  const [first] = await world.outcomes(FAILED);
  const ledger = await Ledger.open(world.store, uri.shard(FAILED, 0));
  await ledger.append({ ...(first as Outcome), kind: 'failed' }); // taken back
  await ledger.close();
  const second = await world.sample({ setId: NEW, rows, donors });
  expect([second.taken?.calls, second.requests, second.counts.answered]).toEqual([5, 1, 6]);
  const third = 'main/lap-0005/label/verdicts';
  const result = await world.sample({ setId: third, rows, donors: ['main/lap-0004', ...donors] });
  expect(result.taken?.calls).toBe(6);
  const fourth = 'main/lap-0006/label/verdicts';
  await world.sample({ setId: fourth, rows, donors: ['main/lap-0005'] });
  const paidBy = (await world.outcomes(fourth)).map(({ takenFrom }) => takenFrom);
  expect(paidBy).toEqual(['main/lap-0004', ...Array.from({ length: 5 }, () => 'main/lap-0003')]);
});

test('a worker that is killed while it takes over neither loses nor doubles anything', async () => {
  const root = mkdtempSync(path.join(tmpdir(), 'flywheel-taking-'));
  const own = await openWorld({ root, resolve: stub.url });
  const rows = await own.rows(400);
  const input = { setId: NEW, rows, samplesPerRow: 5, donors };
  await own.sample({ setId: FAILED, rows, samplesPerRow: 5 });
  const before = await asked();
  const script =
    `import { openWorld } from './test/activities/inference/world.ts'; ` +
    `const world = await openWorld({ root: ${JSON.stringify(root)}, resolve: ${JSON.stringify(stub.url)} }); ` +
    `await world.sample(${JSON.stringify(input)});`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], { stdio: 'ignore' });
  const ledger = own.store.path(uri.shard(NEW, 0));
  while (!existsSync(ledger) && child.exitCode === null) await sleep(1);
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  const result = await own.sample(input);
  expect(await asked()).toBe(before);
  expect(result.taken?.calls).toBe(2000);
  expect(told(await own.outcomes(NEW))).toEqual(told(await own.outcomes(FAILED)));
  await own.close();
  rmSync(root, { recursive: true });
});
