import type { MaybeScore } from '../label/autoLabel.ts';
import { countVerdicts, meanScore } from './pool.ts';

/**
 * When a proof's further verdicts are of no use. With `earlyStop` that never changes which proofs are kept; with
 * `halving` it may.
 */

/** What is asked about a proof. */
interface Reach {
  /** n: verdicts at most. */
  readonly analyses: number;
  /** The mean score that it has to reach. */
  readonly leastMean: number;
}

/** Ours: so many waves at most, each of which waits for its slowest verdict. More of them would spare a little more. */
const WAVES = 4;

/**
 * Verdicts to ask for next: all 0, they are the fewest after which the proof cannot reach the mean, so that none of
 * them is spared by the others; and no fewer than a quarter of n. 0 where it has all, or cannot reach the mean whatever
 * is missing. A missing verdict counts for nothing in the mean.
 */
export function verdictsToAsk({ analyses, leastMean }: Reach, scores: readonly MaybeScore[]): number {
  const left = analyses - scores.length;
  const usable = scores.filter((score) => score !== undefined);
  const most = usable.reduce((sum: number, score) => sum + score, 0) + left;
  const all = usable.length + left;
  if (left <= 0 || most / all < leastMean) return 0;
  const fewest = Math.floor(most - leastMean * all) + 1;
  return Math.min(left, Math.max(fewest, Math.ceil(analyses / WAVES)));
}

/** Ours: below it, waiting for waves is not worth what they spare. */
const WORTH = 0.05;

/**
 * Whether it is worth while to stop proofs that cannot reach a mean, going by those of the round before: one of mean m
 * is out of reach of t after about n (1 − t) ÷ (1 − m) verdicts.
 */
export function isWorthStopping(leastMean: number, means: readonly (number | null)[]): boolean {
  const spared = means.map((mean) => ((mean ?? 0) < leastMean ? 1 - (1 - leastMean) / (1 - (mean ?? 0)) : 0));
  return means.length > 0 && spared.reduce((sum, share) => sum + share, 0) / means.length >= WORTH;
}

/** Successive halving: verdicts that a proof has before each halving, and at last, such as 8, 16, 32, 64 of 64. */
export const rungsOf = (analyses: number): readonly number[] => [
  ...new Set([8, 4, 2, 1].map((part) => Math.ceil(analyses / part))),
];

/**
 * The half of a round's proofs that is asked about further, the better by the mean of its verdicts so far; of equal
 * ones the first. One that has no usable verdict comes last.
 */
export function betterHalf<Row extends { readonly scores: readonly MaybeScore[] }>(rows: readonly Row[]): Row[] {
  const means = new Map(rows.map((row) => [row, meanScore(countVerdicts(row.scores)) ?? -1]));
  const better = [...rows]
    .sort((a, b) => (means.get(b) ?? -1) - (means.get(a) ?? -1))
    .slice(0, Math.ceil(rows.length / 2));
  return rows.filter((row) => better.includes(row));
}
