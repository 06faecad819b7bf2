import type { Difference } from '../../shared/statistics/differences.ts';
import type { DecodingFigures, LapReport } from '../../shared/figures/report.ts';
import { auditText } from '../../shared/label/audit.ts';
import { trendWords } from './auditSections.ts';
import { agreementLines } from './agreementSection.ts';
import { goldLines, lateLines } from './lateSection.ts';
import { ledgerCells } from './ledger.ts';
import { judgedLines } from './judgedSection.ts';
import { testTimeLines } from '../products/testTimeSection.ts';
import { mendedText } from './mended.ts';
import { phaseTable, rewards, SCORES, selfVerificationRows, verifierRows, type FigureRow } from './tables.ts';
import {
  aligned,
  bounds,
  change,
  decimal,
  duration,
  percent,
  readable,
  sum,
  value,
  whole,
  withInterval,
} from './format.ts';

/** What was measured, as lines for a terminal of 100 columns. */
export function lapTable(report: LapReport): string {
  return [
    `${report.lap}: preset ${report.preset}, seed ${report.seed}, ${duration(report.wallSeconds)} ` +
      `(${percent(report.time.neitherShare)} neither training nor inference)`,
    ...(report.mended ? [`${mendedText(report.mended)}.`] : []),
    `Truth: ${report.truthBy}. Figures at T = 1 on held-out problems, with 95 % intervals.`,
    '',
    ...aligned([['', 'before', 'after', '', 'constant'], ...measured(figureRows(report))]),
    ...(report.greedy ? ['', 'greedy (T = 0)', ...aligned(measured(figureRows(report.greedy)))] : []),
    ...judgedLines(report),
    ...testTimeLines(report.testTime),
    '',
    ...labelLines(report),
    '',
    ...aligned(phaseTable(report.stages, duration)),
    '',
    ...ledgerLines(report),
    '',
    ...aligned([
      ['training', 'steps', 'reward', 'flat groups', 'unscorable'],
      ...report.trainings.map((training) => [
        readable(training.name),
        String(training.steps),
        rewards(training),
        decimal(training.flatGroupShareOfLastFive),
        String(training.unscorable),
      ]),
    ]),
    ...(report.late ? ['', ...lateLines(report)] : []),
    ...(report.warnings ? ['', ...report.warnings.map((text) => `! ${text}`)] : []),
    ...watchLines(report),
    ...lossLines(report),
    ...imitationLines(report),
  ].join('\n');
}

function figureRows(figures: DecodingFigures): FigureRow[] {
  const { verifier, metaVerifier: meta, generator } = figures;
  const { parent, v1, v2 } = verifier;
  const names = parent === null ? 'verifier v1 → v2' : "verifier, parent's → this lap's";
  const { trueScoreBefore: base, trueScoreAfterConsolidation: consolidated } = generator;
  return [
    ...verifierRows(figures, [parent ?? v1, v2])
      .slice(0, 5)
      .map((row) => ({ ...row, name: `${names}: ${row.name}` })),
    {
      name: 'meta-verifier: accuracy',
      figures: [meta.accuracyBefore, meta.accuracyAfter],
      constant: meta.constantBaseline?.accuracy,
    },
    ...(consolidated ? [{ name: 'generator, consolidated: true score', figures: [base, consolidated] }] : []),
    { name: 'generator, phase 2: true score', figures: [base, generator.trueScoreAfterPhase2] },
    { name: 'generator, phase 3: true score', figures: [base, generator.trueScoreAfter] },
    ...generator.byDifficulty.map(({ difficulty, trueScoreBefore, trueScoreAfter }) => ({
      name: `  difficulty ${difficulty}`,
      figures: [trueScoreBefore, trueScoreAfter],
    })),
    ...selfVerificationRows(figures).slice(0, 3),
  ];
}

function measured(rows: readonly FigureRow[]): string[][] {
  return rows
    .filter(({ figures }) => figures.some(Boolean))
    .map(({ name, figures: [before, after], constant }) => [
      name,
      withInterval(before),
      withInterval(after),
      change(before, after),
      constant === undefined ? '' : decimal(constant),
    ]);
}

