import { modelKey } from '../../../shared/records.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { fuzzedOutcomesAreAsMade } from './fuzz.ts';
import { openWorld, type World } from './world.ts';

jest.setTimeout(60_000);

let stub: Stub;
let world: World;

beforeEach(async () => {
  stub = await startStub({ medianMs: 10, sigma: 0.5 });
  world = await openWorld({ resolve: stub.url });
});
afterEach(async () => {
  await world.close();
  await stub.kill();
});

test('every class of answer is counted, none is invented', async () => {
  await stub.change({
    refused: 0.05,
    empty: 0.05,
    unparseable: 0.05,
    truncated: 0.05,
    boxOfSeven: 0.05,
    invalidUtf8: 0.05,
    cut: 0.05,
    broken: 0.05,
    stragglers: 0.01,
  });
  const result = await world.sample({ rows: await world.rows(400) });
  const { counts } = await stub.stats();
  // One that is refused is sent again, in case that it is the server.
  const refused = (counts['refused'] ?? 0) / 5;
  const unparseable =
    (counts['empty'] ?? 0) + (counts['unparseable'] ?? 0) + (counts['boxOfSeven'] ?? 0) + (counts['invalidUtf8'] ?? 0);
  expect(result.counts).toEqual({
    answered: 400 - unparseable - refused - (counts['truncated'] ?? 0),
    unparseable,
    truncated: counts['truncated'],
    failed: refused,
  });
  const outcomes = await world.outcomes();
  expect(outcomes.map(({ row }) => row)).toEqual(Array.from({ length: 400 }, (_, row) => `r${row}`));
  for (const outcome of outcomes) expect(outcome.score !== undefined).toBe(outcome.kind === 'answered');
  expect(outcomes.filter(({ reason }) => reason?.includes('the stub refuses this one')).length).toBe(refused);
});

test('a malformed answer is asked again under a new seed, and every outcome is kept', async () => {
  await stub.change({ unparseable: 0.3 });
  const result = await world.sample({ rows: await world.rows(100), attempts: 5 });
  expect(result.counts.answered).toBeGreaterThan(95);
  expect(result.counts.unparseable).toBeGreaterThan(15);
  expect((await world.outcomes()).length).toBe(100);
});

test('answers of a megabyte come through whole', async () => {
  await stub.change({ huge: 1 });
  await world.sample({ rows: await world.rows(5) });
  for (const { kind, text } of await world.outcomes()) {
    expect(kind).toBe('answered');
    expect(text?.length).toBeGreaterThan(1_000_000);
  }
});

test('a server that is gone is waited for; a set whose patience ends fails, and is not sealed', async () => {
  await stub.kill();
  const asked: boolean[] = [];
  const patient = await openWorld({
    resolve: async (model, options) => {
      asked.push(options?.refresh ?? false);
      return [{ baseUrl: stub.url, model: modelKey(model), maxConcurrency: 8 }];
    },
    patienceMs: 20_000,
  });
  const under = patient.sample({ rows: await patient.rows(50) });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const again = await startStub({ port: stub.port, medianMs: 10 });
  expect((await under).counts).toEqual({ answered: 50, unparseable: 0, truncated: 0, failed: 0 });
  expect(asked).toContain(true);
  await again.kill();
  await patient.close();

  const impatient = await openWorld({ resolve: stub.url, patienceMs: 500 });
  await expect(impatient.sample({ rows: await impatient.rows(20) })).rejects.toThrow(
    /no server of model a+ answered for 1 s; last: .*ECONNREFUSED/,
  );
  await expect(impatient.outcomes()).rejects.toThrow('is not sealed yet');
  await impatient.close();
});

test('an overloaded server gets fewer calls at once, and loses none', async () => {
  await stub.change({ capacity: 16, medianMs: 20, sigma: 0.2 });
  const result = await world.sample({ rows: await world.rows(500) });
  expect(result.counts.answered).toBe(500);
  const { counts, answered } = await stub.stats();
  expect(answered).toBe(500);
  expect(counts['429'] ?? 0).toBeLessThan(200);
});

test('of several servers one may vanish', async () => {
  const other = await startStub({ medianMs: 10 });
  const both = await openWorld({
    resolve: async (model) =>
      [stub, other].map(({ url }) => ({ baseUrl: url, model: modelKey(model), maxConcurrency: 16 })),
  });
  const under = both.sample({ rows: await both.rows(500) });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await other.kill();
  expect((await under).counts.answered).toBe(500);
  await both.close();
});

test('of 1,000 fuzzed replies each comes to what it was made to be: nothing hangs, nothing is invented', () =>
  fuzzedOutcomesAreAsMade(1_000));
