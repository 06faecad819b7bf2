import { modelKey } from '../../shared/records.ts';
import { QUEUES } from '../../shared/queues.ts';
import type { labelSet } from '../../workflows/sets/labelSet.ts';
import type { StubStats } from '../stub-server/start.ts';
import { inferenceActivities, startInferenceWorld } from '../workflows/sets/inferenceWorld.ts';
import { labelInput } from './labelInput.ts';
import { rateOf } from './saturation.ts';

/** What one size came to. */
export interface GrowthFigures {
  readonly proofs: number;
  readonly calls: number;
  readonly seconds: number;
  /** Of the middle 80 % of the calls. */
  readonly callsPerSecond: number;
  /** Largest resident set of the process that holds the worker: engine, ledgers, workflows and Temporal's client. */
  readonly peakMiB: number;
  readonly runs: number;
  readonly eventsOfLongestRun: number;
}

const [proofs, url, statsUrl, bundle] = process.argv.slice(2) as [string, string, string, string];
const world = await startInferenceWorld(
  'workflows/sets/labelSet.ts',
  inferenceActivities(async (model) => [{ baseUrl: url, model: modelKey(model), maxConcurrency: 256 }]),
  { bundle },
);
const label = async (setId: string, count: number) => {
  const input = labelInput(world, setId, await world.rows(count), { n: 4, m: 2, k: 1, shardRows: 250, window: 4 });
  return world.env.client.workflow.execute<typeof labelSet>('labelSet', {
    taskQueue: QUEUES.orchestrator,
    workflowId: setId,
    args: [{ ...input, seed: count }],
  });
};
// Code, connections and heaps are warm in both sizes.
await label('warm-up', 3_000);
const began = performance.now();
let calls = 0;
const stats =
  statsUrl === '' ? undefined : { stats: async () => (await (await fetch(`${statsUrl}/stats`)).json()) as StubStats };
const callsPerSecond = await rateOf(stats, async () => {
  const { counts } = await label('growth', Number(proofs));
  calls = counts.answered;
});
const seconds = (performance.now() - began) / 1000;
const runs = await world.histories('growth');
const figures: GrowthFigures = {
  proofs: Number(proofs),
  calls,
  seconds: Math.round(seconds),
  callsPerSecond: Math.round(stats === undefined ? calls / seconds : callsPerSecond),
  peakMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  runs: runs.length,
  eventsOfLongestRun: Math.max(...runs.map(({ events }) => events)),
};
await world.stop();
process.stdout.write(`${JSON.stringify(figures)}\n`);
process.exit(0);
