import { modelKey, TASKS } from '../../../shared/records.ts';
import type { Outcome } from '../../../shared/outcomes.ts';
import { QUEUES } from '../../../shared/queues.ts';
import type { Asking, SampleOptions } from '../../../workflows/sets/sampler.ts';
import { readOutcomes } from '../../../activities/sets/outcomes.ts';
import { MODEL } from '../../activities/inference/world.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import type { ask } from './askWithoutLap.ts';
import { inferenceActivities, startInferenceWorld, type InferenceWorld } from './inferenceWorld.ts';
import type { Place } from '../../../shared/ids.ts';

jest.setTimeout(60_000);

let stub: Stub;
let world: InferenceWorld;

beforeAll(async () => {
  stub = await startStub({ medianMs: 2, sigma: 0.2 });
  world = await startInferenceWorld(
    'test/workflows/sets/askWithoutLap.ts',
    inferenceActivities(async (model) => [{ baseUrl: stub.url, model: modelKey(model), maxConcurrency: 64 }]),
  );
});
afterAll(async () => {
  await world.stop();
  await stub.kill();
});

const SAMPLING = { temperature: 0.7, topP: 0.9, maxTokens: 64 };

async function asked(place: string, sets: Readonly<Record<string, SampleOptions>>, more: Partial<Asking> = {}) {
  const asking: Asking = {
    place: place as Place,
    phase: 'measuring',
    prompts: world.prompts,
    seed: 1,
    sampling: Object.fromEntries(TASKS.map((task) => [task, SAMPLING])) as Asking['sampling'],
    engine: { engine: 'external', shardRows: 2, window: 2, maxConcurrency: 64 },
    ...more,
  };
  return world.env.client.workflow.execute<typeof ask>('ask', {
    taskQueue: QUEUES.orchestrator,
    workflowId: place,
    args: [{ asking, model: MODEL, rows: await world.rows(5), sets }],
  });
}

async function outcomesOf(setId: string): Promise<Outcome[]> {
  const found: Outcome[] = [];
  for await (const outcome of readOutcomes(world.store, setId)) found.push(outcome);
  return found;
}

/** What the shards of a set were asked with. */
async function sampledWith(setId: string): Promise<unknown> {
  const { plan } = await world.store.readJson<{ plan: { sampling: unknown } }>(
    `ledger/${setId}/shard-0000.result.json`,
  );
  return plan.sampling;
}

test('whoever has a place, prompts, a seed and an engine can ask; each set is on record', async () => {
  const sets = await asked('evaluate/proofbench', {
    sampled: { task: 'verify', perRow: 3 },
    greedy: { task: 'verify', perRow: 3, greedy: true },
  });
  expect(sets).toMatchObject([
    { setId: 'evaluate/proofbench/sampled', phase: 'measuring', task: 'verify', rows: 5, shards: 3 },
    { setId: 'evaluate/proofbench/greedy', phase: 'measuring', task: 'verify', rows: 5, shards: 3 },
  ]);
  expect((await outcomesOf('evaluate/proofbench/sampled')).map(({ row, sample }) => `${row} ${sample}`)).toEqual(
    [0, 1, 2, 3, 4].flatMap((row) => [0, 1, 2].map((sample) => `r${row} ${sample}`)),
  );
  expect(await sampledWith('evaluate/proofbench/sampled')).toEqual(SAMPLING);
  expect((await outcomesOf('evaluate/proofbench/greedy')).map(({ row }) => row)).toEqual(
    [0, 1, 2, 3, 4].map((row) => `r${row}`),
  );
  expect(await sampledWith('evaluate/proofbench/greedy')).toEqual({ temperature: 0, topP: 1, maxTokens: 64 });
});

test('a set is seeded by its path below the lap, or as its asker says', async () => {
  const keys = async (setId: string) => (await outcomesOf(setId)).map(({ key }) => key);
  const verify = { task: 'verify' } as const;
  await asked('main/lap-0001/draft', { one: verify, other: verify, fixed: { ...verify, seed: 7 } });
  await asked('again/lap-0009/draft', { one: verify, fixed: { ...verify, seed: 7 } });
  expect(await keys('again/lap-0009/draft/one')).toEqual(await keys('main/lap-0001/draft/one'));
  expect(await keys('main/lap-0001/draft/other')).not.toEqual(await keys('main/lap-0001/draft/one'));
  expect(await keys('again/lap-0009/draft/fixed')).toEqual(await keys('main/lap-0001/draft/fixed'));
});

