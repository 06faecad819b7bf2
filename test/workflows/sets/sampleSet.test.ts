import type { CutInput } from '../../../activities/sets/shards.ts';
import type { SampleShardInput } from '../../../activities/sets/sampleShard.ts';
import type { ShardResult } from '../../../activities/sets/shard.ts';
import type { SampleSetInput, SetProgress } from '../../../shared/sampling/sets.ts';
import { QUEUES } from '../../../shared/queues.ts';
import type { sampleSet } from '../../../workflows/sets/sampleSet.ts';
import { MODEL } from '../../activities/inference/world.ts';
import { startInferenceWorld, type InferenceWorld } from './inferenceWorld.ts';

jest.setTimeout(60_000);

const SHARDS = 900;
const asked: number[] = [];
let atOnce = 0;
let mostAtOnce = 0;
let world: InferenceWorld;

beforeAll(async () => {
  world = await startInferenceWorld('workflows/sets/sampleSet.ts', () => ({
    planSet: async ({ rows, shardRows }: CutInput) => ({ shards: Math.ceil(rows.rows / shardRows) }),
    sampleShard: async ({ shard }: SampleShardInput): Promise<ShardResult> => {
      asked.push(shard);
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      await new Promise((resolve) => setTimeout(resolve, 1));
      atOnce -= 1;
      return {
        rows: 2,
        counts: { answered: 2, unparseable: 1, truncated: 0, failed: 0 },
        usage: { promptTokens: 10, completionTokens: 20 },
        requests: 3,
        seconds: 0.5,
      };
    },
  }));
});
afterAll(() => world.stop());

test('a set of any size runs as a window of shards, and no run of it has more than 4,096 events', async () => {
  const input: SampleSetInput = {
    setId: 'main/lap-0001/draft',
    rows: { uri: 'datasets/none.jsonl', sha256: '0', rows: 2 * SHARDS },
    task: 'prove',
    model: MODEL,
    prompts: world.prompts,
    samplesPerRow: 1,
    sampling: { temperature: 1, topP: 1, maxTokens: 8 },
    seed: 1,
    attempts: 1,
    engine: { engine: 'external', shardRows: 2, window: 6, maxConcurrency: 8 },
  };
  const handle = await world.env.client.workflow.start<typeof sampleSet>('sampleSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: input.setId,
    args: [input],
  });
  const result = await handle.result();
  expect(result).toEqual({
    setId: input.setId,
    shards: SHARDS,
    rows: 2 * SHARDS,
    counts: { answered: 2 * SHARDS, unparseable: SHARDS, truncated: 0, failed: 0 },
    usage: { promptTokens: 10 * SHARDS, completionTokens: 20 * SHARDS, thinkingTokens: 0 },
    requests: 3 * SHARDS,
    inferenceSeconds: 0.5 * SHARDS,
  });
  expect([...asked].sort((a, b) => a - b)).toEqual(Array.from({ length: SHARDS }, (_, shard) => shard));
  expect(mostAtOnce).toBeLessThanOrEqual(6);
  const runs = await world.histories(input.setId);
  expect(runs.length).toBe(3);
  expect(Math.max(...runs.map(({ events }) => events))).toBeLessThan(4_096);
  const progress = await world.env.client.workflow.getHandle(input.setId).query<SetProgress>('progress');
  expect(progress).toMatchObject({ shards: SHARDS, shardsDone: SHARDS, rowsDone: 2 * SHARDS });
});
