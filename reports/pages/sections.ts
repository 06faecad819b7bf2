import type { DecodingFigures, DifficultyBand, Figure, LapReport } from '../../shared/figures/report.ts';
import { dots, rewardCurve, scoreByDifficulty, stacks } from './charts.ts';
import { decimal, duration, percent, readable, value, whole, withInterval } from './format.ts';
import { LEDGER_COLUMNS } from './ledger.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { INK } from './svg.ts';
import { figureTable, heatTable, plainTable } from './tables.ts';

/** A chart with what it shows; nothing at all where there is nothing to show. */
const figure = (chart: Markup, caption: Markup): Markup =>
  html`<figure>
    ${chart}
    <figcaption>${caption}</figcaption>
  </figure>`;

function tile(what: string, before: Figure, after: Figure, note: string): Markup {
  return html`<div class="tile">
    <div class="what">${what}</div>
    <div class="figure">
      ${before ? html`<span class="from">${decimal(before.value)} → </span>` : null}${after ? decimal(after.value) : '–'}
    </div>
    <div class="note">
      ${after ? `${decimal(after.low)}–${decimal(after.high)}` : 'not measured'}${note === '' ? '' : ` · ${note}`}
    </div>
  </div>`;
}

/** Before and after, large. */
export function tiles(report: LapReport): Markup {
  const { verifier, generator, selfVerification, labels } = report;
  return html`<div class="tiles">
    ${tile('Verifier: score accuracy, v1 → v2', verifier.v1?.scoreAccuracy ?? null, verifier.v2?.scoreAccuracy ?? null, verifier.constantBaseline ? `constant ${decimal(verifier.constantBaseline.accuracy)}` : '')}
    ${tile('Verifier: quality where issues are claimed, v1 → v2', verifier.v1?.qualityWhereIssuesClaimed ?? null, verifier.v2?.qualityWhereIssuesClaimed ?? null, '')}
    ${tile('Meta-verifier: accuracy, before → after', report.metaVerifier.accuracyBefore, report.metaVerifier.accuracyAfter, report.metaVerifier.constantBaseline ? `constant ${decimal(report.metaVerifier.constantBaseline.accuracy)}` : '')}
    ${tile('Generator: true proof score, base → final', generator.trueScoreBefore, generator.trueScoreAfter, '')}
    ${tile('Self-verification: false among claims of 1', selfVerification.falseClaimsBefore, selfVerification.falseClaimsAfter, '')}
    ${tile('Automatic labels: precision', null, labels.precision, `${labels.auto} of ${labels.total} labelled`)}
  </div>`;
}

export function verifierSection(report: LapReport): Markup {
  const { base, v1, v2, constantBaseline, heldOutProofs: heldOut } = report.verifier;
  const models = [
    { name: 'base', colour: INK.before, figures: base },
    { name: 'v1 (score reward)', colour: INK.between, figures: v1 },
    { name: 'v2 (with R_meta)', colour: INK.after, figures: v2 },
  ].filter(({ figures }) => figures !== null);
  const rows = [
    { name: 'score accuracy', of: 'scoreAccuracy', baseline: constantBaseline?.accuracy },
    { name: 'analysis quality', of: 'analysisQuality' },
    { name: 'quality where issues claimed', of: 'qualityWhereIssuesClaimed' },
    { name: 'recall of real flaws', of: 'issueRecall' },
    { name: 'recall of real remarks', of: 'remarkRecall' },
    { name: 'invented among claimed issues', of: 'falseIssueShare' },
    { name: 'analyses that claim an issue', of: 'claimShare' },
    { name: 'malformed answers', of: 'malformedShare' },
  ] as const;
  const greedy = report.greedy?.verifier;
  const all = [
    ...models.map(({ name, figures }) => ({ name, figures })),
    ...[
      { name: 'v1, greedy', figures: greedy?.v1 ?? null },
      { name: 'v2, greedy', figures: greedy?.v2 ?? null },
    ].filter(({ figures }) => figures !== null),
  ];
  return html`<h2>Verifier</h2>
    <p>
      Each verifier judged the same held-out proofs of the base, spread over all difficulties and balanced by true score
      as far as there were enough: ${heldOut['0']} of score 0, ${heldOut['0.5']} of 0.5, ${heldOut['1']} of 1. Truth:
      ${report.truthBy}. Malformed answers count as wrong.
    </p>
    ${
      models.length === 0
        ? notMeasured
        : figure(
            dots(
              'verifier',
              'Figures of the verifiers with 95 % intervals.',
              models,
              rows
                .slice(0, 6)
                .map((row) => ({
                  name: row.name,
                  figures: models.map(({ figures }) => figures?.[row.of] ?? null),
                  baseline: 'baseline' in row ? row.baseline : undefined,
                })),
            ),
            html`T = 1, with 95 % intervals that count problems, not samples. Silence has quality 1, therefore quality
            is also shown where an issue is claimed.`,
          )
    }
    <div class="pair">
      ${v1 ? heatTable('v1: given against true score', v1.confusion) : null}${v2 ? heatTable('v2: given against true score', v2.confusion) : null}
    </div>
    ${figureTable(
      all.map(({ name }) => name),
      rows.map((row) => ({
        name: row.name,
        figures: all.map(({ figures }) => figures?.[row.of] ?? null),
        constant: 'baseline' in row ? row.baseline : undefined,
      })),
    )}
    <h3>Meta-verifier</h3>
    ${figureTable(
      ['before', 'after', 'verifier v2 in this role'],
      [metaRow('accuracy at T = 1', report), ...(report.greedy ? [metaRow('accuracy, greedy', report.greedy)] : [])],
    )}`;
}

