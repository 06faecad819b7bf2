import type {
  ClaimCounts,
  ConstantBaseline,
  DecodingFigures,
  DifficultyBand,
  LapReport,
} from '../../shared/figures/report.ts';
import type { Figure } from '../../shared/statistics/figure.ts';
import { dots, stacks } from './charts.ts';
import { decimal, interval, value, whole } from './format.ts';
import { EYES, nameOfPeople } from './judgedSection.ts';
import { html, type Markup } from './markup.ts';
import { INK } from './svg.ts';
import {
  figure,
  figureTable,
  heatTable,
  notMeasured,
  selfVerificationRows,
  verifierRows,
  type FigureRow,
} from './tables.ts';

function tile(what: string, [before, after]: readonly (Figure | undefined)[], note: string | null = null): Markup {
  const from = before && html`<span class="from">${decimal(before.value)} → </span>`;
  return html`<div class="tile">
    <div class="what">${what}</div>
    <div class="figure">${from}${value(after)}</div>
    <div class="note">${[interval(after) || 'not measured', note].filter(Boolean).join(' · ')}</div>
  </div>`;
}

const constant = (baseline: ConstantBaseline | null) => baseline && `constant ${decimal(baseline.accuracy)}`;

/** Before and after, large. */
export function tiles({ verifier, metaVerifier, generator, selfVerification, labels, judged }: LapReport): Markup {
  const models = [verifier.v1, verifier.v2];
  const accuracies = models.map((model) => model?.scoreAccuracy);
  const qualities = models.map((model) => model?.qualityWhereIssuesClaimed);
  const { accuracyBefore, accuracyAfter } = metaVerifier;
  const { falseClaimsBefore, falseClaimsAfter } = selfVerification;
  const note = `${labels.auto} of ${labels.total} labelled`;
  return html`<div class="tiles">
    ${tile('Verifier: score accuracy, v1 → v2', accuracies, constant(verifier.constantBaseline))}
    ${tile('Verifier: quality where issues are claimed, v1 → v2', qualities)}
    ${tile(
      'Meta-verifier: accuracy, before → after',
      [accuracyBefore, accuracyAfter],
      constant(metaVerifier.constantBaseline),
    )}
    ${tile('Generator: true proof score, base → final', [generator.trueScoreBefore, generator.trueScoreAfter])}
    ${judged?.verifier && tile(`Generator: score ${EYES}`, [judged.verifier.before, judged.verifier.after])}
    ${judged?.people && tile(`Generator: score ${nameOfPeople(judged.people)}`, [null, judged.people.score])}
    ${tile('Self-verification: false among claims of 1', [falseClaimsBefore, falseClaimsAfter])}
    ${tile('Automatic labels: precision', [null, labels.precision], note)}
  </div>`;
}

export function verifierSection(report: LapReport): Markup {
  const { base, v1, v2, heldOutProofs: heldOut } = report.verifier;
  const models = [
    { name: 'base', colour: INK.before, figures: base },
    { name: 'v1 (score reward)', colour: INK.between, figures: v1 },
    { name: 'v2 (with R_meta)', colour: INK.after, figures: v2 },
  ].filter(({ figures }) => figures);
  const greedy = report.greedy?.verifier;
  const all = [
    ...models,
    { name: 'v1, greedy', figures: greedy?.v1 },
    { name: 'v2, greedy', figures: greedy?.v2 },
  ].filter(({ figures }) => figures);
  const rowsOf = (of: typeof all) =>
    verifierRows(
      report,
      of.map(({ figures }) => figures),
    );
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
            dots('verifier', 'Figures of the verifiers with 95 % intervals.', models, rowsOf(models).slice(0, 6)),
            html`T = 1, with 95 % intervals that count problems, not samples. Silence has quality 1, therefore quality
            is also shown where an issue is claimed.`,
          )
    }
    <div class="pair">
      ${v1 && heatTable('v1: given against true score', v1.confusion)}
      ${v2 && heatTable('v2: given against true score', v2.confusion)}
    </div>
    ${figureTable(
      all.map(({ name }) => name),
      rowsOf(all),
    )}
    <h3>Meta-verifier</h3>
    ${figureTable(
      ['before', 'after', 'verifier v2 in this role'],
      [metaRow('accuracy at T = 1', report), ...(report.greedy ? [metaRow('accuracy, greedy', report.greedy)] : [])],
    )}`;
}

const metaRow = (name: string, { metaVerifier: meta }: DecodingFigures): FigureRow => ({
  name,
  figures: [meta.accuracyBefore, meta.accuracyAfter, meta.accuracyOfVerifierV2],
  constant: meta.constantBaseline?.accuracy,
});

/** What a generator was worth, before, between and after. */
type TrueScores = Pick<DifficultyBand, 'trueScoreBefore' | 'trueScoreAfterPhase2' | 'trueScoreAfter'>;

const trueScoreRow = (name: string, of: TrueScores): FigureRow => ({
  name,
  figures: [of.trueScoreBefore, of.trueScoreAfterPhase2, of.trueScoreAfter],
});

const GENERATORS = [
  { name: 'base', colour: INK.before },
  { name: 'after phase 2', colour: INK.between },
  { name: 'after phase 3', colour: INK.after },
];

export function generatorSection({ generator, greedy }: LapReport): Markup {
  const bands = generator.byDifficulty.map((band) => trueScoreRow(`difficulty ${band.difficulty}`, band));
  return html`<h2>Generator</h2>
    <p>True score of the proofs of all held-out problems; an answer without a proof is worth 0.</p>
    ${
      generator.trueScoreBefore || generator.trueScoreAfter
        ? figure(
            dots(
              'generator',
              'Mean true score of proofs, before and after training, over all held-out problems and by difficulty.',
              GENERATORS,
              [trueScoreRow('all', generator), ...bands],
            ),
            html`T = 1, with 95 % intervals. Base is the model before any training: the baseline.`,
          )
        : notMeasured
    }
    ${figureTable(
      GENERATORS.map(({ name }) => name),
      [
        trueScoreRow('true score', generator),
        ...bands,
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
  const part = (name: string, key: keyof ClaimCounts, colour: string) => ({
    name,
    colour,
    values: counts.map((count) => count?.[key] ?? 0),
  });
  const [before, after] = [self.constantBaselineBefore, self.constantBaselineAfter].map((baseline) =>
    baseline ? `${decimal(baseline.accuracy)} (always ${baseline.score})` : '–',
  );
  return html`<h2>Self-verification</h2>
    <p>What the generator says of its own proof, before phase 3 (the phase-2 generator, asked for it) and after.</p>
    ${
      counts.some(Boolean)
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
              whole,
            ),
            html`Answers by what they claim, and whether it is so. A constant self-score would be right in ${before} of
            the answers before, ${after} after.`,
          )
        : notMeasured
    }
    ${figureTable(
      ['before phase 3', 'after phase 3'],
      [report, ...(greedy ? [greedy] : [])].flatMap((of) =>
        selfVerificationRows(of).map(({ name, figures }) => ({
          name: of === greedy ? `${name}, greedy` : name,
          figures,
        })),
      ),
    )}`;
}
