import { OUTCOME_KINDS, type OutcomeCounts } from '../outcomes.ts';
import type { MaybeScore } from '../label/autoLabel.ts';
import { SCORES } from '../scores.ts';
import {
  REFINEMENT,
  SEARCHES,
  type PoolSearch,
  type RefinementSizes,
  type SearchPolicy,
  type SearchSizes,
  type SequentialRefinement,
  type VerdictCounts,
} from './search.ts';

/** Decisions of a search with a pool (paper 3.3.3), from verdicts alone. */

/** What is known of a proof: a missing verdict is undefined; `spared` were not asked for. */
export function countVerdicts(scores: readonly MaybeScore[], spared = 0): VerdictCounts {
  const of = (score: MaybeScore): number => scores.filter((one) => one === score).length;
  return { '0': of(0), '0.5': of(0.5), '1': of(1), missing: of(undefined), spared };
}

/** Of the usable verdicts; null without one. */
export function meanScore(verdicts: VerdictCounts): number | null {
  const usable = SCORES.reduce((sum: number, score) => sum + verdicts[`${score}`], 0);
  return usable === 0 ? null : (verdicts['1'] + verdicts['0.5'] / 2) / usable;
}

/** A proof passes with n usable verdicts of n, all of them 1: a missing one could be anything. */
export const passes = (verdicts: VerdictCounts, { analyses }: Pick<PoolSearch, 'analyses'>): boolean =>
  verdicts['1'] === analyses;

/** A proof of the pool. */
export interface Ranked {
  readonly id: string;
  readonly round: number;
  readonly mean: number | null;
}

/** The best first: by mean score; of equal ones the later round's, which saw more, then by id. */
export const byMean = (a: Ranked, b: Ranked): number =>
  (b.mean ?? -1) - (a.mean ?? -1) || b.round - a.round || (a.id < b.id ? -1 : 1);

/** Proofs that the next round refines: the best by mean score, each with at least one usable verdict. */
export const bestOf = <Proof extends Ranked>(pool: readonly Proof[], count: number): Proof[] =>
  pool
    .filter(({ mean }) => mean !== null)
    .sort(byMean)
    .slice(0, count);

/**
 * Analyses that a refinement is shown: those that report issues first, the lowest score first (released code bundles
 * them so), in the order of asking.
 */
export const issuesFirst = <Analysis extends { readonly score: number }>(
  analyses: readonly Analysis[],
  count: number,
): Analysis[] => [...analyses].sort((a, b) => a.score - b.score).slice(0, count);

/** The search that was asked for. */
export function searchFrom(
  search: keyof typeof SEARCHES | SearchSizes = 'small',
  refine?: RefinementSizes,
): SearchPolicy {
  if (refine !== undefined) return { ...REFINEMENT, ...given(refine) } satisfies SequentialRefinement;
  return typeof search === 'string' ? SEARCHES[search] : { ...SEARCHES.small, ...given(search) };
}

const given = <Sizes extends object>(sizes: Sizes) =>
  Object.fromEntries(Object.entries(sizes).filter(([, value]) => value !== undefined)) as {
    [Field in keyof Sizes]: Exclude<Sizes[Field], undefined>;
  };

export const NO_OUTCOMES: OutcomeCounts = Object.fromEntries(OUTCOME_KINDS.map((kind) => [kind, 0])) as Record<
  (typeof OUTCOME_KINDS)[number],
  number
>;