function labelLines({ lap, labels, contestedTrend, proofScores, agreement, gold = [] }: LapReport): string[] {
  const { used, added, peopleShare, peopleShareOfAdded } = proofScores;
  const byScore = SCORES.map(
    (score) => `${score}: ${withInterval(labels.precisionByScore[score])} of ${labels.byScore[score]}`,
  );
  return [
    `labels: ${whole(labels.total)} proofs, ${whole(labels.auto)} automatic, ${whole(labels.contested)} ` +
      `contested (${labels.unresolved} unresolved; experts scored ${labels.expert})`,
    `  precision ${withInterval(labels.precision)}, one label for all ` +
      `${decimal(labels.constantBaseline?.accuracy)}; of ${byScore.join(', ')}`,
    ...(labels.auditedPrecision
      ? [
          `  audited by experts, blindly: ${withInterval(labels.auditedPrecision)} of ` +
            `${labels.auditedPrecision.n} right`,
        ]
      : []),
    ...(labels.audits ?? []).flatMap((audit) => (audit.labels > 0 ? [`  ${auditText(audit, lap)}`] : [])),
    ...(contestedTrend ? [`  ${trendWords(contestedTrend)}`] : []),
    `D_v: ${whole(sum(Object.values(used)))} scored proofs to learn from, ${percent(peopleShare)} of the scores by ` +
      `people${used.program > 0 ? ' (a program in their place)' : ''}${
        used.given === undefined ? '' : `, ${whole(used.given)} of them brought`
      }; ${whole(sum(Object.values(added)))} added ` +
      `by this lap, ${percent(peopleShareOfAdded)} by people`,
    ...agreementLines(agreement),
    ...(gold.length > 0 ? ['known answers:', ...goldLines(gold).map((line) => `  ${line}`)] : []),
  ];
}

/** Reward against the truth of the same samples, by stage; then what a person should look at. */
function watchLines({ watch: { stages, warnings } }: LapReport): string[] {
  const line = (name: string, found: Difference | null | undefined) =>
    found ? [[name, value(found.b), withInterval(found.a), change(found.b, found.a), String(found.a.n)]] : [];
  const audited = stages.flatMap(({ stage, audit, people }) => [
    ...line(readable(stage), audit),
    ...line(`${readable(stage)}, by ${people?.by}`, people?.rewards),
    ...line(`${readable(stage)}, claims of 1, by ${people?.by}`, people?.claims),
  ]);
  return [
    ...(audited.length > 0 ? ['', ...aligned([['audited samples', 'got', 'are worth', '', 'of'], ...audited])] : []),
    ...(warnings.length > 0 ? ['', ...warnings.map(({ about, text }) => `! ${readable(about)}: ${text}`)] : []),
  ];
}

/** Where verdicts were lost, and what a person should look at. */
function lossLines({ losses: { verdicts, warnings } }: LapReport): string[] {
  const lost = verdicts.filter(({ share }) => share > 0);
  return [
    ...(lost.length > 0
      ? [
          '',
          ...aligned([
            ['verdicts lost at first', 'of', 'share', 'mean verdict', 'if all were 0 or 1'],
            ...lost.map((each) => [
              `${each.place}, ${each.task}`,
              String(each.asked),
              percent(each.share),
              decimal(each.mean?.value),
              bounds(each.mean),
            ]),
          ]),
        ]
      : []),
    ...(warnings.length > 0 ? ['', ...warnings.map(({ about, text }) => `! ${about}: ${text}`)] : []),
  ];
}

function imitationLines({ imitations }: LapReport): string[] {
  const found = Object.entries(imitations).filter(([, { found: count }]) => count > 0);
  return found.length === 0
    ? []
    : [
        '',
        'Texts that imitate a verdict: ' +
          found.map(([where, { found: count, of }]) => `${where} ${count} of ${of}`).join(', '),
      ];
}

/** Used and planned, side by side. */
function ledgerLines(report: LapReport): string[] {
  const { titles, phases, all, ratios } = ledgerCells(report);
  return aligned([['used / planned', ...titles], ...phases, all, ['ratio', ...ratios]]);
}
