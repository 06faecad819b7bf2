import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSolveWorld } from '../workflows/products/solveWorld.ts';
import type { Bench } from './bench.ts';

const CONCURRENCY = 128;
const PROBLEMS = 4;
/** Nothing passes: 4 × 4 × (16 + 16 × 16) calls, less those that the early stop spares. */
const SEARCH = { proofs: 16, analyses: 16, refined: 16, shown: 4, rounds: 3 };
const KILLS = [0.2, 0.45, 0.7];

/** The worker of some searches is killed with -9 on the way, and another goes on. Calls are counted by the stub. */
export const searchCrashCost: Bench = {
  name: 'search-crash-cost',
  about: `most calls paid twice after a kill -9 of the worker of ${PROBLEMS} searches ÷ calls in flight at the kill`,
  goal: '<= 1',
  met: (value) => value <= 1,
  takes: [],
  async run() {
    const world = await startSolveWorld({ medianMs: 150, sigma: 0.8, issues: 0.5, differ: 0.5 }, { workers: false });
    try {
      const { stub } = world;
      const problems = await world.problems(PROBLEMS);
      const most = PROBLEMS * (SEARCH.rounds + 1) * (SEARCH.proofs + SEARCH.proofs * SEARCH.analyses);
      let worker = await world.startWorker();
      const handle = await world.start({ name: 'killed', problems, search: SEARCH, concurrency: CONCURRENCY });
      const kills: { at: number; inFlight: number; repeatedBefore: number }[] = [];
      for (const share of KILLS) {
        while ((await stub.stats()).requests < share * most) await sleep(10);
        const { peakOfLastSecond: inFlight } = await stub.stats();
        const ended = once(worker, 'exit');
        worker.kill('SIGKILL');
        await ended;
        kills.push({ at: share, inFlight, repeatedBefore: (await stub.stats()).repeated });
        worker = await world.startWorker();
      }
      const solved = await world.solvedIn(await handle.result());
      const { requests, repeated } = await stub.stats();
      const costs = kills.map(({ at, inFlight, repeatedBefore }, index) => ({
        killedAt: at,
        callsInFlight: inFlight,
        paidTwice: (kills[index + 1]?.repeatedBefore ?? repeated) - repeatedBefore,
      }));
      return {
        value: Math.max(...costs.map(({ callsInFlight, paidTwice }) => paidTwice / Math.max(1, callsInFlight))),
        detail: {
          kills: costs,
          needed: solved.spent.calls,
          paid: requests,
          paidTwice: repeated,
          search: SEARCH,
          problems: PROBLEMS,
          concurrency: CONCURRENCY,
          inFlight: 'most calls open at the stub in the second before the kill',
          server: (await stub.stats()).self,
        },
      };
    } finally {
      await world.stop();
    }
  },
};
