import type { LapReport } from '../../shared/figures/report.ts';
import { aligned, decimal, duration, percent, value } from './format.ts';
import { byRun, figureAt, lapCurves, lastVerifier, type Curve, type CurvePoint } from './lapCurves.ts';

/** Laps with their headline figures, one a line. */
export function lapsTable(reports: readonly LapReport[], unfinished: readonly string[]): string {
  const rows = reports.map((report) => [
    report.lap,
    report.parent ?? '–',
    report.preset,
    String(report.seed),
    value(lastVerifier(report)?.scoreAccuracy ?? null),
    value(report.generator.trueScoreAfter),
    value(report.generator.byDifficulty.at(-1)?.trueScoreAfter ?? null),
    value(report.labels.precision),
    value(report.labels.contestedShare),
    report.proofScores.peopleShare === null ? '–' : percent(report.proofScores.peopleShare),
    duration(report.wallSeconds),
  ]);
  const head = [
    ['', '', '', '', 'verifier', 'true', 'hardest', 'label', '', "people's", ''],
    ['lap', 'parent', 'preset', 'seed', 'accuracy', 'score', 'band', 'precision', 'contested', 'share', 'wall'],
  ];
  return [
    ...(rows.length === 0 ? ['No lap has finished yet.'] : aligned([...head, ...rows])),
    ...unfinished.map((lap) => `${lap}  not finished`),
  ].join('\n');
}

/** The curves of several laps: a block of figures for each run, a column for each lap; at last their mean over runs. */
export function curveTable(reports: readonly LapReport[]): string {
  const curves = lapCurves(reports);
  const runs = byRun(reports);
  const blocks = runs.map(({ run, reports: own }, index) =>
    block(
      `run ${run}: ${own.map(({ lap, preset, seed }) => `${lap} (${preset}, seed ${seed})`).join(', ')}`,
      curves,
      ({ runs: tracks }) => tracks[index]?.points ?? [],
    ),
  );
  if (runs.length > 1)
    blocks.push(block(`mean over ${runs.length} runs, with Student's interval over runs`, curves, ({ mean }) => mean));
  return blocks.map((lines) => lines.join('\n')).join('\n\n');
}

function block(title: string, curves: readonly Curve[], pointsOf: (curve: Curve) => readonly CurvePoint[]): string[] {
  const measured = curves
    .map((curve) => ({ ...curve, points: pointsOf(curve) }))
    .filter(({ points }) => points.some(({ figure }) => figure !== null));
  const turns = [...new Set(measured.flatMap(({ points }) => points.map(({ turn }) => turn)))].sort((a, b) => a - b);
  const rows = measured.map(({ name, points, baseline }) => [
    name,
    ...turns.map((turn) => figureAt(points, turn)),
    [...new Set(baseline.map(({ value: constant }) => decimal(constant)))].join(' / '),
  ]);
  return [
    title,
    ...aligned([['', ...turns.map((turn) => (turn === 0 ? 'base' : `lap ${turn}`)), 'constant'], ...rows]),
  ];
}
