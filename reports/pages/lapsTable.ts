import type { LapReport } from '../../shared/figures/report.ts';
import { aligned, decimal, duration, percent, value } from './format.ts';
import { curveBlocks, figureAt, lapCurves, lapName, lastVerifier, turnsOf } from './lapCurves.ts';

/** Laps with their headline figures, one a line. */
export function lapsTable(reports: readonly LapReport[], unfinished: readonly string[]): string {
  const isJudged = reports.some(({ judged }) => judged !== undefined);
  const byJudges = ({ judged }: LapReport) =>
    isJudged ? [value(judged?.people?.score), value(judged?.verifier?.after)] : [];
  const rows = reports.map((report) => [
    report.lap,
    report.parent ?? '–',
    report.preset,
    String(report.seed),
    value(lastVerifier(report)?.scoreAccuracy),
    value(report.generator.trueScoreAfter),
    value(report.generator.byDifficulty.at(-1)?.trueScoreAfter),
    ...byJudges(report),
    value(report.labels.precision),
    value(report.labels.contestedShare),
    percent(report.proofScores.peopleShare),
    duration(report.wallSeconds),
  ]);
  const [upper, lower] = isJudged
    ? [
        ['blind', "in verifier's"],
        ['sample', 'own eyes'],
      ]
    : [[], []];
  const head = [
    ['', '', '', '', 'verifier', 'true', 'hardest', ...upper, 'label', '', "people's", ''],
    [
      'lap',
      'parent',
      'preset',
      'seed',
      'accuracy',
      'score',
      'band',
      ...lower,
      'precision',
      'contested',
      'share',
      'wall',
    ],
  ];
  return [
    ...(rows.length === 0 ? ['No lap has finished yet.'] : aligned([...head, ...rows])),
    ...unfinished.map((lap) => `${lap}  not finished`),
  ].join('\n');
}

/** The curves of several laps: a block of figures for each run, a column for each lap; at last their mean over runs. */
export function curveTable(reports: readonly LapReport[]): string {
  const blocks = curveBlocks(reports, lapCurves(reports));
  const tables = blocks.map(({ run, rows }) => {
    const turns = turnsOf(rows.flatMap(({ points }) => points));
    return [
      run
        ? `run ${run.run}: ${run.reports.map(({ lap, preset, seed }) => `${lap} (${preset}, seed ${seed})`).join(', ')}`
        : `mean over ${blocks.length - 1} runs, with Student's interval over runs`,
      ...aligned([
        ['', ...turns.map(lapName), 'constant'],
        ...rows.map(({ name, points, baseline }) => [
          name,
          ...turns.map((turn) => figureAt(points, turn)),
          [...new Set(baseline.map(({ value: constant }) => decimal(constant)))].join(' / '),
        ]),
      ]),
    ].join('\n');
  });
  return tables.join('\n\n');
}