function metaRow(
  name: string,
  { metaVerifier: { accuracyBefore, accuracyAfter, accuracyOfVerifierV2, constantBaseline } }: DecodingFigures,
) {
  return { name, figures: [accuracyBefore, accuracyAfter, accuracyOfVerifierV2], constant: constantBaseline?.accuracy };
}

const notMeasured = html`<p class="quiet">Not measured; the reasons are at the end.</p>`;

/** What a generator was worth, before, between and after. */
type TrueScores = Pick<DifficultyBand, 'trueScoreBefore' | 'trueScoreAfterPhase2' | 'trueScoreAfter'>;

const trueScoreRow = (name: string, of: TrueScores) => ({
  name,
  figures: [of.trueScoreBefore, of.trueScoreAfterPhase2, of.trueScoreAfter],
});

export function generatorSection(report: LapReport): Markup {
  const { generator, greedy } = report;
  return html`<h2>Generator</h2>
    <p>True score of the proofs of all held-out problems; an answer without a proof is worth 0.</p>
    ${generator.trueScoreBefore || generator.trueScoreAfter ? figure(scoreByDifficulty(report), html`T = 1, with 95 % intervals. Base is the model before any training: the baseline.`) : notMeasured}
    ${figureTable(
      ['base', 'after phase 2', 'after phase 3'],
      [
        trueScoreRow('true score', generator),
        ...generator.byDifficulty.map((band) => trueScoreRow(`difficulty ${band.difficulty}`, band)),
        {
          name: 'malformed answers',
          figures: [generator.malformedBefore, generator.malformedAfterPhase2, generator.malformedAfter],
        },
        ...(greedy ? [trueScoreRow('true score, greedy', greedy.generator)] : []),
      ],
    )}`;
}

export function selfVerificationSection(report: LapReport): Markup {
  const { selfVerification: self, greedy } = report;
  const counts = [self.claimsBefore, self.claimsAfter];
  const part = (name: string, key: keyof NonNullable<(typeof counts)[0]>, colour: string) => ({
    name,
    colour,
    values: counts.map((count) => count?.[key] ?? 0),
  });
  const pairs = (of: typeof self, suffix: string) => [
    { name: `self-score accuracy${suffix}`, figures: [of.selfScoreAccuracyBefore, of.selfScoreAccuracyAfter] },
    { name: `false among claims of 1${suffix}`, figures: [of.falseClaimsBefore, of.falseClaimsAfter] },
    {
      name: `claims of 1 among flawed proofs${suffix}`,
      figures: [of.falseClaimsWhereFlawedBefore, of.falseClaimsWhereFlawedAfter],
    },
    { name: `true score of these proofs${suffix}`, figures: [of.trueScoreBefore, of.trueScoreAfter] },
  ];
  const constants = [self.constantBaselineBefore, self.constantBaselineAfter].map((baseline) =>
    baseline ? `${decimal(baseline.accuracy)} (always ${baseline.score})` : '–',
  );
  return html`<h2>Self-verification</h2>
    <p>What the generator says of its own proof, before phase 3 (the phase-2 generator, asked for it) and after.</p>
    ${
      self.claimsBefore || self.claimsAfter
        ? figure(
            stacks(
              'claims',
              'Self-scores before and after phase 3.',
              ['before', 'after'],
              [
                part('claims 1, true', 'trueClaimsOf1', INK.good),
                part('claims 1, false', 'falseClaimsOf1', INK.bad),
                part('less than 1, right', 'rightBelow1', INK.after),
                part('less than 1, wrong', 'wrongBelow1', INK.between),
                part('malformed', 'malformed', INK.quiet),
              ],
              { label: whole },
            ),
            html`Answers by what they claim, and whether it is so. A constant self-score would be right in
            ${constants[0] ?? '–'} of the answers before, ${constants[1] ?? '–'} after.`,
          )
        : notMeasured
    }
    ${figureTable(['before phase 3', 'after phase 3'], [...pairs(self, ''), ...(greedy ? pairs(greedy.selfVerification, ', greedy') : [])])}`;
}

