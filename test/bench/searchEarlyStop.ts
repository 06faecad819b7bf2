import type { MaybeScore } from '../../shared/label/autoLabel.ts';
import { drawProof } from '../../shared/label/population.ts';
import { bestOf, countVerdicts, leastMeanAfter, meanScore, passes, type Ranked } from '../../shared/products/pool.ts';
import { isWorthStopping, verdictsToAsk } from '../../shared/products/reach.ts';
import { SEARCHES, type PoolSearch } from '../../shared/products/search.ts';
import { randomFrom } from '../../shared/seeds.ts';
import type { Bench } from './bench.ts';

const PROBLEMS = 60;
/** Of verdicts, missing after all attempts. */
const LOST = 0.01;

/** How analyses of a proof come out. */
interface Rates {
  readonly reports: number;
  readonly zero: number;
}

interface Proof extends Ranked {
  readonly rates: Rates;
}

/** What a search came to under the full rule, and what early stop asked and kept. */
interface Came {
  full: number;
  asked: number;
  rounds: number;
  passed: number;
  keptOther: number;
}

/** What a refinement makes of the share of analyses that report an issue: a factor from the first to the second. */
const REFINEMENTS = { better: [0.4, 1.2], level: [0.6, 1.4] } as const;
type Refinement = (typeof REFINEMENTS)[keyof typeof REFINEMENTS];

/**
 * Searches over proofs as `shared/label/population.ts` draws them (docs/method.md, "A population to try rules on"), of
 * which round 0 has no sound one. Ours.
 */
export const searchEarlyStop: Bench = {
  name: 'search-early-stop',
  about:
    'verdicts that early stop asks for ÷ those of the full rule, in the search `paper` of problems that refinement ' +
    'makes no better; 1 unless the kept proofs are the same',
  goal: '<= 0.98',
  met: (value) => value <= 0.98,
  takes: [],
  run: () => {
    const of = (refinement: Refinement) =>
      Object.fromEntries(Object.entries(SEARCHES).map(([name, search]) => [name, searchAll(search, refinement)]));
    const [level, better] = [of(REFINEMENTS.level), of(REFINEMENTS.better)];
    const keptOther = [...Object.values(level), ...Object.values(better)].some((came) => came.keptOther > 0);
    return Promise.resolve({
      value: keptOther ? 1 : (level['paper']?.share ?? 1),
      detail: { level, better, refinements: REFINEMENTS, problems: PROBLEMS, lostVerdicts: LOST },
    });
  },
};

function searchAll(search: PoolSearch, refinement: Refinement) {
  const came: Came = { full: 0, asked: 0, rounds: 0, passed: 0, keptOther: 0 };
  const random = randomFrom(7);
  for (let problem = 0; problem < PROBLEMS; problem += 1) searchOne(search, refinement, random, came);
  const { full, asked, ...more } = came;
  return { share: Number((asked / full).toFixed(4)), verdicts: full, ...more };
}

function searchOne(search: PoolSearch, [worst, best]: Refinement, random: () => number, came: Came): void {
  const pools: { full: Proof[]; early: Proof[] } = { full: [], early: [] };
  let leastMean: number | null = null;
  for (let round = 0; round <= search.rounds; round += 1) {
    came.rounds += 1;
    const parents = round === 0 ? Array.from({ length: search.proofs }, () => undefined) : pools.full;
    const judged = parents.map((parent, index) => {
      const rates =
        parent === undefined ? firstRates(random) : refined(parent.rates, worst + (best - worst) * random());
      const all = Array.from({ length: search.analyses }, () => verdict(rates, random));
      const asked = leastMean === null ? all : askedOf(all, leastMean);
      came.full += all.length;
      came.asked += asked.length;
      const ranked = (scores: readonly MaybeScore[]): Proof => {
        const verdicts = countVerdicts(scores, all.length - scores.length);
        return { id: `${round}-${index}`, round, mean: meanScore(verdicts), verdicts, rates };
      };
      return { full: ranked(all), early: ranked(asked) };
    });
    const isOver = judged.some(({ full }) => passes(full.verdicts, search));
    const count = isOver || round === search.rounds ? 1 : search.refined;
    pools.full = bestOf([...pools.full, ...judged.map(({ full }) => full)], count);
    pools.early = bestOf([...pools.early, ...judged.map(({ early }) => early)], count);
    if (JSON.stringify(pools.full) !== JSON.stringify(pools.early)) came.keptOther += 1;
    const least = leastMeanAfter(round, pools.early, search);
    const means = judged.map(({ early }) => early.mean);
    leastMean = least !== null && isWorthStopping(least, means) ? least : null;
    if (isOver) {
      came.passed += 1;
      return;
    }
  }
}

function askedOf(all: readonly MaybeScore[], leastMean: number): MaybeScore[] {
  const asked: MaybeScore[] = [];
  const more = () => verdictsToAsk({ analyses: all.length, leastMean }, asked);
  for (let count = more(); count > 0; count = more()) asked.push(...all.slice(asked.length, asked.length + count));
  return asked;
}

function firstRates(random: () => number): Rates {
  for (;;) {
    const proof = drawProof(random);
    if (proof.truth < 1) return proof;
  }
}

const refined = ({ reports, zero }: Rates, by: number): Rates => ({ reports: Math.min(1, reports * by), zero });

function verdict({ reports, zero }: Rates, random: () => number): MaybeScore {
  if (random() < LOST) return undefined;
  return random() < reports ? (random() < zero ? 0 : 0.5) : 1;
}
