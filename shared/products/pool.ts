import { callsIn, type OutcomeCounts } from '../outcomes.ts';
import type { MaybeScore } from '../label/autoLabel.ts';
import { SCORES } from '../scores.ts';
import {
  REFINEMENT,
  SEARCHES,
  type PoolSearch,
  type RefinementSizes,
  type SearchEnd,
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
  const usable = usableIn(verdicts);
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
  readonly verdicts: VerdictCounts;
}

const usableIn = (verdicts: VerdictCounts): number => SCORES.reduce((sum: number, s) => sum + verdicts[`${s}`], 0);
const isWhole = ({ verdicts }: Ranked): boolean => verdicts.spared === 0;

/**
 * The best first: by mean score, those that were analysed to the end before the others. Of equal means the one that
 * more verdicts speak for, so that one that passed is before one that lacks a verdict; then the later round's, which
 * saw more; then by id.
 */
export const byMean = (a: Ranked, b: Ranked): number =>
  Number(isWhole(b)) - Number(isWhole(a)) ||
  (b.mean ?? -1) - (a.mean ?? -1) ||
  usableIn(b.verdicts) - usableIn(a.verdicts) ||
  b.round - a.round ||
  (a.id < b.id ? -1 : 1);

/** Proofs that the next round refines: the best, each with at least one usable verdict. */
export const bestOf = <Proof extends Ranked>(pool: readonly Proof[], count: number): Proof[] =>
  pool
    .filter(({ mean }) => mean !== null)
    .sort(byMean)
    .slice(0, count);

/**
 * The mean that a proof of the next round has to reach to be kept: that of the last that is kept, or of the best where
 * nothing but the best comes after. Equal means are not out: the later round goes first. null where there is room.
 * @param best of the pool after the round, the best first.
 */
export function leastMeanAfter(
  round: number,
  best: readonly Ranked[],
  { refined, rounds }: Pick<PoolSearch, 'refined' | 'rounds'>,
): number | null {
  const last = best[round + 1 < rounds ? refined - 1 : 0];
  return last !== undefined && isWhole(last) ? last.mean : null;
}

/**
 * Analyses that a refinement is shown: those that report issues first, the lowest score first (released code bundles
 * them so), in the order of asking.
 */
export const issuesFirst = <Analysis extends { readonly score: number }>(
  analyses: readonly Analysis[],
  count: number,
): Analysis[] => [...analyses].sort((a, b) => a.score - b.score).slice(0, count);

/** Ours: of fewer verdicts, or on fewer problems, it is chance that all are the same, or the problems are easy. */
const MANY_VERDICTS = 200;
const MANY_PROBLEMS = 5;

/** That a judge says the same of whatever it is shown, in a sentence; undefined where it does not, or too little came. */
export function oneVerdictOnly(verdicts: VerdictCounts, problems: number): string | undefined {
  const usable = usableIn(verdicts);
  const score = SCORES.find((each) => verdicts[`${each}`] === usable);
  if (score === undefined || usable < MANY_VERDICTS || problems < MANY_PROBLEMS) return undefined;
  return (
    `All ${usable} verdicts on the proofs of ${problems} problems are ${score}: a judge that always says the same ` +
    'tells nothing. Read some of its analyses (`flywheel ledger`)'
  );
}

/** Of several proofs together. */
export function addVerdicts(a: VerdictCounts, b: VerdictCounts): VerdictCounts {
  const names = Object.keys(a) as (keyof VerdictCounts)[];
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as VerdictCounts;
}

/** What a round came to, so far as it decides how the search goes on. */
interface RoundEnd {
  readonly round: number;
  /** Proofs that can be read, and of them those that passed. */
  readonly proofs: number;
  readonly passed: number;
  /** Proofs that the next round could refine. */
  readonly best: number;
  /** What the calls for the round's proofs and verdicts came to. */
  readonly written: OutcomeCounts;
  readonly judged: OutcomeCounts;
}

/** How a search ends after a round; undefined: it goes on. */
export function endAfter(
  { round, proofs, passed, best, written, judged }: RoundEnd,
  rounds: number,
): SearchEnd | undefined {
  if (passed > 0) return 'passed';
  if (best > 0) return round >= rounds ? 'exhausted' : undefined;
  if (proofs === 0) return isFailed(written) ? 'failed' : 'noProof';
  return isFailed(judged) ? 'failed' : 'noVerdict';
}

/** Not one call was answered with a text, however broken: its server refuses it. */
const isFailed = (counts: OutcomeCounts): boolean => counts.failed === callsIn(counts);

/** Most means that a round's summary has. Ours: enough to draw them. */
const SHOWN_MEANS = 128;

/** Mean scores as a summary has them (`RoundSummary.means`). */
export function shownMeans(pool: readonly Pick<Ranked, 'mean'>[]): number[] {
  const means = pool.flatMap(({ mean }) => (mean === null ? [] : [mean])).sort((a, b) => b - a);
  const last = means.length - 1;
  const shown =
    means.length <= SHOWN_MEANS
      ? means
      : Array.from({ length: SHOWN_MEANS }, (_, at) => means[Math.round((at * last) / (SHOWN_MEANS - 1))] ?? 0);
  return shown.map((mean) => Math.round(mean * 10_000) / 10_000);
}

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
