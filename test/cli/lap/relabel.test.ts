import { relabel } from '../../../cli/lap/relabel.ts';
import { readShard, setsOf, shardFiles } from '../../../activities/sets/inspect.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { openWorld, type World } from '../../activities/inference/world.ts';

jest.setTimeout(60_000);

let stub: Stub;
let world: World;

beforeAll(async () => {
  stub = await startStub({ medianMs: 3, unparseable: 0.05 });
  world = await openWorld({ resolve: stub.url });
  await world.label({
    proofs: await world.rows(60),
    policy: { analysesPerProof: 6, metaAnalysesPerAnalysis: 4, minValidAnalyses: 2, confirmingMetaScore: 1 },
  });
});
afterAll(async () => {
  await world.close();
  await stub.kill();
});

test('the same policy gives the same labels, without a call', async () => {
  const { requests } = await stub.stats();
  const { summary } = await relabel(world.store, 'set', {});
  expect(summary).toMatchObject({
    proofs: 60,
    unchanged: 60,
    stillToAsk: { proofs: 0, nextWave: { analyses: 0, metaAnalyses: 0 } },
  });
  expect((await stub.stats()).requests).toBe(requests);
});

test('another policy says what would still have to be asked', async () => {
  const { summary, policy } = await relabel(world.store, 'set', { k: '4', m: '8' });
  expect(policy).toMatchObject({ minValidAnalyses: 4, metaAnalysesPerAnalysis: 8, analysesPerProof: 6 });
  expect(summary.stillToAsk.proofs).toBeGreaterThan(0);
  expect(summary.stillToAsk.nextWave.metaAnalyses).toBeGreaterThan(0);
});

test('without meta-verification nothing more would have to be asked about an analysis', async () => {
  const { summary, policy } = await relabel(world.store, 'set', { m: '0' });
  expect(policy.metaAnalysesPerAnalysis).toBe(0);
  expect(summary.stillToAsk.nextWave.metaAnalyses).toBe(0);
});

test('the other rule decides the same outcomes in its own way, without a call', async () => {
  const { requests } = await stub.stats();
  const { policy, summary } = await relabel(world.store, 'set', { rule: 'cumulative' });
  expect(policy).toMatchObject({ rule: 'cumulative', minValidAnalyses: 2 });
  expect(summary.proofs).toBe(60);
  expect((await stub.stats()).requests).toBe(requests);
});

test('a policy that is none is refused by name', async () => {
  await expect(relabel(world.store, 'set', { rule: 'mean' })).rejects.toThrow(
    'Expected --rule to be lowest or cumulative, got "mean"',
  );
  await expect(relabel(world.store, 'set', { k: 'two' })).rejects.toThrow(
    'Expected --k to be a whole number of at least 1, or a share of n such as 1/8, got "two"',
  );
  await expect(relabel(world.store, 'other', {})).rejects.toThrow(
    /Expected the name of a set in the store, got "other"/,
  );
});

test('a ledger is read shard by shard, and its sets are listed', async () => {
  expect(await setsOf(world.store)).toEqual(['set']);
  const [shard] = await shardFiles(world.store, 'set');
  expect(shard?.state).toBe('sealed');
  let kinds = 0;
  for await (const { kind } of readShard(world.store, shard as NonNullable<typeof shard>))
    if (kind === 'unparseable') kinds += 1;
  expect(kinds).toBe((await stub.stats()).counts['unparseable']);
});
