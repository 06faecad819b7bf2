import { readOutcomes } from '../../activities/sets/outcomes.ts';
import { setsOfRound } from '../../shared/products/rounds.ts';
import type { SolvedProblem } from '../../shared/products/search.ts';
import { setIdOf, type Place } from '../../shared/ids.ts';
import { latencyOf, STUB_DEFAULTS } from '../stub-server/options.ts';
import { startSolveWorld, type SolveWorld } from '../workflows/products/solveWorld.ts';
import type { Bench } from './bench.ts';
import { idealWall, type PlannedCall } from './idealWall.ts';

const CONCURRENCY = 512;
const LATENCY = { medianMs: 1_500, sigma: 0.8, stragglers: 0.01 };
/** Nothing passes, so that every round is made. */
const QUALITY = { issues: 0.5, differ: 0.8 };
const SEARCH = { proofs: 16, analyses: 16, refined: 16, shown: 4, rounds: 2 };
const PROBLEMS = 24;

/**
 * Searches on a real Temporal server, by a stub of heavy-tailed latencies. Ideal is a schedule that knows them all: a
 * verdict waits for its proof alone, the proofs of a round for all verdicts of the one before.
 */
export const searchWall: Bench = {
  name: 'search-wall',
  about: `wall ÷ ideal wall of ${PROBLEMS} searches (16 × 16, 3 rounds) at once, ${CONCURRENCY} calls in flight`,
  goal: '<= 1.1',
  met: (value) => value <= 1.1,
  takes: [],
  async run() {
    const world = await startSolveWorld({ ...LATENCY, ...QUALITY }, { workers: false });
    try {
      await world.startWorker();
      await world.stub.change({ medianMs: 5 });
      // Connections and code are warm, as they are in any search but the first.
      await world.solve({
        name: 'warm-up',
        problems: await world.problems(4),
        search: SEARCH,
        concurrency: CONCURRENCY,
      });
      await world.stub.change(LATENCY);
      const measured = await measure(world);
      return {
        value: measured.ratio,
        detail: {
          ...measured,
          search: SEARCH,
          latencyMs: LATENCY,
          concurrency: CONCURRENCY,
          server: (await world.stub.stats()).self,
        },
      };
    } finally {
      await world.stop();
    }
  },
};

async function measure(world: SolveWorld) {
  const name = 'measured';
  const problems = await world.problems(PROBLEMS);
  const began = performance.now();
  const solved = await world.solve({ name, problems, search: SEARCH, concurrency: CONCURRENCY });
  const wallMs = performance.now() - began;
  const calls: PlannedCall[] = [];
  for (const problem of solved.problems) calls.push(...(await callsOf(world, name, problem)));
  const idealMs = idealWall(calls, CONCURRENCY);
  const work = calls.reduce((sum, { latencyMs }) => sum + latencyMs, 0) / CONCURRENCY;
  return {
    ratio: wallMs / idealMs,
    problems: solved.problems.length,
    calls: calls.length,
    wallMs: Math.round(wallMs),
    idealMs: Math.round(idealMs),
    latenciesDividedByConcurrencyMs: Math.round(work),
    idealOfOneAloneMs: Math.round(idealWall(calls, Infinity)),
  };
}

/** A problem's calls, as they wait for each other. */
async function callsOf(world: SolveWorld, name: string, { problem, rounds }: SolvedProblem): Promise<PlannedCall[]> {
  const at = `solve/${name}/${problem.id}` as Place;
  const calls: PlannedCall[] = [];
  for (const { round } of rounds) {
    const sets = setsOfRound(round);
    const before = round === 0 ? undefined : `${problem.id} ${round - 1}`;
    const proofs = await world.rowsOf<{ id: string; parent?: string }>(`datasets/${at}/round-${round}.jsonl`);
    const idOf = new Map(proofs.map(({ id, parent }) => [parent ?? id, id]));
    for await (const { row, sample, seed } of readOutcomes(world.store, setIdOf(at, sets.proofs))) {
      const id = idOf.get(round === 0 ? `${problem.id}-r0-${sample}` : row);
      calls.push({ part: id ?? `${row} unread`, after: before, latencyMs: latencyIn(seed) });
    }
    for await (const { row, seed } of readOutcomes(world.store, setIdOf(at, sets.verdicts)))
      calls.push({ part: `${problem.id} ${round}`, after: row, latencyMs: latencyIn(seed) });
  }
  return calls;
}

const latencyIn = (seed: number): number => latencyOf({ ...STUB_DEFAULTS, ...LATENCY }, seed);
