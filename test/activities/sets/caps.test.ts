import type { Place } from '../../../shared/ids.ts';
import { spentIn } from '../../../shared/products/caps.ts';
import type { SetCaps } from '../../../shared/sampling/caps.ts';
import type { SampleSetInput } from '../../../shared/sampling/sets.ts';
import { spentBelow } from '../../../activities/sets/spent.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { openWorld, type World } from '../inference/world.ts';

jest.setTimeout(60_000);

const place = 'solve/putnam' as Place;

let stub: Stub;
let world: World;

beforeEach(async () => {
  stub = await startStub({ medianMs: 5, unparseable: 0.1 });
  world = await openWorld({ resolve: stub.url });
});
afterEach(async () => {
  await world.close();
  await stub.kill();
});

async function sampled(caps: Partial<SetCaps>, more: Partial<SampleSetInput> = {}) {
  const rows = await world.rows(10);
  return world.sample({ setId: `${place}/draft`, rows, samplesPerRow: 4, caps: { place, ...caps }, ...more });
}
const spent = async () => spentIn((await spentBelow(world.store, place)).kinds);

test('a set that reaches its cap has paid for no call beyond it, and goes on under a greater one', async () => {
  await expect(sampled({ calls: 25 })).rejects.toMatchObject({ name: 'CapReached' });
  const { requests, repeated, counts } = await stub.stats();
  expect({ requests, repeated, aborted: counts['aborted'] ?? 0 }).toEqual({ requests: 25, repeated: 0, aborted: 0 });
  expect((await spent()).calls).toBe(25);
  await expect(sampled({ calls: 25 })).rejects.toMatchObject({ name: 'CapReached' });
  const { answered, unparseable } = (await sampled({ calls: 40 })).counts;
  expect(answered + unparseable).toBe(40);
  expect(await stub.stats()).toMatchObject({ requests: 40, repeated: 0 });
  expect((await spent()).calls).toBe(40);
});

test('a call that failed is one call, however often it is asked for', async () => {
  await stub.change({ refused: 0.2 });
  await expect(sampled({ calls: 30 })).rejects.toMatchObject({ name: 'CapReached' });
  expect((await spent()).calls).toBe(30);
  await stub.change({ refused: 0 });
  expect((await sampled({ calls: 40 })).counts.failed).toBe(0);
  expect((await spent()).calls).toBe(40);
});

test('what is on a ledger is used, however small the cap', async () => {
  const whole = await sampled({});
  expect(await sampled({ calls: 0 })).toEqual(whole);
  // Another plan, which wants fewer of the same calls: the ledger is opened again.
  expect(await sampled({ calls: 0 }, { attempts: 2, samplesPerRow: 4, task: 'verify' }).catch(String)).toContain(
    'at most 0',
  );
  await sampled({ calls: 0 }, { samplesPerRow: 1 });
  expect(await stub.stats()).toMatchObject({ requests: 40 });
});

test('the sets of a place share what they may take', async () => {
  await sampled({ calls: 60 });
  await expect(sampled({ calls: 60 }, { setId: `${place}/refined`, seed: 2 })).rejects.toThrow(/at most 60 calls/);
  expect((await spent()).calls).toBe(60);
  await sampled({ calls: 40, place: `${place}/refined` as Place }, { setId: `${place}/refined`, seed: 2 });
  expect((await spent()).calls).toBe(80);
});

test('tokens are capped, too, and what was taken is told by result, ledger and sealed ledger alike', async () => {
  await sampled({ tokens: 1e6 });
  const whole = await spent();
  await world.store.remove('ledger/solve/putnam/draft/shard-0000.result.json');
  const { usage } = await spent();
  expect(usage).toEqual(whole.usage);
  const cap = usage.promptTokens + usage.completionTokens;
  await expect(sampled({ tokens: 1.5 * cap }, { setId: `${place}/other`, seed: 2 })).rejects.toThrow(/tokens together/);
  const after = await spent();
  const taken = after.usage.promptTokens + after.usage.completionTokens;
  expect(taken / cap).toBeGreaterThan(1.4);
  expect(taken / cap).toBeLessThan(1.55);
});

test('a label set stops within its analyses and their meta-analyses, and labels all the same afterwards', async () => {
  const proofs = await world.rows(8);
  const label = (calls: number, setId: string) => world.label({ setId, proofs, caps: { place, calls } });
  await expect(label(20, `${place}/labels`)).rejects.toMatchObject({ name: 'CapReached' });
  expect((await stub.stats()).distinct).toBe(20);
  const capped = await label(1_000, `${place}/labels`);
  const never = await world.label({ setId: 'labels', proofs });
  expect(await world.store.readRows(capped.decisions)).toEqual(await world.store.readRows(never.decisions));
});