export function labelSection(report: LapReport): Markup {
  const { labels } = report;
  const left = labels.contested - labels.unresolved - labels.expert;
  const expertsPart = Math.min(labels.expert, labels.contested);
  return html`<h2>Automatic labels</h2>
    <p>
      ${whole(labels.total)} proofs of the final generator: ${whole(labels.auto)} labelled automatically,
      ${whole(labels.contested)} contested (${labels.contestedShare ? percent(labels.contestedShare.value) : '–'}), of
      which experts scored ${whole(labels.expert)}. ${decimal(labels.analysesPerProof)} analyses and
      ${decimal(labels.metaAnalysesPerProof)} meta-analyses a
      proof.${labels.errorCorrelation === null || labels.effectiveAnalyses === null ? '' : ` Two analyses of one proof err alike with ρ = ${decimal(labels.errorCorrelation)}: the recipe's n are worth ${decimal(labels.effectiveAnalyses)} independent ones.`}
    </p>
    ${figure(
      stacks(
        'labels',
        'Label counts.',
        [''],
        [
          { name: 'label 0', colour: INK.bad, values: [labels.byScore['0']] },
          { name: 'label 0.5', colour: INK.between, values: [labels.byScore['0.5']] },
          { name: 'label 1', colour: INK.good, values: [labels.byScore['1']] },
          { name: 'contested, scored by experts', colour: INK.muted, values: [expertsPart] },
          { name: 'contested, left', colour: INK.quiet, values: [Math.max(0, left)] },
          {
            name: 'unresolved',
            colour: INK.before,
            values: [Math.max(0, labels.contested - expertsPart - Math.max(0, left))],
          },
        ],
        { label: whole, axis: false },
      ),
      html`Precision over all automatic labels: ${withInterval(labels.precision)}; of the verifier's first verdicts on
      all these proofs, right:
      ${withInterval(labels.verdictAccuracy)}.${labels.auditedPrecision ? ` Of a blind sample of ${labels.auditedPrecision.n}, experts gave the same score to ${withInterval(labels.auditedPrecision)}.` : ''}`,
    )}
    ${plainTable(
      ['label', 'proofs', 'precision against truth'],
      (['0', '0.5', '1'] as const).map((score) => [
        score,
        labels.byScore[score],
        withInterval(labels.precisionByScore[score]),
      ]),
    )}
    ${
      Object.keys(labels.contestedReasons).length === 0
        ? null
        : plainTable(
            ['contested because', 'proofs'],
            Object.entries(labels.contestedReasons).sort((a, b) => b[1] - a[1]),
          )
    }`;
}

export function trainingSection(report: LapReport): Markup {
  return html`<h2>Trainings</h2>
    <p>
      Mean reward of each step (thin) and of the last five (bold), over optimizer steps. The grey area is the share of
      groups in which all rewards were equal: they teach nothing, and a rising share may mean that a judge is being
      fooled.
    </p>
    <div class="pair">
      ${report.trainings.filter(({ curve }) => curve.length > 0).map((training) => html`<figure>${rewardCurve(training)}</figure>`)}
    </div>
    ${plainTable(
      ['stage', 'steps', 'ended by', 'reward', 'flat groups, last 5 steps', 'unscorable', 'attempts', 'time'],
      report.trainings.map((training) => [
        readable(training.name),
        training.steps,
        training.stopReason === 'saturated' ? 'saturation' : 'step limit',
        `${decimal(training.firstReward)} → ${decimal(training.lastReward)}`,
        decimal(training.flatGroupShareOfLastFive),
        training.unscorable,
        training.attempts,
        duration(training.trainingSeconds),
      ]),
    )}`;
}

/** What was rewarded against what it is worth. */
export function watchSection({ watch: { stages, warnings }, truthBy }: LapReport): Markup {
  const audited = stages.filter(({ audit }) => audit !== null);
  return html`<h2>Reward hacking</h2>
    <p>
      Samples of each training's end, rewarded as they were, and by the same formula with the truth (${truthBy}) in the
      place of labels and judges' verdicts. A measurement only: nothing of it goes back into training.
    </p>
    ${
      warnings.length === 0
        ? html`<p>No sign of it.</p>`
        : html`<ul>
            ${warnings.map(({ about, text }) => html`<li><b>${readable(about)}</b>: ${text}.</li>`)}
          </ul>`
    }
    ${
      audited.length === 0
        ? notMeasured
        : figure(
            dots(
              'audit',
              'Reward of audited samples against what they are worth.',
              [
                { name: 'what they got', colour: INK.before },
                { name: 'what they are worth', colour: INK.after },
              ],
              audited.map(({ stage, audit }) => ({
                name: readable(stage),
                figures: [audit?.b ?? null, audit?.a ?? null],
              })),
            ),
            html`One in four rewarded samples is kept with its text; shown are those of the last steps, equal ones once.`,
          )
    }
    ${plainTable(
      [
        'stage',
        'reward, last steps',
        'audited: got',
        'are worth',
        'of',
        'groups without spread',
        'true score, held out',
      ],
      stages.map(({ stage, reward, steps, audit, flatGroupShare, heldOutTrueScore }) => [
        readable(stage),
        `${decimal(reward)} (${steps})`,
        value(audit?.b ?? null),
        withInterval(audit?.a ?? null),
        audit?.a.n ?? '',
        decimal(flatGroupShare),
        withInterval(heldOutTrueScore),
      ]),
    )}`;
}

export function timeSection(report: LapReport): Markup {
  const { stages, time } = report;
  const inferenceIn = (stage: (typeof stages)[0]) =>
    Math.min(stage.inferenceSeconds, Math.max(0, stage.wallSeconds - stage.trainingSeconds));
  return html`<h2>Time</h2>
    <p>
      ${duration(report.wallSeconds)} in all. Training was under way for ${duration(time.trainingSeconds)}, inference
      beside it or alone for ${duration(time.inferenceSeconds)}; for ${duration(time.neitherSeconds)}
      (${percent(time.neitherShare)}) neither was.
    </p>
    ${
      stages.length === 0
        ? null
        : figure(
            stacks(
              'time',
              'Seconds of each phase.',
              stages.map(({ name }) => readable(name)),
              [
                {
                  name: 'training',
                  colour: INK.after,
                  values: stages.map(({ trainingSeconds, wallSeconds }) => Math.min(trainingSeconds, wallSeconds)),
                },
                { name: 'inference', colour: INK.between, values: stages.map(inferenceIn) },
                {
                  name: 'neither',
                  colour: INK.quiet,
                  values: stages.map((stage) =>
                    Math.max(0, stage.wallSeconds - stage.trainingSeconds - inferenceIn(stage)),
                  ),
                },
              ],
              { label: (seconds) => duration(seconds) },
            ),
            html`Wall time of each phase. Evaluations run beside the next training and are counted with the phase
            “evaluation”.`,
          )
    }
    ${plainTable(
      ['phase', 'wall', 'training', 'inference', 'calls', 'tokens'],
      stages.map((stage) => [
        readable(stage.name),
        duration(stage.wallSeconds),
        stage.trainingSeconds ? duration(stage.trainingSeconds) : '',
        stage.inferenceSeconds ? duration(stage.inferenceSeconds) : '',
        whole(stage.calls),
        whole(stage.tokens),
      ]),
      [
        '',
        '',
        '',
        '',
        whole(stages.reduce((sum, { calls }) => sum + calls, 0)),
        whole(stages.reduce((sum, { tokens }) => sum + tokens, 0)),
      ],
    )}`;
}

/** Planned and used, phase by phase. */
export function ledgerSection({ ledger, ledgerTotal }: LapReport): Markup {
  const shown = LEDGER_COLUMNS.filter(
    ({ name }) => ledgerTotal.used[name] > 0 || (ledgerTotal.planned?.[name] ?? 0) > 0,
  );
  const cells = ({ used, planned, ratio }: typeof ledgerTotal): string[] => [
    ...shown.map(({ name, text }) =>
      planned === null ? text(used[name]) : `${text(used[name])} / ${text(planned[name])}`,
    ),
    decimal(ratio?.tokens ?? null),
  ];
  return html`<h2>Used and planned</h2>
    <p>
      ${ledgerTotal.planned ? 'Each cell: used / planned before the lap began.' : 'The lap was started without a plan.'}
      Calls and tokens are those on the ledgers and in the reward logs, Temporal Actions are reckoned from what the
      manifest lists.
    </p>
    ${plainTable(
      ['phase', ...shown.map(({ title }) => title), 'ratio of tokens'],
      ledger.map(({ phase, ...row }) => [readable(phase), ...cells(row)]),
      ['all', ...cells(ledgerTotal)],
    )}`;
}
