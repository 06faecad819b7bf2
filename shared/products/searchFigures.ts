import type { ProofScore } from '../scores.ts';
import type { Figure } from '../statistics/figure.ts';
import { jackknife, type Range } from '../statistics/estimates.ts';
import { mean, ratio, share, type OfProblem } from '../statistics/measures.ts';
import { byMean, passes, type Ranked } from './pool.ts';
import type { PoolSearch } from './search.ts';

/**
 * How far a search with a pool (paper 3.3.3) comes with each round, in the verifier's own eyes and, where a checker
 * knows it, in truth; intervals are clustered by problem. A search that has ended keeps what it has in later rounds.
 */

/** A proof of a pool. */
export interface PoolProof extends Ranked {
  /** What the domain's checker knows, where it has one. */
  readonly truth?: ProofScore | undefined;
}

/** A problem's search. */
export interface SearchedProblem extends OfProblem {
  /** It came to an end of its own; else it is in no figure. */
  readonly isFinal: boolean;
  /** Proofs that could be read, of each round that there was. */
  readonly rounds: readonly (readonly PoolProof[])[];
}

/** After a round, over all problems. */
export interface SearchPoint {
  readonly round: number;
  /** Problems that were searched in this round. */
  readonly searched: number;
  /** In the verifier's own eyes: problems of which a proof has passed, and the mean score of the best proof. */
  readonly passed: Figure;
  readonly bestMean: Figure;
  /** In truth: the mean score of the best proof by the verifier, and the share of problems where that is 1. */
  readonly bestTruth: Figure;
  readonly right: Figure;
  /** In truth: problems with a proof of 1 anywhere in the pool, which is all that choosing could find. */
  readonly found: Figure;
  /** Of the problems of which a proof has passed, those whose best proof is worth less than 1. */
  readonly falselyPassed: Figure;
}

export interface SearchFigures {
  readonly search: PoolSearch;
  /** Problems that are measured, and those left out because caps or a failure ended them early. */
  readonly problems: number;
  readonly unfinished: number;
  /** Mean true score of the proofs of round 0, one that could not be read at 0: what one proof without search is worth. */
  readonly oneShot: Figure;
  /** In truth: the score of the best proof after the last round, less `oneShot`; from −1 to 1, problem by problem. */
  readonly gain: Figure;
  readonly points: readonly SearchPoint[];
}

export function searchFigures(all: readonly SearchedProblem[], search: PoolSearch): SearchFigures {
  const problems = all.filter(({ isFinal }) => isFinal);
  const inTruth = (figure: () => Figure): Figure => (isKnown(problems) ? figure() : null);
  return {
    search,
    problems: problems.length,
    unfinished: all.length - problems.length,
    oneShot: inTruth(() =>
      ratio(
        problems.map(({ problem, rounds: [first = []] }) => ({
          hits: first.reduce((sum, { truth = 0 }) => sum + truth, 0),
          of: search.proofs,
          cluster: problem,
        })),
      ),
    ),
    gain: inTruth(() => meanGain(gainsOf(problems, search), ONE)),
    points: Array.from({ length: search.rounds + 1 }, (_, round): SearchPoint => {
      const states = problems.map((problem) => stateAfter(problem, round, search));
      const passed = states.filter((state) => state.passed);
      return {
        round,
        searched: problems.filter(({ rounds }) => rounds.length > round).length,
        passed: share(states, (state) => state.passed),
        bestMean: mean(states, ({ best }) => best?.mean ?? 0),
        bestTruth: inTruth(() => mean(states, ({ best }) => best?.truth ?? 0)),
        right: inTruth(() => share(states, ({ best }) => best?.truth === 1)),
        found: inTruth(() => share(states, (state) => state.found)),
        falselyPassed: inTruth(() => share(passed, ({ best }) => best?.truth !== 1)),
      };
    }),
  };
}

/** Whether a checker knows what all proofs are worth, and there are some. */
function isKnown(problems: readonly SearchedProblem[]): boolean {
  const proofs = problems.flatMap(({ rounds }) => rounds.flat());
  return proofs.length > 0 && proofs.every(({ truth }) => truth !== undefined);
}

interface Gain {
  readonly problem: string;
  readonly gain: number;
}

/** What searching adds to one proof, problem by problem. */
function gainsOf(problems: readonly SearchedProblem[], search: PoolSearch): Gain[] {
  return problems.map((each) => {
    const first = (each.rounds[0] ?? []).reduce((sum, { truth = 0 }) => sum + truth, 0);
    return {
      problem: each.problem,
      gain: (stateAfter(each, search.rounds, search).best?.truth ?? 0) - first / search.proofs,
    };
  });
}

/** Gains of one model, and differences of two. */
const ONE: Range = { least: -1, most: 1 };
const TWO: Range = { least: -2, most: 2 };

function meanGain(gains: readonly Gain[], range: Range): Figure {
  const estimate = jackknife(
    gains,
    ({ gain }) => [gain, 1],
    ([sum = 0, count = 0]) => (count === 0 ? undefined : sum / count),
    range,
  );
  return estimate && { value: estimate.value, low: estimate.low, high: estimate.high, n: estimate.n };
}

/**
 * How much more one model gains from a search than another, on the problems that both were searched on, paired.
 * Null where no checker knows it.
 */
export function gainOver(
  one: readonly SearchedProblem[],
  other: readonly SearchedProblem[],
  search: PoolSearch,
): Figure {
  const measured = [one, other].map((all) => all.filter(({ isFinal }) => isFinal));
  if (!measured.every(isKnown)) return null;
  const [ours = [], theirs = []] = measured.map((problems) => gainsOf(problems, search));
  const before = new Map(theirs.map(({ problem, gain }) => [problem, gain]));
  const paired = ours.flatMap(({ problem, gain }) => {
    const less = before.get(problem);
    return less === undefined ? [] : [{ problem, gain: gain - less }];
  });
  return paired.length === 0 ? null : meanGain(paired, TWO);
}

function stateAfter({ problem, difficulty, rounds }: SearchedProblem, round: number, search: PoolSearch) {
  const pool = rounds.slice(0, round + 1).flat();
  return {
    problem,
    difficulty,
    best: pool.toSorted(byMean)[0],
    passed: pool.some(({ verdicts }) => passes(verdicts, search)),
    found: pool.some(({ truth }) => truth === 1),
  };
}
