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
  const groups = subjects.filter((votes) => votes.length > 0);
  const total = groups.reduce((sum, votes) => sum + votes.length, 0);
  if (groups.length < 2 || total === groups.length) return undefined;
  const grand = groups.reduce((sum, votes) => sum + sumOf(votes), 0) / total;
  let between = 0;
  let within = 0;
  for (const votes of groups) {
    const mean = sumOf(votes) / votes.length;
    between += votes.length * (mean - grand) ** 2;
    within += sumOf(votes.map((vote) => (vote - mean) ** 2));
  }
  const meanBetween = between / (groups.length - 1);
  const meanWithin = within / (total - groups.length);
  const size = (total - groups.reduce((sum, votes) => sum + votes.length ** 2, 0) / total) / (groups.length - 1);
  const variance = meanBetween + (size - 1) * meanWithin;
  return variance <= 1e-12 ? undefined : (meanBetween - meanWithin) / variance;
}

function sumOf(values: Votes): number {
  return values.reduce((sum, value) => sum + value, 0);
}
