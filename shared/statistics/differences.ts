/**
 * Differences between figures, pure. Two laps that were measured on the same held-out problems are compared problem by
 * problem: a problem that is hard for both says nothing about which is better.
 */
import { ratioEstimate, SHARES, squares, studentQuantile, type Estimate, type Range } from './estimates.ts';
import type { Figure, Measured } from './figure.ts';
import type { Observation } from './measures.ts';

/** b − a, with a 95 % interval. */
export interface Difference {
  readonly a: Measured;
  readonly b: Measured;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Clusters (problems) that both figures have observations of. */
  readonly shared: number;
}

/**
 * b − a by Newcombe's square-and-add method (Statistics in Medicine 17, 1998, method 10), from each figure's own
 * clustered Wilson interval: it keeps honest where a figure is 0 or 1, and no variance is seen. φ is the correlation of
 * the clusters' contributions to the two figures; clusters that one side lacks correlate with nothing. Null where a
 * side has nothing to measure.
 * @param paired false where the clusters of the two sides only seem the same; φ is then 0.
 */
export const difference = (a: readonly Observation[], b: readonly Observation[], paired = true): Difference | null =>
  differenceBetween(ratioEstimate(a), ratioEstimate(b), { paired });

/**
 * The same of any estimates.
 * @param range of each figure.
 */
export function differenceBetween(
  a: Estimate | null,
  b: Estimate | null,
  { paired = true, range = SHARES }: { readonly paired?: boolean; readonly range?: Range } = {},
): Difference | null {
  if (a === null || b === null) return null;
  const [{ contributions: ofA, ...of }, { contributions: ofB, ...to }] = [a, b];
  const value = to.value - of.value;
  const { phi, shared } = correlation(ofA, ofB);
  const arm = (x: number, y: number): number =>
    Math.sqrt(Math.max(0, x ** 2 - 2 * (paired ? phi : 0) * x * y + y ** 2));
  const most = range.most - range.least;
  return {
    a: of,
    b: to,
    value,
    low: Math.max(-most, value - arm(to.value - to.low, of.high - of.value)),
    high: Math.min(most, value + arm(to.high - to.value, of.value - of.low)),
    shared,
  };
}

/** The same of two figures that were estimated apart, by other arithmetic than a ratio's. */
export function differenceOf(a: Measured, b: Measured): Difference {
  const value = b.value - a.value;
  const low = Math.max(-1, value - Math.hypot(b.value - b.low, a.high - a.value));
  return { a, b, value, low, high: Math.min(1, value + Math.hypot(b.high - b.value, a.value - a.low)), shared: 0 };
}

/** The mean of figures that were estimated apart. */
export function meanOfFigures(figures: readonly Measured[]): Figure {
  if (figures.length === 0) return null;
  const of = (valueOf: (figure: Measured) => number) => figures.map(valueOf);
  const value = of((figure) => figure.value).reduce((sum, each) => sum + each, 0) / figures.length;
  const low = value - Math.hypot(...of((figure) => figure.value - figure.low)) / figures.length;
  const high = value + Math.hypot(...of((figure) => figure.high - figure.value)) / figures.length;
  return { value, low, high, n: of(({ n }) => n).reduce((sum, n) => sum + n, 0) };
}

/** How alike the clusters' contributions to two figures are. */
function correlation(
  left: Estimate['contributions'],
  right: Estimate['contributions'],
): { phi: number; shared: number } {
  let products = 0;
  let shared = 0;
  for (const [cluster, value] of left) {
    const other = right.get(cluster);
    if (other === undefined) continue;
    shared += 1;
    products += value * other;
  }
  const scale = Math.sqrt(squares(left) * squares(right));
  // Newcombe's correction of a positive correlation, half an observation: one problem that differs proves nothing.
  const corrected = products > 0 ? Math.max(0, products - 0.5) : products;
  return { phi: scale > 1e-12 ? Math.max(-1, Math.min(1, corrected / scale)) : 0, shared };
}

/**
 * Mean of independent runs' values with Student's 95 % interval: what another seed may bring, where an interval over
 * problems only says how well these models were measured. `n` is the number of runs. Null for fewer than two.
 */
export function meanOfRuns(values: readonly number[]): Figure {
  const n = values.length;
  if (n < 2) return null;
  const value = values.reduce((sum, next) => sum + next, 0) / n;
  const variance = values.reduce((sum, next) => sum + (next - value) ** 2, 0) / (n - 1);
  const half = studentQuantile(n - 1) * Math.sqrt(variance / n);
  return { value, low: value - half, high: value + half, n };
}
