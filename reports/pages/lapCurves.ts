import { meanOfRuns } from '../../shared/statistics/differences.ts';
import type { Figure } from '../../shared/statistics/figure.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { withInterval } from './format.ts';
import { SCORES } from './tables.ts';
import { runOf } from '../../shared/ids.ts';
import type { Searcher } from '../../shared/lap/manifest.ts';

/** One figure along the laps of a run. */
export interface Curve {
  readonly name: string;
  readonly runs: readonly { readonly run: string; readonly points: readonly CurvePoint[] }[];
  /** Mean over the runs at each turn, with Student's interval; empty for a single run. */
  readonly mean: readonly CurvePoint[];
  /**
   * What the best constant answer gets at each turn, where that is a rival: the same in all laps on the held-out set,
   * of their own on the proofs of each.
   */
  readonly baseline: readonly { readonly turn: number; readonly value: number }[];
}

export interface CurvePoint {
  /** The lap's place in its chain; 0 is the base, before any training. */
  readonly turn: number;
  readonly figure: Figure;
}

/** What a lap came to, in words. */
export const figureAt = (points: readonly CurvePoint[], turn: number): string =>
  withInterval(points.find((point) => point.turn === turn)?.figure);

/** The places in a chain that are there, in order. */
export const turnsOf = (laps: readonly { readonly turn: number }[]): number[] =>
  [...new Set(laps.map(({ turn }) => turn))].sort((a, b) => a - b);

export const lapName = (turn: number): string => (turn === 0 ? 'base' : `lap ${turn}`);

interface Quantity {
  readonly name: string;
  readonly of: (report: LapReport) => Figure;
  /** Of the base, as a chain's first lap measured it. */
  readonly ofBase?: (report: LapReport) => Figure;
  readonly baseline?: (report: LapReport) => number | undefined;
}

/** A run's laps, in the order of their turns. */
interface Run {
  readonly run: string;
  readonly reports: readonly LapReport[];
}

function byRun(reports: readonly LapReport[]): Run[] {
  const runs = [...new Set(reports.map(({ lap }) => runOf(lap)))];
  return runs.map((run) => ({
    run,
    reports: reports
      .filter(({ lap }) => runOf(lap) === run)
      .sort((a, b) => a.turn - b.turn || (a.lap < b.lap ? -1 : 1)),
  }));
}

/** A block of curves for each run, with the figures measured in it; of several runs, another for their mean. */
export function curveBlocks(reports: readonly LapReport[], curves: readonly Curve[]) {
  const runs = byRun(reports);
  const rowsOf = (pointsOf: (curve: Curve) => readonly CurvePoint[] | undefined) =>
    curves
      .map((curve) => ({ ...curve, points: pointsOf(curve) ?? [] }))
      .filter(({ points }) => points.some(({ figure }) => figure !== null));
  return [
    ...runs.map((run, index) => ({ run, rows: rowsOf((curve) => curve.runs[index]?.points) })),
    ...(runs.length > 1 ? [{ run: undefined, rows: rowsOf(({ mean }) => mean) }] : []),
  ];
}

/**
 * The curves of the flywheel: whether it gets better lap by lap, and what that takes of people. Figures that no lap
 * measured are left out.
 */
export function lapCurves(reports: readonly LapReport[]): Curve[] {
  return quantities(reports)
    .map(({ name, of, ofBase, baseline }) => {
      const runs = byRun(reports).map(({ run, reports: own }) => {
        const first = own.find(({ turn }) => turn === 1);
        const base = first && ofBase?.(first);
        return {
          run,
          points: [
            ...(base ? [{ turn: 0, figure: base }] : []),
            ...own.map((report) => ({ turn: report.turn, figure: of(report) })),
          ],
        };
      });
      return {
        name,
        runs,
        mean: runs.length > 1 ? meanAt(runs.flatMap(({ points }) => points)) : [],
        baseline: bestAt(reports.map((report) => ({ turn: report.turn, value: baseline?.(report) }))),
      };
    })
    .filter(({ runs }) => runs.some(({ points }) => points.some(({ turn, figure }) => turn > 0 && figure !== null)));
}

function meanAt(points: readonly CurvePoint[]): CurvePoint[] {
  return turnsOf(points).map((turn) => ({
    turn,
    figure: withinShares(
      meanOfRuns(points.flatMap((point) => (point.turn === turn && point.figure ? [point.figure.value] : []))),
    ),
  }));
}

