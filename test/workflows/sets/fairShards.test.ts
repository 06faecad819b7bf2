import { setTimeout as sleep } from 'node:timers/promises';
import type { CutInput } from '../../../activities/sets/shards.ts';
import type { ShardResult } from '../../../activities/sets/shard.ts';
import { runOf } from '../../../shared/ids.ts';
import { QUEUES } from '../../../shared/queues.ts';
import { priorityOf, type Share } from '../../../shared/sampling/share.ts';
import type { SampleSetInput } from '../../../shared/sampling/sets.ts';
import type { sampleSet } from '../../../workflows/sets/sampleSet.ts';
import { MODEL } from '../../activities/inference/world.ts';
import { startInferenceWorld, type InferenceWorld } from './inferenceWorld.ts';

jest.setTimeout(180_000);

/** Shards that the worker runs at once. */
const SLOTS = 32;
let begun: string[] = [];
let open = (): void => undefined;
let gate = Promise.resolve();
let world: InferenceWorld;

beforeAll(async () => {
  world = await startInferenceWorld('workflows/sets/sampleSet.ts', () => ({
    planSet: async ({ rows, shardRows }: CutInput) => ({ shards: rows.rows / shardRows }),
    sampleShard: async ({ setId }: SampleSetInput): Promise<ShardResult> => {
      begun.push(runOf(setId));
      await gate;
      return {
        rows: 1,
        counts: { answered: 1, unparseable: 0, truncated: 0, failed: 0 },
        usage: { promptTokens: 1, completionTokens: 1 },
        requests: 1,
        seconds: 1,
      };
    },
  }));
});
afterAll(() => world.stop());

async function startSet(setId: string, shards: number, share?: Share) {
  const input: SampleSetInput = {
    setId,
    rows: { uri: 'datasets/none.jsonl', sha256: '0', rows: shards },
    task: 'prove',
    model: MODEL,
    prompts: world.prompts,
    samplesPerRow: 1,
    sampling: { temperature: 1, topP: 1, maxTokens: 8 },
    seed: 1,
    attempts: 1,
    engine: { engine: 'external', shardRows: 1, window: shards, maxConcurrency: 8 },
  };
  const handle = await world.env.client.workflow.start<typeof sampleSet>('sampleSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: setId,
    args: [input],
    priority: priorityOf(runOf(setId), share),
  });
  while (((await handle.describe()).raw.pendingActivities?.length ?? 0) < shards) await sleep(20);
  while (begun.length < SLOTS) await sleep(20);
  return handle;
}

/** Which laps' shards begin, in order, once the worker is free. */
async function beginnings(sets: readonly (readonly [setId: string, shards: number, share?: Share])[]) {
  begun = [];
  gate = new Promise((resolve) => (open = resolve));
  const handles = [];
  for (const [setId, shards, share] of sets) handles.push(await startSet(setId, shards, share));
  open();
  await Promise.all(handles.map((handle) => handle.result()));
  return begun.slice(SLOTS);
}

/** How many began before that run's last did. */
const untilLastOf = (run: string, order: readonly string[]): number => order.lastIndexOf(run) + 1;

test('a lap of 20 shards beside one of 400 that came first takes turns with it', async () => {
  const order = await beginnings([
    ['large/lap-0001/draft', 400],
    ['small/lap-0001/draft', 20],
  ]);
  expect(order).toHaveLength(420 - SLOTS);
  // 40 where they alternate exactly; what the worker had asked for before is ahead of that.
  expect(untilLastOf('small', order)).toBeLessThan(80);
});

test('laps of one team share its part with each other, not with another team', async () => {
  const order = await beginnings([
    ['a/lap-0002/draft', 200, { team: 'algebra' }],
    ['b/lap-0002/draft', 200, { team: 'algebra' }],
    ['c/lap-0002/draft', 40, { team: 'geometry' }],
  ]);
  expect(untilLastOf('c', order)).toBeLessThan(130);
});

test('a lap of a higher priority goes before all that wait', async () => {
  const order = await beginnings([
    ['large/lap-0003/draft', 200],
    ['urgent/lap-0003/draft', 40, { priority: 1 }],
  ]);
  expect(untilLastOf('urgent', order)).toBeLessThan(70);
});
