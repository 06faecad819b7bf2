/**
 * A proportion or mean with its 95 % interval, problems as clusters (`shared/figures/measures.ts`). `n` is its
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

export type ScoreKey = '0' | '0.5' | '1';
/** Answers by true score (first key) and by given score or `malformed`. */
export type Confusion = Readonly<Record<ScoreKey, Readonly<Record<ScoreKey | 'malformed', number>>>>;
