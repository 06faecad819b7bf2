import type { Score } from '../scores.ts';

/**
 * A proportion or mean with its 95 % interval, problems as clusters (`shared/statistics/measures.ts`). `n` is its
 * denominator.
 */
export interface Measured {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}
/** Null where nothing could be measured. */
export type Figure = Measured | null;

export type ScoreKey = `${Score}`;

export function byScore<T>(of: (score: Score) => T): Readonly<Record<ScoreKey, T>> {
  return { '0': of(0), '0.5': of(0.5), '1': of(1) };
}

/** Answers by true score (first key) and by given score or `malformed`. */
export type Confusion = Readonly<Record<ScoreKey, Readonly<Record<ScoreKey | 'malformed', number>>>>;

/** Scores of people below which nothing is estimated by them: their interval would span nearly everything. Ours. */
export const LEAST_HUMAN_SCORES = 10;
