import { carefulRatio } from '../statistics/estimates.ts';
import type { Observation, OfProblem } from '../statistics/measures.ts';
import type { Figure } from '../statistics/figure.ts';
import { heldAfter, JUDGES, majorityIn, worthOf, type Judge, type RefinedProblem } from './refinement.ts';
import type { SequentialRefinement } from './search.ts';

/**
 * The curves of sequential refinement (paper 3.3.2, figure 2), each by who judged, with 95 % intervals that count
 * problems (`carefulRatio`): threads of one problem are alike.
 *
 * - pass@1 after iteration i: the mean score of the proofs that the threads hold after it. Threads that have ended keep
 *   theirs; a thread without a proof is worth 0.
 * - best@k after iteration i: the expected score of the best of k of the T threads, drawn without replacement, where
 *   the best is the one whose proof has the highest self-score; equal ones count by their mean. Exact over all subsets,
 *   so unbiased for k threads whatever T is; best@1 is pass@1.
 */

/** A thread as a choice by self-score sees it; `selfScore` is null where it holds no proof. */
export interface Candidate {
  readonly selfScore: number | null;
  readonly worth: number;
}

/** best@k of one problem. @param k at least 1, at most as many as there are. */
export function bestOf(threads: readonly Candidate[], k: number): number {
  const groups = new Map<number, number[]>();
  for (const { selfScore, worth } of threads) {
    const rank = selfScore ?? -1;
    groups.set(rank, [...(groups.get(rank) ?? []), worth]);
  }
  let expected = 0;
  let above = 0;
  for (const [, worths] of [...groups].sort(([a], [b]) => b - a)) {
    const mean = worths.reduce((sum, worth) => sum + worth, 0) / worths.length;
    // The best of the k is of this group: none of the k is of a better one, and not all are of worse ones.
    const chance = noneOf(above, threads.length, k) - noneOf(above + worths.length, threads.length, k);
    expected += chance * mean;
    above += worths.length;
  }
  return expected;
}

/** The chance that k drawn of `all` without replacement are none of the `some`: C(all − some, k) / C(all, k). */
function noneOf(some: number, all: number, k: number): number {
  let chance = 1;
  for (let drawn = 0; drawn < k; drawn += 1) chance *= Math.max(0, all - some - drawn) / (all - drawn);
  return chance;
}

/** For which k best@k is shown: powers of 2, and all threads. */
export function shownK(threads: number): number[] {
  const powers = Array.from({ length: Math.ceil(Math.log2(Math.max(1, threads))) }, (_, power) => 2 ** power);
  return [...powers, threads];
}

/** A problem in one judge's eyes after an iteration. */
interface ProblemPoint {
  readonly pass: number;
  /** By `shownK`. */
  readonly best: readonly number[];
}

interface JudgedProblem {
  readonly judge: Judge;
  readonly proofs: number;
  readonly undecided: number;
  readonly lost: number;
  /** After each iteration; null where the judge has not said what all proofs that are held then are worth. */
  readonly points: readonly (ProblemPoint | null)[];
  /** The same if each lost proof were worth 1. */
  readonly atMost: readonly (ProblemPoint | null)[];
  /** Threads that end with a self-score of 1 and a proof that the judge has a score of; of them, scores below 1. */
  readonly claims: number;
  readonly falseClaims: number;
}

/** All that figures need of a problem: numbers alone, however long its proofs are. */
export interface ProblemCurves extends OfProblem {
  readonly isCapped: boolean;
  /** Share of its threads with a self-score of 1, after each iteration. */
  readonly claimed: readonly number[];
  readonly judged: readonly JudgedProblem[];
}

/** @param iterations I: of the refinement, however early the problem's threads ended. */
export function curvesOf(refined: RefinedProblem, iterations: number): ProblemCurves {
  const { problem, threads, proofs, end } = refined;
  const byId = new Map(proofs.map((proof) => [proof.id, proof]));
  const ks = shownK(threads.length);
  const all = Array.from({ length: iterations }, (_, index) => index + 1);
  const held = all.map((iteration) => threads.map(({ steps }) => heldAfter(steps, iteration)));

  function judgedBy(judge: Judge): JudgedProblem {
    const worths = new Map(
      proofs.flatMap((proof) => {
        const worth = worthOf(judge, proof);
        return worth === undefined ? [] : [[proof.id, worth] as const];
      }),
    );
    const pointsWith = (lostAs: 0 | 1) =>
      held.map((now): ProblemPoint | null => {
        const candidates = now.flatMap((one): Candidate[] => {
          if (one === undefined) return [{ selfScore: null, worth: 0 }];
          const worth = worths.get(one.proof);
          if (worth === undefined) return [];
          return [{ selfScore: one.selfScore, worth: worth === 'lost' ? lostAs : worth }];
        });
        if (candidates.length < now.length) return null;
        return { pass: bestOf(candidates, 1), best: ks.map((k) => bestOf(candidates, k)) };
      });
    const claims = (held.at(-1) ?? []).flatMap((one) => {
      const worth = one?.selfScore === 1 ? worths.get(one.proof) : undefined;
      return typeof worth === 'number' ? [worth] : [];
    });
    const majorities = judge === 'verifier' ? [...byId.values()].map(({ verdicts }) => majorityIn(verdicts)) : [];
    return {
      judge,
      proofs: worths.size,
      undecided: majorities.filter((majority) => majority?.kind === 'undecided').length,
      lost: [...worths.values()].filter((worth) => worth === 'lost').length,
      points: pointsWith(0),
      atMost: pointsWith(1),
      claims: claims.length,
      falseClaims: claims.filter((worth) => worth < 1).length,
    };
  }
  return {
    problem: problem.id,
    difficulty: problem.difficulty,
    isCapped: end === 'capped',
    claimed: held.map((now) => now.filter((one) => one?.selfScore === 1).length / threads.length),
    judged: JUDGES.map(judgedBy),
  };
}