function bestAt(
  constants: readonly { readonly turn: number; readonly value: number | undefined }[],
): Curve['baseline'] {
  const known = constants.flatMap(({ turn, value }) => (value === undefined ? [] : [{ turn, value }]));
  return turnsOf(known).map((turn) => ({
    turn,
    value: Math.max(...known.flatMap((each) => (each.turn === turn ? [each.value] : []))),
  }));
}

/** Student knows nothing of bounds: no curve here goes below 0 or above 1. */
function withinShares(mean: Figure): Figure {
  return mean && { ...mean, low: Math.max(0, mean.low), high: Math.min(1, mean.high) };
}

/** The verifier that a lap labels with: its own, or its parent's where it is frozen. */
export const lastVerifier = ({ verifier }: LapReport) => verifier.v2 ?? verifier.parent;

const bandOf = (report: LapReport, name: string) =>
  report.generator.byDifficulty.find(({ difficulty }) => difficulty === name);
/** What a lap's search came to, of its final generator or of the base. */
const searchedBy = ({ testTime = [] }: LapReport, model: Searcher) =>
  testTime.find((each) => each.model === model && each.search)?.search;
const constant = ({ verifier }: LapReport): number | undefined => verifier.constantBaseline?.accuracy;

function quantities(reports: readonly LapReport[]): Quantity[] {
  const bands = [
    ...new Set(reports.flatMap(({ generator }) => generator.byDifficulty.map(({ difficulty }) => difficulty))),
  ];
  return [
    {
      name: "generator's true score",
      of: ({ generator }) => generator.trueScoreAfter,
      ofBase: ({ generator }) => generator.trueScoreOfBase,
    },
    { name: "generator's score by a blind sample", of: ({ judged }) => judged?.people?.score ?? null },
    {
      name: "generator's score in each lap's verifier's own eyes",
      of: ({ judged }) => judged?.verifier?.after ?? null,
      ofBase: ({ judged }) => judged?.verifier?.ofBase ?? null,
    },
    {
      name: 'search ends with a right proof',
      of: (report) => searchedBy(report, 'selfVerification')?.points.at(-1)?.right ?? null,
      ofBase: (report) => searchedBy(report, 'base')?.points.at(-1)?.right ?? null,
    },
    {
      name: 'one proof of these problems, without search',
      of: (report) => searchedBy(report, 'selfVerification')?.oneShot ?? null,
      ofBase: (report) => searchedBy(report, 'base')?.oneShot ?? null,
    },
    ...bands.map((band): Quantity => ({
      name: `true score, difficulty ${band}`,
      of: (report) => bandOf(report, band)?.trueScoreAfter ?? null,
      ofBase: (report) => bandOf(report, band)?.trueScoreBefore ?? null,
    })),
    {
      name: "verifier's score accuracy",
      of: (report) => lastVerifier(report)?.scoreAccuracy ?? null,
      ofBase: ({ verifier }) => verifier.base?.scoreAccuracy ?? null,
      baseline: constant,
    },
    {
      name: "verifier's accuracy on the hardest held-out proofs",
      of: (report) => lastVerifier(report)?.byDifficulty.at(-1)?.scoreAccuracy ?? null,
      ofBase: ({ verifier }) => verifier.base?.byDifficulty.at(-1)?.scoreAccuracy ?? null,
    },
    {
      name: "verifier's accuracy on the proofs to label",
      of: ({ labels }) => labels.verdictAccuracy,
      baseline: ({ labels }) => labels.constantBaseline?.accuracy,
    },
    { name: 'precision of automatic labels', of: ({ labels }) => labels.precision },
    ...SCORES.map((score): Quantity => ({
      name: `precision of label ${score}`,
      of: ({ labels }) => labels.precisionByScore[score],
    })),
    { name: 'contested share', of: ({ labels }) => labels.contestedShare },
    { name: "people's share of D_v", of: ({ proofScores }) => counted(proofScores.peopleShare) },
    {
      name: "people's share of what a lap adds to D_v",
      of: ({ proofScores }) => counted(proofScores.peopleShareOfAdded),
    },
  ];
}

/** A share of all there are: no estimate, so its interval is itself. */
const counted = (share: number | null): Figure =>
  share === null ? null : { value: share, low: share, high: share, n: 1 };
