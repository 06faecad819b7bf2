import { difference, differenceOf, meanOfFigures, meanOfRuns, type Difference } from '../statistics/differences.ts';
import type { Observation } from '../statistics/measures.ts';
import type { Figure } from '../statistics/figure.ts';

/** What `flywheel compare` finds: figures of laps b less those of laps a, all on the same held-out problems. */
export interface Comparison {
  readonly a: Side;
  readonly b: Side;
  /** Digest of the held-out problems. */
  readonly heldOut: string;
  /** The seeds that both sides have, one lap each; empty where seeds could not be paired. */
  readonly seeds: readonly number[];
  readonly figures: readonly ComparedFigure[];
  readonly notCompared: readonly { readonly figure: string; readonly reason: string }[];
}

export interface Side {
  readonly laps: readonly string[];
  readonly seeds: readonly number[];
}

export interface ComparedFigure extends Difference {
  readonly name: string;
  /** By held-out problem; false where the two sides' problems are not the same (label precision). */
  readonly paired: boolean;
  /** The difference within each seed, and its mean over seeds with Student's interval: what another seed may bring. */
  readonly bySeed: readonly { readonly seed: number; readonly value: number }[];
  readonly overSeeds: Figure;
}

/** Observations of one figure in one lap. */
export interface LapObservations {
  readonly lap: string;
  readonly seed: number;
  readonly observations: readonly Observation[];
}

export interface LapEstimate {
  readonly seed: number;
  readonly estimate: Figure;
}

/**
 * The seeds by which two sides pair: those of a, where each side has each seed once and b has the same ones; else none.
 */
export function pairedSeeds(a: readonly number[], b: readonly number[]): readonly number[] {
  const alike =
    a.length === b.length &&
    new Set(a).size === a.length &&
    new Set(b).size === b.length &&
    a.every((seed) => b.includes(seed));
  return alike ? [...a].sort((x, y) => x - y) : [];
}

/** One figure of two sides, their laps pooled; undefined where a side has nothing to measure. */
export function compareFigure(
  name: string,
  a: readonly LapObservations[],
  b: readonly LapObservations[],
  paired: boolean,
): ComparedFigure | undefined {
  const pooled = (side: readonly LapObservations[]) => side.flatMap(({ observations }) => observations);
  const whole = difference(pooled(a), pooled(b), paired);
  if (whole === null) return undefined;
  const of = (side: readonly LapObservations[], seed: number) =>
    side.find((lap) => lap.seed === seed)?.observations ?? [];
  const bySeed = pairedSeeds(seedsOf(a), seedsOf(b)).flatMap((seed) => {
    const value = difference(of(a, seed), of(b, seed), paired)?.value;
    return value === undefined ? [] : [{ seed, value }];
  });
  return { name, ...whole, paired, bySeed, overSeeds: meanOfRuns(bySeed.map(({ value }) => value)) };
}

/** A figure that each lap has as a whole, such as a sample's estimate; undefined where a lap has none. */
export function compareEstimates(
  name: string,
  a: readonly LapEstimate[],
  b: readonly LapEstimate[],
): ComparedFigure | undefined {
  const known = (side: readonly LapEstimate[]) => side.flatMap(({ estimate }) => estimate ?? []);
  const [of, to] = [meanOfFigures(known(a)), meanOfFigures(known(b))];
  if (of === null || to === null || known(a).length < a.length || known(b).length < b.length) return undefined;
  const bySeed = pairedSeeds(seedsOf(a), seedsOf(b)).flatMap((seed) => {
    const [from, until] = [a, b].map((side) => side.find((lap) => lap.seed === seed)?.estimate);
    return from && until ? [{ seed, value: until.value - from.value }] : [];
  });
  const overSeeds = meanOfRuns(bySeed.map(({ value }) => value));
  return { name, ...differenceOf(of, to), paired: false, bySeed, overSeeds };
}

const seedsOf = (side: readonly { readonly seed: number }[]): number[] => side.map(({ seed }) => seed);