export interface CurvePoint {
  readonly iteration: number;
  /** Problems of which the judge has said what all proofs that are held then are worth. */
  readonly problems: number;
  /** pass@1. */
  readonly pass: Figure;
  /** best@k; the last is of all threads. */
  readonly best: readonly { readonly k: number; readonly figure: Figure }[];
}

/** One judge's curves. */
export interface JudgedCurves {
  readonly judge: Judge;
  /** Distinct proofs that it judged; of the verifier's, those without a majority, which count by their mean. */
  readonly proofs: number;
  readonly undecided: number;
  /** Those of which too few verdicts could be read: they count as 0 in `points`, as 1 in `atMost`. */
  readonly lost: number;
  readonly points: readonly CurvePoint[];
  /** Absent where nothing is lost. */
  readonly atMost?: readonly CurvePoint[];
  /** Of the threads that gave themselves 1, those to which the judge gives less. */
  readonly falseClaims: Figure;
}

export interface RefinementFigures {
  /** T and I. */
  readonly threads: number;
  readonly iterations: number;
  /** Problems that are measured, and those left out because caps ended them. */
  readonly problems: number;
  readonly capped: number;
  /** Threads that have given themselves 1, after each iteration. */
  readonly claimed: readonly Figure[];
  readonly judges: readonly JudgedCurves[];
}

/** The figures over all problems. A problem that caps have ended is in none of them. */
export function refinementFigures(
  all: readonly ProblemCurves[],
  { threads, iterations }: Pick<SequentialRefinement, 'threads' | 'iterations'>,
): RefinementFigures {
  const problems = all.filter(({ isCapped }) => !isCapped);
  const steps = Array.from({ length: iterations }, (_, index) => index);
  const ks = shownK(threads);
  return {
    threads,
    iterations,
    problems: problems.length,
    capped: all.length - problems.length,
    claimed: steps.map((step) => weighted(problems, ({ claimed }) => claimed[step], threads)),
    judges: JUDGES.flatMap((judge): JudgedCurves[] => {
      const own = problems.flatMap(({ problem, judged }) =>
        judged.flatMap((one) => (one.judge === judge ? [{ problem, ...one }] : [])),
      );
      const sum = (of: 'proofs' | 'undecided' | 'lost') => own.reduce((total, one) => total + one[of], 0);
      if (sum('proofs') === 0) return [];
      const points = (of: 'points' | 'atMost') =>
        steps.map((step): CurvePoint => ({
          iteration: step + 1,
          problems: own.filter((one) => one[of][step]).length,
          pass: weighted(own, (one) => one[of][step]?.pass, threads),
          best: ks.map((k, index) => ({ k, figure: weighted(own, (one) => one[of][step]?.best[index], 1) })),
        }));
      const claims = own.flatMap(({ problem, claims: of, falseClaims: hits }) =>
        observationsOf(problem, of === 0 ? 0 : hits / of, of),
      );
      return [
        {
          judge,
          proofs: sum('proofs'),
          undecided: sum('undecided'),
          lost: sum('lost'),
          points: points('points'),
          ...(sum('lost') > 0 && { atMost: points('atMost') }),
          falseClaims: figureOf(claims),
        },
      ];
    }),
  };
}

/** The mean over problems, each of which is a cluster of `weight` observations with this mean. */
const weighted = <T extends OfProblem>(
  problems: readonly T[],
  valueOf: (problem: T) => number | undefined,
  weight: number,
): Figure =>
  figureOf(
    problems.flatMap((each) => {
      const value = valueOf(each);
      return value === undefined ? [] : observationsOf(each.problem, value, weight);
    }),
  );

const observationsOf = (problem: string, mean: number, count: number): Observation[] =>
  Array.from({ length: count }, () => ({ hits: mean, of: 1, cluster: problem }));

function figureOf(observations: readonly Observation[]): Figure {
  const estimate = carefulRatio(observations);
  return estimate && { value: estimate.value, low: estimate.low, high: estimate.high, n: estimate.n };
}
