/**
 * Krippendorff's α (Content Analysis, 2004, chapter 11): how far judges agree beyond chance, with any number of them,
 * and votes that are missing. All scales read one coincidence matrix.
 */

/** How far apart two values are: equal or not; by the values between them as they were used; by their difference. */
export const SCALES = ['nominal', 'ordinal', 'interval'] as const;
export type Scale = (typeof SCALES)[number];

/** Pairs of votes on one subject, each subject's weighed so that they count as its votes. */
export interface Coincidences {
  /** Distinct values, the least first. */
  readonly values: readonly number[];
  /** By the places of two values: ordered pairs of votes on one subject, over its votes less one. Symmetric. */
  readonly pairs: readonly (readonly number[])[];
  /** By the place of a value: votes that have it, of those that have a partner. */
  readonly totals: readonly number[];
}

/** Of the votes on each subject; a subject with one vote adds nothing. */
export function coincidencesOf(subjects: readonly (readonly number[])[]): Coincidences {
  return weighedCoincidences(subjects.map((votes) => ({ votes, times: 1 })));
}

/** The same, of subjects that each come so many times. */
export function weighedCoincidences(
  subjects: readonly { readonly votes: readonly number[]; readonly times: number }[],
): Coincidences {
  const paired = subjects.filter(({ votes, times }) => votes.length > 1 && times > 0);
  const values = [...new Set(paired.flatMap(({ votes }) => votes))].sort((a, b) => a - b);
  const placeOf = new Map(values.map((value, place) => [value, place]));
  const pairs = values.map(() => values.map(() => 0));
  for (const { votes, times } of paired) {
    const places = votes.map((vote) => placeOf.get(vote) as number);
    const weight = times / (votes.length - 1);
    for (const [index, one] of places.entries())
      for (const [other, place] of places.entries())
        if (other !== index) (pairs[one] as number[])[place] = (pairs[one]?.[place] as number) + weight;
  }
  return { values, pairs, totals: pairs.map((row) => row.reduce((sum, count) => sum + count, 0)) };
}

/** Undefined without a pair, and where all values are equal: then nothing tells agreement from chance. */
export function alphaOf(coincidences: Coincidences, scale: Scale): number | undefined {
  const { observed, expected } = disagreements(coincidences, scale);
  return expected === 0 ? undefined : 1 - observed / expected;
}

/** Mean squared distance of two votes on one subject, and of any two; of the greatest distance, `most`, too. */
export function disagreements(
  { values, pairs, totals }: Coincidences,
  scale: Scale,
): { readonly observed: number; readonly expected: number; readonly most: number } {
  const votes = totals.reduce((sum, total) => sum + total, 0);
  let [observed, expected, most] = [0, 0, 0];
  for (const one of values.keys())
    for (let other = one + 1; other < values.length; other += 1) {
      const squared = distance(values, totals, one, other, scale) ** 2;
      observed += (2 * squared * (pairs[one]?.[other] as number)) / votes;
      expected += (2 * squared * (totals[one] as number) * (totals[other] as number)) / (votes * (votes - 1));
      most = Math.max(most, squared);
    }
  return { observed, expected, most };
}

function distance(
  values: readonly number[],
  totals: readonly number[],
  one: number,
  other: number,
  scale: Scale,
): number {
  switch (scale) {
    case 'nominal':
      return 1;
    case 'ordinal': {
      const between = totals.slice(one, other + 1).reduce((sum, total) => sum + total, 0);
      return between - ((totals[one] as number) + (totals[other] as number)) / 2;
    }
    case 'interval':
      return (values[other] as number) - (values[one] as number);
  }
}
