import { startSolveWorld } from '../workflows/products/solveWorld.ts';
import type { Bench } from './bench.ts';

const LOST = 0.85;
const PROBLEMS = 40;
const SEARCH = { proofs: 16, analyses: 16, refined: 8, shown: 4, rounds: 2 };

/**
 * Every verdict that can be read is a 1, and 85 % of all answers cannot be: of a proof that n usable verdicts of n
 * have passed there is next to none.
 */
export const searchFalseSolved: Bench = {
  name: 'search-false-solved',
  about: `share of problems called passed where ${100 * LOST} % of the answers cannot be read`,
  goal: '0',
  met: (value) => value === 0,
  takes: [],
  async run() {
    const world = await startSolveWorld({ medianMs: 5, sigma: 0.5, issues: 0, unparseable: LOST });
    try {
      const { problems, done, spent } = await world.solve({
        name: 'lost',
        problems: await world.problems(PROBLEMS),
        search: SEARCH,
        concurrency: 128,
      });
      const best = problems.flatMap((problem) => problem.best ?? []);
      return {
        value: done.passed / PROBLEMS,
        detail: {
          ends: done,
          calls: spent.calls,
          problemsWhoseUsableVerdictsAreAll1: best.filter(({ mean }) => mean === 1).length,
          mostUsableVerdictsOfOneProof: Math.max(0, ...best.map(({ verdicts }) => SEARCH.analyses - verdicts.missing)),
          search: SEARCH,
          attemptsAtAVerdict: 3,
          server: (await world.stub.stats()).self,
        },
      };
    } finally {
      await world.stop();
    }
  },
};
