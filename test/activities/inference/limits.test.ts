import type { RateLimits } from '../../../shared/sampling/rateLimit.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { MODEL, openWorld, quiet, type World } from './world.ts';

jest.setTimeout(60_000);

let stub: Stub;
let world: World;

afterEach(async () => {
  await world.close();
  await stub.kill();
});

/** A server that is as strict as its settings say. */
async function open(limits: RateLimits) {
  const { requestsPerMinute = 0, tokensPerMinute = 0 } = limits;
  stub = await startStub({ medianMs: 20, requestsPerMinute, tokensPerMinute });
  world = await openWorld({
    resolve: async () => [{ baseUrl: stub.url, model: 'm', maxConcurrency: 64, limits }],
    verify: true,
  });
}

test('a server whose limits are known is never asked beyond them, its model checked included', async () => {
  await open({ requestsPerMinute: 1_200 });
  const { counts, requests } = await world.sample({ rows: await world.rows(30), samplesPerRow: 2 });
  expect(counts).toMatchObject({ answered: 60, failed: 0 });
  expect(requests).toBe(60);
  expect((await stub.stats()).counts['429']).toBeUndefined();
});

test('two models of one server share its limits', async () => {
  await open({ requestsPerMinute: 1_200 });
  const other = { ...MODEL, checkpoint: { uri: `checkpoints/${'b'.repeat(64)}`, sha256: 'b'.repeat(64) } };
  const rows = await world.rows(20);
  await Promise.all([world.sample({ rows, setId: 'one' }), world.sample({ rows, setId: 'other', model: other })]);
  const { counts, distinct } = await stub.stats();
  expect(distinct).toBeGreaterThan(20);
  expect(counts['429']).toBeUndefined();
});

test('what is left of a minute is not asked for before the next', async () => {
  await open({ tokensPerMinute: 7_000 });
  const stop = new AbortController();
  const asked = world.sample({ rows: await world.rows(12) }, { ...quiet(), signal: stop.signal });
  asked.catch(() => undefined);
  while ((await stub.stats()).answered < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  await new Promise((resolve) => setTimeout(resolve, 300));
  stop.abort(new Error('enough'));
  await expect(asked).rejects.toThrow('enough');
  const { counts, answered } = await stub.stats();
  expect(counts['429']).toBeUndefined();
  // Each has 1,024 tokens to answer and a prompt of a few hundred.
  expect(answered).toBeLessThan(7);
});

test('a server that is stricter than it was said is waited for as it asks', async () => {
  await open({ requestsPerMinute: 6_000 });
  await stub.change({ requestsPerMinute: 600 });
  const { counts, requests } = await world.sample({ rows: await world.rows(15) });
  expect(counts.answered).toBe(15);
  expect(requests).toBeGreaterThan(15);
});
