import type { Figure } from '../../shared/figures/figure.ts';
import type { DecodingFigures, LapReport } from '../../shared/figures/report.ts';
import { ledgerCells } from './ledger.ts';
import { verifierFigures } from './tables.ts';
import { aligned, change, decimal, duration, percent, readable, value, whole, withInterval } from './format.ts';

/** What was measured, as lines for a terminal of 100 columns. */
export function lapTable(report: LapReport): string {
  return [
    `${report.lap}: preset ${report.preset}, seed ${report.seed}, ${duration(report.wallSeconds)} ` +
      `(${percent(report.time.neitherShare)} neither training nor inference)`,
    `Truth: ${report.truthBy}. Figures at T = 1 on held-out problems, with 95 % intervals.`,
    '',
    ...aligned([['', 'before', 'after', '', 'constant'], ...measured(figureRows(report))]),
    ...(report.greedy ? ['', 'greedy (T = 0)', ...aligned(measured(figureRows(report.greedy)))] : []),
    '',
    ...labelLines(report),
    '',
    ...aligned([
      ['phase', 'wall', 'training', 'inference', 'calls', 'tokens'],
      ...report.stages.map((stage) => [
        readable(stage.name),
        duration(stage.wallSeconds),
        duration(stage.trainingSeconds),
        duration(stage.inferenceSeconds),
        whole(stage.calls),
        whole(stage.tokens),
      ]),
    ]),
    '',
    ...ledgerLines(report),
    '',
    ...aligned([
      ['training', 'steps', 'reward', 'flat groups', 'unscorable'],
      ...report.trainings.map((training) => [
        readable(training.name),
        String(training.steps),
        `${decimal(training.firstReward)} → ${decimal(training.lastReward)}`,
        decimal(training.flatGroupShareOfLastFive),
        String(training.unscorable),
      ]),
    ]),
    ...watchLines(report),
    ...imitationLines(report),
  ].join('\n');
}

type Row = readonly [name: string, before: Figure, after: Figure, constant?: number | undefined];

function figureRows(figures: DecodingFigures): Row[] {
  const { verifier, metaVerifier: meta, generator, selfVerification: self } = figures;
  const { parent, v1, v2 } = verifier;
  const from = parent ?? v1;
  const names = parent === null ? 'verifier v1 → v2' : "verifier, parent's → this lap's";
  const { trueScoreBefore: before, trueScoreAfterConsolidation: consolidated } = generator;
  return [
    ...verifierFigures(figures)
      .slice(0, 5)
      .map(({ name, of, constant }): Row => [`${names}: ${name}`, from?.[of] ?? null, v2?.[of] ?? null, constant]),
    ['meta-verifier: accuracy', meta.accuracyBefore, meta.accuracyAfter, meta.constantBaseline?.accuracy],
    ...(consolidated ? [['generator, consolidated: true score', before, consolidated] as const] : []),
    ['generator, phase 2: true score', before, generator.trueScoreAfterPhase2],
    ['generator, phase 3: true score', before, generator.trueScoreAfter],
    ...generator.byDifficulty.map(({ difficulty, trueScoreBefore, trueScoreAfter }): Row => [
      `  difficulty ${difficulty}`,
      trueScoreBefore,
      trueScoreAfter,
    ]),
    [
      'self-score accuracy',
      self.selfScoreAccuracyBefore,
      self.selfScoreAccuracyAfter,
      self.constantBaselineAfter?.accuracy,
    ],
    ['false among claims of 1', self.falseClaimsBefore, self.falseClaimsAfter],
    ['claims of 1 among flawed proofs', self.falseClaimsWhereFlawedBefore, self.falseClaimsWhereFlawedAfter],
  ];
}

function measured(rows: readonly Row[]): string[][] {
  return rows
    .filter(([, before, after]) => before !== null || after !== null)
    .map(([name, before, after, constant]) => [
      name,
      withInterval(before),
      withInterval(after),
      change(before, after),
      constant === undefined ? '' : decimal(constant),
    ]);
}

const share = (of: number | null): string => (of === null ? '–' : percent(of));
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, count) => all + count, 0);

function labelLines({ labels, proofScores: { used, added, peopleShare, peopleShareOfAdded } }: LapReport): string[] {
  const byScore = (['0', '0.5', '1'] as const).map(
    (score) => `${score}: ${withInterval(labels.precisionByScore[score])} of ${labels.byScore[score]}`,
  );
  return [
    `labels: ${whole(labels.total)} proofs, ${whole(labels.auto)} automatic, ${whole(labels.contested)} ` +
      `contested (${labels.unresolved} unresolved; experts scored ${labels.expert})`,
    `  precision ${withInterval(labels.precision)}; of ${byScore.join(', ')}`,
    ...(labels.auditedPrecision
      ? [
          `  audited by experts, blindly: ${withInterval(labels.auditedPrecision)} of ` +
            `${labels.auditedPrecision.n} right`,
        ]
      : []),
    `D_v: ${whole(sum(used))} scored proofs to learn from, ${share(peopleShare)} of the scores by ` +
      `people${used.program > 0 ? ' (a program in their place)' : ''}; ${whole(sum(added))} added by this lap, ` +
      `${share(peopleShareOfAdded)} by people`,
  ];
}

/** Reward against the truth of the same samples, by stage; then what a person should look at. */
function watchLines({ watch: { stages, warnings } }: LapReport): string[] {
  const audited = stages.filter(({ audit }) => audit !== null);
  const table = aligned([
    ['audited samples', 'got', 'are worth', '', 'of'],
    ...audited.map(({ stage, audit }) => [
      readable(stage),
      value(audit?.b ?? null),
      withInterval(audit?.a ?? null),
      change(audit?.b ?? null, audit?.a ?? null),
      String(audit?.a.n ?? ''),
    ]),
  ]);
  return [
    ...(audited.length > 0 ? ['', ...table] : []),
    ...(warnings.length > 0 ? ['', ...warnings.map(({ about, text }) => `! ${readable(about)}: ${text}`)] : []),
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
