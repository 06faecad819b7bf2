/**
 * A mean that people's small sample corrects, pure: a judge scored all answers, people some of them, drawn at random
 * within the judge's scores. However wrong the judge is, the mean is the people's; a good judge makes it sharper.
 *
 * It is the stratified form of a prediction-powered estimate (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic, Science
 * 382, 2023): with the judge's score as the stratum, and the people's mean in each in the score's place.
 */
import { LEAST_HUMAN_SCORES, type Figure } from './figure.ts';
import { ratio, totals, type Observation } from './measures.ts';
import { wilsonAt } from './wilson.ts';

/** One distinct text that a judge scored, and people perhaps. All numbers are in [0, 1]. */
export interface SampledUnit {
  /** Within it, who was asked about is a matter of chance alone. */
  readonly stratum: string;
  /** What the judge thinks of it. */
  readonly predicted: number;
  /** Units of one cluster are alike; here: the problem's id. */
  readonly cluster: string;
  /** Answers that are this text. */
  readonly weight: number;
  /** What people say; absent where they were not asked, or did not say. */
  readonly value?: number | undefined;
  /** Its value needs nobody's word, such as that of an answer without a proof. @default false */
  readonly isKnown?: boolean;
}

/**
 * Mean of all units' values by their weights, with a 95 % interval; `n` is the number of values that were asked for.
 * Null where these are fewer than `LEAST_HUMAN_SCORES`, and not all.
 *
 * The value is Σ W_h m_h: shares of the weights, and means of the values in each stratum. A stratum with fewer than two
 * values counts as one with that of the nearest prediction. The interval is that of the mean on problems like these, as
 * of other figures, so that it does not close when people have seen all answers. It adds squared arms (Newcombe; Zou
 * and Donner, Statistics in Medicine 27, 2008): of each m_h Wilson's, and of the shares Wilson's at the variance
 * between clusters. Both are widened by what the clusters' residuals show beyond independence.
 */
export function stratifiedMean(units: readonly SampledUnit[]): Figure {
  const strata = strataOf(units);
  if (strata === undefined) return null;
  const known = strata.flatMap(({ mean, isWhole, of }) =>
    of.map(({ weight, value, cluster }) => ({ hits: weight * (isWhole ? (value ?? 0) : mean), of: weight, cluster })),
  );
  const { hits, of: all } = totals(known);
  if (all === 0) return null;
  const asked = strata.filter(({ isWhole }) => !isWhole);
  const n = units.filter(({ value, isKnown }) => value !== undefined && !isKnown).length;
  if (asked.length === 0) return ratio(known);
  if (n < LEAST_HUMAN_SCORES) return null;
  const value = hits / all;
  const shares = squaresOf(contributions(known, value, all));
  const arms = [
    ...(shares > 1e-12 ? [armsAt(value, 1, (value * (1 - value)) / shares)] : []),
    ...asked.map((stratum) => armsAt(stratum.mean, stratum.weight / all, effective(stratum))),
  ];
  const wider = Math.sqrt(clustering(known, asked, value, all, shares));
  const arm = (side: 'low' | 'high') => wider * Math.hypot(...arms.map((each) => each[side]));
  return { value, low: Math.max(0, value - arm('low')), high: Math.min(1, value + arm('high')), n };
}

interface Stratum {
  readonly of: readonly SampledUnit[];
  /** Those with a value. */
  readonly valued: readonly (SampledUnit & { readonly value: number })[];
  readonly isWhole: boolean;
  readonly weight: number;
  readonly predicted: number;
  /** Of the values, by weights. */
  readonly mean: number;
}

/** Undefined where a stratum without enough values has no other to go with. */
function strataOf(units: readonly SampledUnit[]): readonly Stratum[] | undefined {
  const names = [...new Set(units.map(({ stratum }) => stratum))].sort();
  const strata = names.map((name) => stratumOf(units.filter(({ stratum }) => stratum === name)));
  for (;;) {
    const poor = strata.find(({ isWhole, valued }) => !isWhole && valued.length < 2);
    if (poor === undefined) return strata;
    const [nearest] = strata
      .filter((other) => other !== poor && !other.of.every(({ isKnown }) => isKnown))
      .sort((a, b) => Math.abs(a.predicted - poor.predicted) - Math.abs(b.predicted - poor.predicted));
    if (nearest === undefined) return undefined;
    strata.splice(strata.indexOf(poor), 1);
    strata.splice(strata.indexOf(nearest), 1, stratumOf([...nearest.of, ...poor.of]));
  }
}

function stratumOf(of: readonly SampledUnit[]): Stratum {
  const valued = of.flatMap((unit) => (unit.value === undefined ? [] : [{ ...unit, value: unit.value }]));
  const weight = weightOf(of);
  const mean = sumOf(valued, (unit) => unit.weight * unit.value) / (weightOf(valued) || 1);
  const predicted = sumOf(of, (unit) => unit.weight * unit.predicted) / (weight || 1);
  return { of, valued, isWhole: valued.length === of.length, weight, predicted, mean };
}

/**
 * What the values are worth as 0-or-1 observations: more, where they vary less. One of the greatest variance that the
 * mean allows is added, since a few equal values do not show that there is none.
 */
function effective({ valued, mean }: Stratum): number {
  const most = mean * (1 - mean);
  const seen = sumOf(valued, (unit) => unit.weight * (unit.value - mean) ** 2) / weightOf(valued);
  const variance = (valued.length * seen + most) / (valued.length + 1);
  const count = weightOf(valued) ** 2 / sumOf(valued, ({ weight }) => weight ** 2);
  return variance > 1e-12 ? (count * most) / variance : count;
}

function armsAt(mean: number, share: number, n: number): { readonly low: number; readonly high: number } {
  const { low, high } = wilsonAt(mean, n);
  return { low: share * (mean - low), high: share * (high - mean) };
}

/** How much larger the variance is than if values of one cluster were independent; 1 at least. */
function clustering(
  known: readonly Observation[],
  asked: readonly Stratum[],
  value: number,
  all: number,
  shares: number,
): number {
  const together = contributions(known, value, all);
  let apart = shares;
  for (const { valued, weight, mean } of asked) {
    const scale = weight / all / weightOf(valued);
    for (const unit of valued) {
      const residual = scale * unit.weight * (unit.value - mean);
      apart += residual ** 2;
      together.set(unit.cluster, (together.get(unit.cluster) ?? 0) + residual);
    }
  }
  return apart > 1e-12 ? Math.max(1, squaresOf(together) / apart) : 1;
}

/** To the mean, by cluster. */
function contributions(known: readonly Observation[], value: number, all: number): Map<string, number> {
  return new Map([...totals(known).clusters].map(([name, { hits, of }]) => [name, (hits - value * of) / all]));
}

const squaresOf = (of: ReadonlyMap<string, number>): number => sumOf([...of.values()], (value) => value ** 2);
const weightOf = (units: readonly SampledUnit[]): number => sumOf(units, ({ weight }) => weight);
const sumOf = <T>(items: readonly T[], valueOf: (item: T) => number): number =>
  items.reduce((sum, item) => sum + valueOf(item), 0);
