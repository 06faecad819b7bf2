/**
 * The arithmetic of every reported figure, pure, so that a stranger can recompute it from the stored artifacts.
 *
 * A figure is a ratio Σ hits / Σ of over observations: an accuracy (hits 0 or 1, of 1), a mean score (hits 0, 0.5 or 1,
 * of 1) or a recall (hits found, of there). Observations on one problem are alike, so the interval counts problems, not
 * samples.
 */
import type { Figure } from './figure.ts';
import { wilsonAt } from './wilson.ts';

export interface Observation {
  readonly hits: number;
  readonly of: number;
  /** Observations with equal clusters are not independent; here: the problem's id. */
  readonly cluster: string;
}

/**
 * Σ hits / Σ of with a 95 % interval; null where there is nothing to measure (Σ of = 0). `n` is Σ of.
 *
 * The interval is Wilson's at an effective number of observations n_eff = v(1 − v) / se², where se² = Σ_c (Σ_{i in c}
 * hits_i − v · of_i)² / (Σ of)² is the ratio's variance clustered by problem. For independent 0-or-1 observations n_eff
 * = n, and this is Wilson's interval itself. Where the clusters show no variance at all (such as v = 0 or v = 1), n_eff
 * is the number of clusters.
 */
export function ratio(observations: readonly Observation[]): Figure {
  const { hits, of, clusters } = totals(observations);
  if (of === 0) return null;
  const value = hits / of;
  let squares = 0;
  for (const cluster of clusters.values()) squares += (cluster.hits - value * cluster.of) ** 2;
  const variance = squares / of ** 2;
  const effective = variance > 1e-12 ? (value * (1 - value)) / variance : clusters.size;
  return { value, ...wilsonAt(value, effective), n: of };
}

/** Σ hits and Σ of, over all observations and within each cluster. */
export function totals(observations: readonly Observation[]): {
  hits: number;
  of: number;
  clusters: Map<string, { hits: number; of: number }>;
} {
  const clusters = new Map<string, { hits: number; of: number }>();
  let hits = 0;
  let of = 0;
  for (const observation of observations) {
    if (observation.of === 0) continue;
    const cluster = clusters.get(observation.cluster) ?? { hits: 0, of: 0 };
    cluster.hits += observation.hits;
    cluster.of += observation.of;
    clusters.set(observation.cluster, cluster);
    hits += observation.hits;
    of += observation.of;
  }
  return { hits, of, clusters };
}

/** What is alike because it is about one problem. */
export interface OfProblem {
  readonly problem: string;
  readonly difficulty?: number | undefined;
}

/** Share of observations that are true. */
export function share<T extends OfProblem>(items: readonly T[], isHit: (item: T) => boolean): Figure {
  return mean(items, (item) => (isHit(item) ? 1 : 0));
}

/** Mean of values in [0, 1]. */
export function mean<T extends OfProblem>(items: readonly T[], valueOf: (item: T) => number): Figure {
  return ratio(valued(items, valueOf));
}

/** The same without an interval, of any numbers. */
export const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

export const valued = <T extends OfProblem>(items: readonly T[], valueOf: (item: T) => number): Observation[] =>
  items.map((item) => ({ hits: valueOf(item), of: 1, cluster: item.problem }));

/** Problems of like difficulty. */
export interface Band {
  readonly name: string;
  readonly low: number;
  readonly high: number;
}

/** Those of the band; what has no difficulty is in none. */
export const within = <T extends OfProblem>({ low, high }: Band, items: readonly T[]): T[] =>
  items.filter(({ difficulty }) => difficulty !== undefined && difficulty >= low && difficulty <= high);

/**
 * Up to three bands of a curriculum's grades, each a run of adjacent grades: the distinct grades, split evenly, the
 * surplus in the last band. Grades 2…8 give 2–3, 4–5 and 6–8.
 */
export function difficultyBands(items: readonly { readonly difficulty?: number | undefined }[]): readonly Band[] {
  const distinct = [...new Set(items.flatMap(({ difficulty }) => difficulty ?? []))].sort((a, b) => a - b);
  const bands = Math.min(3, distinct.length);
  const size = Math.floor(distinct.length / bands);
  return Array.from({ length: bands }, (_, band) => {
    const part = distinct.slice(band * size, band === bands - 1 ? undefined : (band + 1) * size);
    const low = part[0] as number;
    const high = part[part.length - 1] as number;
    return { name: low === high ? String(low) : `${low}–${high}`, low, high };
  });
}

export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** Length of the union of intervals, so that what ran side by side is counted once. */
export function coveredLength(intervals: readonly Interval[]): number {
  let covered = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const { start, end } of [...intervals].sort((a, b) => a.start - b.start)) {
    covered += Math.max(0, end - Math.max(start, reached));
    reached = Math.max(reached, end);
  }
  return covered;
}
