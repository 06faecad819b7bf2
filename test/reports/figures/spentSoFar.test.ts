import { SpentSoFar } from '../../../reports/figures/spentSoFar.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import { MemoryStore } from '../../activities/store/memoryStore.ts';

const LAP = 'main/lap-0001';
const recipe = {
  ...rehearsal,
  training: { ...rehearsal.training, nodes: 1, gpusPerNode: 8 },
  prices: { ...rehearsal.prices, perMillionPromptTokens: 1e6, perMillionCompletionTokens: 2e6, perGpuHour: 10 },
};
const usage = (promptTokens: number, completionTokens: number) => ({ promptTokens, completionTokens });
const counts = (answered: number) => ({ answered, unparseable: 0, truncated: 0, failed: 0 });
const line = (calls: number, taken?: object) =>
  `${JSON.stringify({ judge: { calls, ...usage(calls, calls), ...(taken && { taken }) } })}\n`;

async function begun(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const result = { counts: counts(5), usage: usage(50, 20), seconds: 30 };
  await store.writeJson(`ledger/${LAP}/cold-start/draft/shard-0000.result.json`, { result });
  const taken = { calls: 3, usage: usage(30, 10) };
  await store.writeJson(`ledger/${LAP}/label/verdicts/shard-0000.result.json`, { result: { ...result, taken } });
  await store.write(`rewards/${LAP}/verifier-v1/rewards.jsonl`, line(4) + line(2, { calls: 1, ...usage(1, 1) }));
  await store.writeJson(`jobs/${LAP}/verifier-v1/attempt-1.end.json`, { seconds: 1800, queuedSeconds: 900 });
  await store.writeJson(`jobs/${LAP}/verifier-v1/attempt-1.start.json`, { since: '2026-01-01T00:00:00Z' });
  await store.writeJson(`jobs/${LAP}/verifier-v1/result.json`, { status: 'succeeded', tokens: 700 });
  return store;
}

test('what a lap has taken is what its shards, judges and trainings took, without what another lap paid for', async () => {
  const spent = await new SpentSoFar(await begun(), LAP).read(recipe);
  expect(spent).toMatchObject({
    calls: 5 + (5 - 3) + 4 + (2 - 1),
    promptTokens: 50 + 20 + 5,
    completionTokens: 20 + 10 + 5,
    trainingTokens: 700,
    queuedHours: 0.25,
    tokens: 75 + 35 + 700,
    gpuHours: 4, // half an hour of eight
    cost: 75 + 2 * 35 + 40,
  });
});

test('calls of shards under way are counted as they are made, and an attempt that runs as it runs', async () => {
  const store = await begun();
  const before = await new SpentSoFar(store, LAP).read(recipe);
  const since = new Date(Date.now() - 3_600_000).toISOString();
  await store.writeJson(`jobs/${LAP}/generator/attempt-1.start.json`, { since });
  const now = await new SpentSoFar(store, LAP).read(recipe, { calls: 2, ...usage(8, 9) });
  expect(now.calls - before.calls).toBe(2);
  expect(now.tokens - before.tokens).toBe(17);
  expect(now.gpuHours - before.gpuHours).toBeCloseTo(8, 1);
});

test('of a file that grows only what came since is read, and a line that is being written is not there yet', async () => {
  const store = await begun();
  const rewards = `rewards/${LAP}/verifier-v1/rewards.jsonl`;
  const spent = new SpentSoFar(store, LAP);
  const { calls } = await spent.read(recipe);
  const text = await store.readText(rewards);
  await store.write(rewards, `${text}${line(10)}{"judge":{"ca`);
  expect((await spent.read(recipe)).calls).toBe(calls + 10);
  await store.write(rewards, `${text}${line(10)}${line(7)}`);
  expect((await spent.read(recipe)).calls).toBe(calls + 17);
});
