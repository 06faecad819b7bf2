import type { ShardResult } from '../../activities/sets/shard.ts';
import { NOTHING_SPENT } from '../../shared/products/caps.ts';
import type { OpenedSolve } from '../../shared/products/input.ts';
import { NO_ENDS, SEARCHES, type RoundSummary, type SolveResult } from '../../shared/products/search.ts';
import { QUEUES } from '../../shared/queues.ts';
import { TASKS } from '../../shared/records.ts';
import type { Place } from '../../shared/ids.ts';
import type { solve } from '../../workflows/products/solve.ts';
import { startInferenceWorld, type InferenceWorld } from '../workflows/sets/inferenceWorld.ts';

/** Searches that are longer than a history, with activities that do nothing. */

const NONE = { answered: 1, unparseable: 0, truncated: 0, failed: 0 };
const REF = { uri: 'datasets/none.jsonl', sha256: '0', rows: 1 };
const ended = { end: 'passed', spent: { ...NOTHING_SPENT, calls: 2 } } as const;
let world: InferenceWorld;
/** Rounds that each problem needs. */
let rounds = 0;
let problems = 0;
const told: string[] = [];

const opened = (): OpenedSolve => ({
  place: 'solve/long' as Place,
  name: 'long',
  prompts: { name: 'none', sha256: '0' },
  seed: 1,
  sampling: Object.fromEntries(
    TASKS.map((task) => [task, { temperature: 1, topP: 1, maxTokens: 1 }]),
  ) as OpenedSolve['sampling'],
  engine: { engine: 'external', shardRows: 512, window: 4, maxConcurrency: 8 },
  problems: { ...REF, rows: problems },
  generator: { ref: { role: 'generator', endpoint: 'http://127.0.0.1:1', name: 'm', revision: '1' }, name: 'm' },
  verifier: { ref: { role: 'verifier', endpoint: 'http://127.0.0.1:1', name: 'm', revision: '1' }, name: 'm' },
  search: { ...SEARCHES.small, rounds },
  window: 16,
});

const shard: ShardResult = {
  rows: 1,
  counts: NONE,
  usage: { promptTokens: 1, completionTokens: 1 },
  requests: 1,
  seconds: 0,
};

beforeAll(async () => {
  const sets = () => ({ planSet: async () => ({ shards: 1 }), sampleShard: async () => shard });
  const products = () => ({
    openSolve: async () => opened(),
    problemsFrom: async ({ from, count }: { from: number; count: number }) =>
      Array.from({ length: Math.min(count, problems - from) }, (_, index) => ({ id: `p${from + index}`, rows: REF })),
    collectRound: async () => REF,
    rankRound: async ({ asked: { round } }: { asked: { round: number } }) => {
      const passed = round === rounds ? 1 : 0;
      const summary: RoundSummary = { round, written: NONE, judged: NONE, means: [passed], best: passed, passed };
      return { best: REF, summary };
    },
    writeSolvedProblem: async ({ at }: { at: string }) => {
      told.push(at);
      return ended;
    },
    writeSolvePage: async () => undefined,
    writeSolved: async (): Promise<SolveResult> => ({
      place: 'solve/long' as Place,
      search: SEARCHES.small,
      results: { ...REF, rows: told.length },
      done: { ...NO_ENDS, passed: told.length },
      spent: NOTHING_SPENT,
    }),
  });
  world = await startInferenceWorld('workflows/index.ts', sets, { orchestrator: products });
}, 60_000);
afterAll(() => world.stop());
beforeEach(() => {
  told.length = 0;
});

const solved = (workflowId: string) =>
  world.env.client.workflow.execute<typeof solve>('solve', {
    taskQueue: QUEUES.orchestrator,
    workflowId,
    args: [{ problems: 'none' }],
  });
const sizes = async (workflowId: string): Promise<number[]> =>
  (await world.histories(workflowId)).map(({ events }) => events);

test('a search of more rounds than a history has room for goes on in its next run', async () => {
  [problems, rounds] = [1, 150];
  expect((await solved('many-rounds')).done.passed).toBe(1);
  const runs = await sizes('solve/long/p0');
  expect(runs.length).toBeGreaterThan(1);
  expect(Math.max(...runs)).toBeLessThan(4_200);
  expect(Math.max(...(await sizes('many-rounds')))).toBeLessThan(1_000);
}, 600_000);

test('a thousand problems are each solved once, in runs below the events at which Temporal warns', async () => {
  [problems, rounds] = [1_000, 0];
  await solved('many-problems');
  expect([...told].sort()).toEqual(Array.from({ length: 1_000 }, (_, index) => `solve/long/p${index}`).sort());
  const runs = await sizes('many-problems');
  expect(runs.length).toBeGreaterThan(1);
  expect(Math.max(...runs)).toBeLessThan(10_240);
}, 900_000);
