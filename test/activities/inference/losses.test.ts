import { evidenceOf, readShard, shardFiles } from '../../../activities/sets/inspect.ts';
import type { SealedLine } from '../../../activities/ledger/sealedLedger.ts';
import { heals } from '../../../shared/failures.ts';
import { isFirstAttempt, lossShare, meanVerdict } from '../../../shared/figures/losses.ts';
import cases from '../../shared/selection.json' with { type: 'json' };
import { startStub, type Stub } from '../../stub-server/start.ts';
import { openWorld, type World } from './world.ts';

jest.setTimeout(60_000);

let stub: Stub;
let world: World;
beforeEach(async () => {
  stub = await startStub({ medianMs: 1, sigma: 0 });
  world = await openWorld({ resolve: stub.url, maxConcurrency: 256 });
});
afterEach(async () => {
  await world.close();
  await stub.kill();
});

async function ledger(setId = 'set'): Promise<SealedLine[]> {
  const lines: SealedLine[] = [];
  for (const shard of await shardFiles(world.store, setId))
    for await (const line of readShard(world.store, shard)) lines.push(line);
  return lines;
}

test.each(cases)(
  'a judge that loses $criticalLost of its critical and $friendlyLost of its friendly verdicts is seen to: what ' +
    'is left is biased, and the truth lies within the bounds of the first attempts',
  async ({ friendlyShare, criticalLost, friendlyLost, attempts, meanOfScored, unscorable, unbiased }) => {
    await stub.change({ issues: 1 - friendlyShare, criticalLost, friendlyLost, textBytes: 20 });
    const rows = await world.rows(1500);
    const engine = { engine: 'external', shardRows: 1500, window: 1, maxConcurrency: 256 };
    const { verdicts } = await world.sample({ rows, attempts, engine });
    const last = await world.outcomes();
    const kept = last.filter(({ kind }) => kind === 'answered');
    expect(shareOf(kept, ({ score }) => score === 1)).toBeCloseTo(meanOfScored, 1);
    expect(1 - kept.length / last.length).toBeCloseTo(unscorable, 1);

    const { verify } = verdicts as NonNullable<typeof verdicts>;
    expect(verify.asked).toBe(1500);
    expect(lossShare(verify)).toBeCloseTo(friendlyShare * friendlyLost + (1 - friendlyShare) * criticalLost, 1);
    // Of the stub's critical verdicts four in ten are 0.5.
    const truth = unbiased + (1 - unbiased) * 0.2;
    const { low, high } = meanVerdict(verify) as NonNullable<ReturnType<typeof meanVerdict>>;
    expect(low).toBeLessThan(truth + 0.02);
    expect(high).toBeGreaterThan(truth - 0.02);
  },
);

const shareOf = <T>(items: readonly T[], holds: (item: T) => boolean): number =>
  items.filter(holds).length / items.length;

test('verdicts that were lost stay on a finished ledger, whole, as a part of their set', async () => {
  await stub.change({ truncated: 0.2, unparseable: 0.2 });
  await world.sample({ rows: await world.rows(50), attempts: 3 });
  const lines = await ledger();
  const lost = lines.filter(({ kind }) => kind === 'truncated' || kind === 'unparseable');
  expect(lost.length).toBeGreaterThan(10);
  for (const { text, reason, unused } of lost) {
    expect(text).toMatch(/made up by a stub/);
    expect(reason).toBeTruthy();
    expect(unused).toBeUndefined();
  }
  // Each attempt of a sample says which it is, and they stand together.
  for (const [index, { row, attempt = 0 }] of lines.entries())
    if (attempt > 0) expect(lines[index - 1]).toMatchObject({ row, ...(attempt > 1 && { attempt: attempt - 1 }) });
  expect(lines.filter(({ attempt = 0 }) => attempt === 0)).toHaveLength(50);
});

test('what a proof is known by at first is read without the verdicts that were asked again', async () => {
  await stub.change({ truncated: 0.3 });
  await world.label({ proofs: await world.rows(20) });
  const [shard] = await shardFiles(world.store, 'set');
  const all = await evidenceOf(world.store, shard as NonNullable<typeof shard>);
  const first = await evidenceOf(world.store, shard as NonNullable<typeof shard>, isFirstAttempt);
  const lost = (await ledger()).filter(
    ({ kind, task, attempt = 0 }) => task === 'verify' && kind !== 'answered' && attempt === 0,
  );
  const known = (of: typeof all) => [...of.values()].flat().filter(({ score }) => score !== undefined).length;
  expect(lost.length).toBeGreaterThan(5);
  expect(known(first)).toBe([...all.values()].flat().length - lost.length);
  expect(known(all)).toBeGreaterThan(known(first));
});

test('a set whose judge loses more verdicts than is allowed stops, and keeps what was paid for', async () => {
  await stub.change({ issues: 0.9, criticalLost: 0.5 });
  const proofs = await world.rows(200);
  const labelled = world.label({ proofs, maxLossShare: 0.1 });
  await expect(labelled).rejects.toMatchObject({
    name: 'TooManyLost',
    message: expect.stringMatching(/the verifier of set to lose at most 10 % .* lost \d+.* truncated\)/),
  });
  expect(heals('TooManyLost')).toBe(false);
  const { answered } = await stub.stats();
  expect(answered).toBeLessThan(600);
  expect((await ledger()).length).toBeGreaterThan(answered / 2);
  await expect(world.label({ proofs, maxLossShare: 0.6 })).resolves.toMatchObject({ rows: 200 });
});
