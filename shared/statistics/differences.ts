/**
 * Differences between figures, pure. Two laps that were measured on the same held-out problems are compared problem by
 * problem: a problem that is hard for both says nothing about which is better.
 */
import { ratio, totals, type Observation } from './measures.ts';
import type { Figure, Measured } from './figure.ts';

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
export function difference(a: readonly Observation[], b: readonly Observation[], paired = true): Difference | null {
  const [of, to] = [ratio(a), ratio(b)];
  if (of === null || to === null) return null;
  const value = to.value - of.value;
  const { phi, shared } = correlation(a, b);
  const arm = (x: number, y: number): number =>
    Math.sqrt(Math.max(0, x ** 2 - 2 * (paired ? phi : 0) * x * y + y ** 2));
  return {
    a: of,
    b: to,
    value,
    low: Math.max(-1, value - arm(to.value - to.low, of.high - of.value)),
    high: Math.min(1, value + arm(to.high - to.value, of.value - of.low)),
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

/** How alike the clusters' contributions (hits − value · of) to two figures are. */
function correlation(a: readonly Observation[], b: readonly Observation[]): { phi: number; shared: number } {
  const [left, right] = [contributions(a), contributions(b)];
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

const squares = (of: ReadonlyMap<string, number>): number =>
  [...of.values()].reduce((sum, value) => sum + value ** 2, 0);

/** By cluster, in units of an average cluster. */
function contributions(observations: readonly Observation[]): Map<string, number> {
  const { hits, of, clusters } = totals(observations);
  const unit = of / clusters.size;
  return new Map([...clusters].map(([name, cluster]) => [name, (cluster.hits - (hits / of) * cluster.of) / unit]));
}

/** 97.5 % quantiles of Student's t at 1 to 9 degrees of freedom. */
const T = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622] as const;
const Z = 1.959964;

/**
 * Mean of independent runs' values with Student's 95 % interval: what another seed may bring, where an interval over
 * problems only says how well these models were measured. `n` is the number of runs. Null for fewer than two.
 */
export function meanOfRuns(values: readonly number[]): Figure {
  const n = values.length;
  if (n < 2) return null;
  const value = values.reduce((sum, next) => sum + next, 0) / n;
  const variance = values.reduce((sum, next) => sum + (next - value) ** 2, 0) / (n - 1);
  const half = quantile(n - 1) * Math.sqrt(variance / n);
  return { value, low: value - half, high: value + half, n };
}

/** Beyond the table by its expansion in 1/ν (Fisher and Cornish), to three digits. */
function quantile(freedom: number): number {
  return T[freedom - 1] ?? Z + (Z ** 3 + Z) / (4 * freedom) + (5 * Z ** 5 + 16 * Z ** 3 + 3 * Z) / (96 * freedom ** 2);
}