test('a set without a single answer that can be read ends the work with why, unless it can do without', async () => {
  await stub.change({ refused: 1 });
  await expect(asked('solve/refused', { draft: { task: 'prove' } })).rejects.toMatchObject({
    cause: {
      cause: {
        type: 'NoAnswers',
        message: expect.stringContaining(
          'got none: 0 of 5 answers of solve/refused/draft (prove) could be read: 5 failed',
        ),
      },
    },
  });
  const [measured] = await asked('evaluate/refused', { sampled: { task: 'prove', mayFail: true } });
  expect(measured).toMatchObject({
    counts: { answered: 0, unparseable: 0, truncated: 0, failed: 5 },
    warning: expect.stringContaining('0 of 5 answers of evaluate/refused/sampled (prove) could be read'),
  });
  await stub.change({ refused: 0, truncated: 0.5, unparseable: 0.5 });
  await expect(asked('solve/unread', { draft: { task: 'prove' } })).rejects.toMatchObject({
    cause: { cause: { message: expect.stringMatching(/\d cut off .*\d malformed .*One of them: "Seed/) } },
  });
  await stub.change({ truncated: 0, unparseable: 0 });
  expect(await asked('solve/read', { draft: { task: 'prove' } })).toMatchObject([{ counts: { answered: 5 } }]);
});

test('a set ends at its cap with all that it paid for, and goes on under a greater one', async () => {
  const draft = { draft: { task: 'prove', perRow: 6 } } as const;
  const under = (calls: number) => ({ caps: { place: 'solve/capped' as Place, calls } });
  const before = await stub.stats();
  await expect(asked('solve/capped', draft, under(20))).rejects.toMatchObject({
    cause: { cause: { cause: { type: 'CapReached', message: expect.stringContaining('taken 20 calls') } } },
  });
  expect((await stub.stats()).requests - before.requests).toBe(20);
  expect(await asked('solve/capped', draft, under(30))).toMatchObject([{ rows: 5, counts: { answered: 30 } }]);
  const after = await stub.stats();
  expect({ requests: after.requests - before.requests, aborted: after.counts['aborted'] ?? 0 }).toEqual({
    requests: 30,
    aborted: before.counts['aborted'] ?? 0,
  });
});

test('an answer that cannot be read is asked for as often as its asker says', async () => {
  await stub.change({ unparseable: 0.5 });
  const [once, thrice] = await asked('evaluate/again', {
    once: { task: 'verify', perRow: 8 },
    thrice: { task: 'verify', perRow: 8, attempts: 3 },
  });
  await stub.change({ unparseable: 0 });
  expect(once?.counts.unparseable).toBeGreaterThan(8);
  const verdicts = await outcomesOf('evaluate/again/thrice');
  expect(verdicts.filter(({ kind }) => kind === 'answered').length).toBeGreaterThan(40 - 12);
  expect(thrice && thrice.counts.answered + thrice.counts.unparseable).toBeGreaterThan(40);
});

test('tokens that servers had in their caches are summed where a server tells of them, and else stand nowhere', async () => {
  const verify = { set: { task: 'verify', perRow: 8 } } as const;
  const [untold] = await asked('evaluate/untold', verify);
  expect(untold && 'cachedPromptTokens' in untold.usage).toBe(false);
  await stub.change({ cacheBlocks: 10_000 });
  const [told] = await asked('evaluate/told', verify);
  await stub.change({ cacheBlocks: 0 });
  const outcomes = await outcomesOf('evaluate/told/set');
  const sum = outcomes.reduce((all, { usage }) => all + (usage?.cachedPromptTokens ?? 0), 0);
  expect(sum).toBeGreaterThan(0);
  expect(told?.usage.cachedPromptTokens).toBe(sum);
});
