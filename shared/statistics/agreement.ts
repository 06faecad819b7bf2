import { wilsonAt } from './wilson.ts';

/**
 * How far judges agree, and what their votes are worth. Votes of one model on one proof are correlated: many of them
 * say less than as many independent ones, and an interval that ignores it is too narrow (docs/method.md, "What the
 * field knows").
 */

/** Votes of one kind of judge on one subject (a proof, an analysis); any numbers on one scale, such as scores. */
type Votes = readonly number[];

/** What n correlated votes are worth: n / (1 + (n − 1)ρ) independent ones. A negative ρ counts as 0. */
export function effectiveVotes(votes: number, correlation: number): number {
  if (votes <= 0) return 0;
  return votes / (1 + (votes - 1) * Math.max(0, correlation));
}

/**
 * ρ, the correlation of two votes on the same subject *given what the subject deserves*: the intraclass correlation
 * (one-way analysis of variance) of the votes' errors. Where the truth is unknown use `voteCorrelation`, which also
 * counts that subjects differ. Undefined without two subjects, one of them with two votes, or when no vote errs
 * differently from another.
 */
export function errorCorrelation(
  subjects: readonly { readonly truth: number; readonly votes: Votes }[],
): number | undefined {
  return voteCorrelation(subjects.map(({ truth, votes }) => votes.map((vote) => vote - truth)));
}

/**
 * Intraclass correlation of votes, ICC(1) for groups of unequal size: 1 when votes on a subject always agree, 0 when
 * they agree no more than votes on different subjects do, below 0 when less. Undefined without two subjects, one of
 * them with two votes, or without any variance.
 */
export function voteCorrelation(subjects: readonly Votes[]): number | undefined {
  return correlationOf(subjects.map(voteTotals).reduce(addTotals, NO_TOTALS));
}

/** What votes on some subjects add to their correlation: subjects, votes, and sums over subjects. */
export type VoteTotals = readonly [
  subjects: number,
  votes: number,
  sum: number,
  squares: number,
  ofSums: number,
  sizes: number,
];
export const NO_TOTALS: VoteTotals = [0, 0, 0, 0, 0, 0];

/** Of the votes on one subject. */
export function voteTotals(votes: Votes): VoteTotals {
  const n = votes.length;
  if (n === 0) return NO_TOTALS;
  const sum = sumOf(votes);
  return [1, n, sum, sumOf(votes.map((vote) => vote ** 2)), sum ** 2 / n, n ** 2];
}

export const addTotals = (a: VoteTotals, b: VoteTotals): VoteTotals =>
  a.map((total, index) => total + (b[index] ?? 0)) as unknown as VoteTotals;

/** `voteCorrelation` by totals alone, so that leaving some subjects out is a subtraction. */
export function correlationOf([subjects, votes, sum, squares, ofSums, sizes]: VoteTotals): number | undefined {
  if (subjects < 2 || votes === subjects) return undefined;
  const meanBetween = (ofSums - sum ** 2 / votes) / (subjects - 1);
  const meanWithin = (squares - ofSums) / (votes - subjects);
  const size = (votes - sizes / votes) / (subjects - 1);
  const variance = meanBetween + (size - 1) * meanWithin;
  return variance <= 1e-12 ? undefined : (meanBetween - meanWithin) / variance;
}

/**
 * The share of pairs of votes on one subject that are equal, over all subjects; undefined where no subject has two
 * votes.
 */
export function pairAgreement(subjects: readonly Votes[]): number | undefined {
  const { equal, pairs } = pairsOf(subjects);
  return pairs === 0 ? undefined : equal / pairs;
}

/**
 * A 95 % interval of a share measured on correlated votes: Wilson's, at the number of independent votes that they are
 * worth.
 */
export function shareOfVotes(
  subjects: readonly (readonly boolean[])[],
  correlation: number,
): { readonly value: number; readonly low: number; readonly high: number; readonly n: number } | undefined {
  const n = subjects.reduce((sum, votes) => sum + votes.length, 0);
  if (n === 0) return undefined;
  const value = subjects.reduce((sum, votes) => sum + votes.filter(Boolean).length, 0) / n;
  const worth = subjects.reduce((sum, votes) => sum + effectiveVotes(votes.length, correlation), 0);
  return { value, ...wilsonAt(value, worth), n };
}

function pairsOf(subjects: readonly Votes[]): { readonly equal: number; readonly pairs: number } {
  let equal = 0;
  let pairs = 0;
  for (const votes of subjects) {
    const counts = new Map<number, number>();
    for (const vote of votes) counts.set(vote, (counts.get(vote) ?? 0) + 1);
    for (const count of counts.values()) equal += (count * (count - 1)) / 2;
    pairs += (votes.length * (votes.length - 1)) / 2;
  }
  return { equal, pairs };
}

function sumOf(values: Votes): number {
  return values.reduce((sum, value) => sum + value, 0);
}
