/**
 * Figures together with what each cluster (a problem) adds to them, pure: what an interval by problem and a paired
 * difference are made of, for ratios and for what is none.
 */
import type { Measured } from './figure.ts';
import { ratio, totals, type Observation, type OfProblem } from './measures.ts';
import { wilsonAt } from './wilson.ts';

export interface Estimate extends Measured {
  /** By cluster, how far it moves the value, in units of an average cluster: about 0 in sum. */
  readonly contributions: ReadonlyMap<string, number>;
}

/** What a value can be at least and at most. */
export interface Range {
  readonly least: number;
  readonly most: number;
}
export const SHARES: Range = { least: 0, most: 1 };

/** Σ hits / Σ of, as `ratio` has it. */
export function ratioEstimate(observations: readonly Observation[]): Estimate | null {
  const measured = ratio(observations);
  return measured && { ...measured, contributions: contributionsTo(observations) };
}

/**
 * The same with an interval that few clusters do not make narrow: one of the greatest variance that the value allows is
 * added to them, since a few that are alike do not show that all are, and no more is known than was observed.
 * Ours.
 */
export function carefulRatio(observations: readonly Observation[]): Estimate | null {
  const estimate = ratioEstimate(observations);
  return estimate && careful(estimate);
}

function careful(estimate: Estimate): Estimate {
  const { value, n, contributions } = estimate;
  const clusters = contributions.size;
  const most = value * (1 - value);
  const variance = (squares(contributions) + most) / (clusters + 1); // of an average cluster
  const effective = most > 1e-12 ? Math.min(n, (clusters * most) / variance) : clusters;
  return { ...estimate, ...wilsonAt(value, effective) };
}

function contributionsTo(observations: readonly Observation[]): Map<string, number> {
  const { hits, of, clusters } = totals(observations);
  const unit = of / clusters.size;
  return new Map([...clusters].map(([name, cluster]) => [name, (cluster.hits - (hits / of) * cluster.of) / unit]));
}

/**
 * The mean of ratios that have observations of the same clusters, such as F1 over classes, by linearisation, with an
 * interval as `carefulRatio` has it. Ratios of nothing are left out.
 * @param n what the figure says that it was measured on, observations.
 */
export function meanOfRatios(ratios: readonly (readonly Observation[])[], n: number): Estimate | null {
  const parts = ratios.flatMap((observations) => ratioEstimate(observations) ?? []);
  if (parts.length === 0) return null;
  const value = parts.reduce((sum, part) => sum + part.value, 0) / parts.length;
  const clusters = new Set(parts.flatMap(({ contributions }) => [...contributions.keys()]));
  const contributions = new Map([...clusters].map((cluster) => [cluster, 0]));
  // A ratio's unit is an average cluster of its own.
  for (const part of parts)
    for (const [cluster, moves] of part.contributions) {
      const unit = clusters.size / part.contributions.size;
      contributions.set(cluster, (contributions.get(cluster) ?? 0) + (unit * moves) / parts.length);
    }
  return careful({ value, low: value, high: value, n, contributions });
}

/**
 * A statistic of sums over items, with a 95 % interval by the jackknife that leaves out a problem at a time: Student's t
 * at one freedom fewer than there are problems. Where no problem moves the value, the interval is Wilson's at their
 * number; where there is one alone, it is all that the value can be. A value beyond the range counts as its end.
 * @param totalsOf what an item adds, as many numbers for each.
 * @param statistic of the sums; undefined where they have none.
 * @returns null where the statistic is undefined of all items.
 */
export function jackknife<T extends OfProblem>(
  items: readonly T[],
  totalsOf: (item: T) => readonly number[],
  statistic: (totals: readonly number[]) => number | undefined,
  { least, most }: Range = SHARES,
): Estimate | null {
  const byProblem = new Map<string, number[]>();
  for (const item of items) {
    const sums = byProblem.get(item.problem) ?? [];
    byProblem.set(item.problem, sums);
    totalsOf(item).forEach((value, index) => (sums[index] = (sums[index] ?? 0) + value));
  }
  const all: number[] = [];
  for (const sums of byProblem.values()) sums.forEach((value, index) => (all[index] = (all[index] ?? 0) + value));
  const within = (found: number): number => Math.max(least, Math.min(most, found));
  const found = items.length === 0 ? undefined : statistic(all);
  if (found === undefined) return null;
  const value = within(found);
  const n = items.length;
  const without = [...byProblem].flatMap(([problem, sums]) => {
    const left = statistic(all.map((sum, index) => sum - (sums[index] ?? 0)));
    return left === undefined ? [] : [[problem, within(left)] as const];
  });
  const count = without.length;
  if (count < 2)
    return { value, low: least, high: most, n, contributions: new Map([...byProblem.keys()].map((name) => [name, 0])) };
  const mean = without.reduce((sum, [, left]) => sum + left, 0) / count;
  const contributions = new Map(without.map(([problem, left]) => [problem, (count - 1) * (mean - left)]));
  const variance = squares(contributions) / (count * (count - 1));
  if (variance <= 1e-12) {
    const { low, high } = wilsonAt((value - least) / (most - least), count);
    return { value, low: least + low * (most - least), high: least + high * (most - least), n, contributions };
  }
  const half = studentQuantile(count - 1) * Math.sqrt(variance);
  return { value, low: Math.max(least, value - half), high: Math.min(most, value + half), n, contributions };
}

export const squares = (of: ReadonlyMap<string, number>): number =>
  [...of.values()].reduce((sum, value) => sum + value ** 2, 0);

/** 97.5 % quantiles of Student's t at 1 to 9 degrees of freedom. */
const T = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622] as const;
const Z = 1.959964;

/** 97.5 % quantile of Student's t; beyond the table by its expansion in 1/ν (Fisher and Cornish), to three digits. */
export function studentQuantile(freedom: number): number {
  return T[freedom - 1] ?? Z + (Z ** 3 + Z) / (4 * freedom) + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * freedom ** 2);
}
