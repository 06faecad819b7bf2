import { startSolveWorld, type SolveWorld } from '../workflows/products/solveWorld.ts';
import { ACTION_EVENTS } from './actions.ts';
import type { Bench } from './bench.ts';

const PROBLEMS = 16;
const CONCURRENCY = 512;
/** A call takes 3 s or so, and a round half a minute or more. */
const LATENCY = { medianMs: 3_000, sigma: 0.8 };
const SEARCH = { proofs: 16, analyses: 16, refined: 16, shown: 4, rounds: 2 };

/**
 * Real searches on a real Temporal server; Actions from the histories of all their workflows, heartbeats from the
 * server's own count of requests.
 */
export const searchActions: Bench = {
  name: 'search-actions',
  about: `Temporal Actions per problem and round, of ${PROBLEMS} searches (16 × 16, 3 rounds)`,
  goal: '<= 60',
  met: (value) => value <= 60,
  takes: [],
  async run() {
    const world = await startSolveWorld({ ...LATENCY, issues: 0.5, differ: 0.8 });
    try {
      const began = performance.now();
      const { problems } = await world.solve({
        name: 'actions',
        problems: await world.problems(PROBLEMS),
        search: SEARCH,
        concurrency: CONCURRENCY,
      });
      const seconds = (performance.now() - began) / 1000;
      const rounds = problems.reduce((sum, problem) => sum + problem.rounds.length, 0);
      const events = await eventsOf(world);
      const heartbeats = await world.serverRequests('RecordActivityTaskHeartbeat');
      const fromHistory = Object.values(events).reduce((sum, count) => sum + count, 0);
      return {
        value: (fromHistory + heartbeats) / rounds,
        detail: {
          problemRounds: rounds,
          secondsOfARound: Math.round(seconds / (SEARCH.rounds + 1)),
          actionEventsOfAProblemRound: Object.fromEntries(
            Object.entries(events).map(([type, count]) => [type, Number((count / rounds).toFixed(2))]),
          ),
          heartbeatsOfAProblemRound: Number((heartbeats / rounds).toFixed(2)),
          latencyMs: LATENCY,
          search: SEARCH,
          server: (await world.stub.stats()).self,
        },
      };
    } finally {
      await world.stop();
    }
  },
};

/** Of all workflows that have been, by type. */
async function eventsOf(world: SolveWorld): Promise<Record<string, number>> {
  const ids = new Set<string>();
  for await (const { workflowId } of world.env.client.workflow.list()) ids.add(workflowId);
  const events: Record<string, number> = {};
  for (const id of ids)
    for (const { types } of await world.histories(id))
      for (const [type, count] of Object.entries(types))
        if (ACTION_EVENTS.has(type)) events[type] = (events[type] ?? 0) + count;
  return events;
}
