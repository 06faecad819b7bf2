import {
  GENERATOR_FIGURES,
  VERIFIER_FIGURES,
  type EvaluationReport,
  type GeneratorFigure,
  type GridRow,
  type TruthFacts,
  type VerifierEvaluation,
  type VerifierFigure,
} from '../../shared/products/evaluation.ts';
import type { Difference } from '../../shared/statistics/differences.ts';
import type { Figure } from '../../shared/statistics/figure.ts';
import { dots } from '../pages/charts.ts';
import { decimal, signed, value, whole, withInterval } from '../pages/format.ts';
import { html, type Markup } from '../pages/markup.ts';
import { wholePage } from '../pages/style.ts';
import { INK } from '../pages/svg.ts';
import { figure, heatTable, list, plainTable, SCORES } from '../pages/tables.ts';
import { lossRows, spentText, truthText } from './evaluationTable.ts';

/** An evaluation as one file: no script, nothing loaded. Equal reports give equal bytes. */
export function evaluationPage(report: EvaluationReport): string {
  const title = `${report.name} · evaluation of a ${report.subject}`;
  return wholePage(
    title,
    html`<h1>${report.name}</h1>
      ${report.subject === 'verifier' ? verifierHead(report) : generatorHead(report)}
      ${report.notes.length === 0 ? null : list(report.notes.map((note) => html`⚠ ${note}.`))}
      ${report.subject === 'verifier' ? verifierSections(report) : generatorSections(report)}
      <h2>Notes</h2>
      ${definitions(report.subject === 'verifier' ? VERIFIER_FIGURES : GENERATOR_FIGURES)}
      <p class="quiet">
        Intervals are 95 %, with problems as clusters: Wilson's at the effective number of observations, the jackknife
        over problems for correlations and calibration. Differences are the second model's less the first's, paired by
        problem (Newcombe's square-and-add method).
      </p>`,
  );
}

type OfVerifier = Extract<EvaluationReport, { subject: 'verifier' }>;
type OfGenerator = Extract<EvaluationReport, { subject: 'generator' }>;

const verifierHead = ({ truth, models }: OfVerifier): Markup =>
  html`<p class="quiet">
    ${models.map(({ judge }) => judge).join(' and ')}, ${models[0]?.n ?? 0} analyses of each
    proof${(models[0]?.m ?? 0) > 0 ? `, ${models[0]?.m} meta-analyses of each that reports an issue` : ''}, against
    ${truthText(truth)}
  </p>`;

const generatorHead = ({ by, models }: OfGenerator): Markup =>
  html`<p class="quiet">
    Proofs of ${models.map(({ generator }) => generator).join(' and ')},
    ${
      by.kind === 'model'
        ? `judged by ${by.judge}: the majority of ${by.n} analyses of each. This is what the judge thinks, and no truth.`
        : html`graded by people: ${truthText(by.truth)}`
    }
  </p>`;

function definitions(figures: Readonly<Record<string, { readonly name: string; readonly says: string }>>): Markup {
  return html`<dl>
    ${Object.values(figures).map(
      ({ name, says }) =>
        html`<dt>${name}</dt>
          <dd class="quiet">${says}.</dd>`,
    )}
  </dl>`;
}

/** Figures of one model or two, and how they differ. */
function figuresTable<Name extends string>(
  names: Readonly<Record<Name, { readonly name: string; readonly says: string }>>,
  models: readonly { readonly name: string; readonly figures: Readonly<Record<Name, Figure>> }[],
  differences: Readonly<Record<Name, Difference | null>> | undefined,
): Markup {
  return plainTable(
    ['', ...models.map(({ name }) => name), ...(differences ? ['difference'] : [])],
    (Object.keys(names) as Name[])
      .filter((name) => models.some(({ figures }) => figures[name] !== null))
      .map((name) => [
        names[name].name,
        ...models.map(({ figures }) => figureCell(figures[name])),
        ...(differences ? [differenceText(differences[name])] : []),
      ]),
  );
}

const figureCell = (of: Figure): Markup =>
  html`<td title="${of ? `n = ${whole(of.n)}` : 'not measured'}">
    ${value(of)}<small>${of ? `${decimal(of.low)}–${decimal(of.high)}` : ''}</small>
  </td>`;

const differenceText = (of: Difference | null): string =>
  of === null ? '–' : `${signed(of)}${of.low > 0 || of.high < 0 ? ' *' : ''}`;

function verifierSections({ models, differences, constant, truth }: OfVerifier): Markup {
  const named = models.map((model) => ({ name: model.judge, figures: model.figures }));
  return html`<h2>Figures</h2>
    ${figuresTable<VerifierFigure>(VERIFIER_FIGURES, named, differences)}
    ${
      constant &&
      html`<p class="quiet">
        ${constant.score} to everything would be right of ${decimal(constant.accuracy)} of the proofs.
        ${differences ? '* the interval leaves 0 out.' : ''}
      </p>`
    }
    ${models.map((model) => verifierSection(model, truth))}`;
}

function verifierSection(model: VerifierEvaluation, truth: TruthFacts): Markup {
  const { judge, confusion, majorityConfusion, f1ByClass, byTopic, losses, spent, m } = model;
  return html`<h2>${judge}</h2>
    <p class="quiet">Judged by ${judge}, against the grades of ${truth.by}.</p>
    <div class="pair">${heatTable('Single verdicts', confusion)}${heatTable('Majorities of n', majorityConfusion)}</div>
    <p class="quiet">
      Malformed: of single verdicts the lost ones, of majorities the undecided and the lost. F1 by class:
      ${SCORES.filter((score) => f1ByClass[score] !== null)
        .map((score) => `${score} ${withInterval(f1ByClass[score])}`)
        .join(', ')}.
    </p>
    ${reliabilitySection(model)} ${agreementSection(model)} ${gridSection(model)}
    ${
      byTopic.length < 2
        ? null
        : html`<h3>By topic</h3>
            ${plainTable(
              ['topic', 'proofs', 'accuracy, majority of n'],
              byTopic.map(({ topic, proofs, majorityAccuracy }) => [topic, proofs, figureCell(majorityAccuracy)]),
            )}`
    }
    <h3>Calls</h3>
    ${plainTable(
      ['', 'asked', 'unparseable', 'truncated', 'refused', 'failed', 'lost'],
      [['analyses', ...lossRows(losses.verify)], ...(m > 0 ? [['meta-analyses', ...lossRows(losses.metaVerify)]] : [])],
    )}
    <p class="quiet">First attempts; ${spentText(spent)}.</p>`;
}

function reliabilitySection({ judge, reliability, figures }: VerifierEvaluation): Markup {
  const chart = dots(
    `reliability-${judge.replaceAll(/[^a-z0-9]+/gi, '-')}`,
    'Mean true score of proofs by the mean of their verdicts.',
    [{ name: judge, colour: INK.after }],
    reliability.map(({ from, to, proofs, given, truth }) => ({
      name: `${from.toFixed(1)}–${to.toFixed(1)} (${proofs})`,
      figures: [truth],
      constant: given,
    })),
    { min: 0, max: 1, interval: 0.25, constant: 'mean score given' },
  );
  return html`<h3>Calibration</h3>
    ${
      reliability.length === 0
        ? html`<p class="quiet">Not measured: no verdict could be read.</p>`
        : figure(
            chart,
            html`Proofs by the mean score of their n verdicts (how many in brackets), and their mean true score.
            Expected calibration error ${withInterval(figures.calibrationError)}.`,
          )
    }`;
}

function agreementSection({ n, figures, effective, effectiveOfErrors }: VerifierEvaluation): Markup {
  return html`<h3>What ${n} verdicts are worth</h3>
    <p>
      Self-consistency ρ = ${withInterval(figures.consistency)}: n / (1 + (n − 1)ρ) = ${withInterval(effective)}. Of
      their errors ρ = ${withInterval(figures.errorCorrelation)}, so that they tell as much of a proof as
      ${withInterval(effectiveOfErrors)} independent ones.
    </p>`;
}

function gridSection({ grid, n, m }: VerifierEvaluation): Markup | null {
  const full = grid.filter((row) => row.n === n && row.m === m);
  const rest = grid.filter((row) => !full.includes(row));
  if (full.every(({ contested }) => contested === null)) return null;
  return html`<h3>Automatic labels</h3>
    <p class="quiet">
      What the rule (paper 2.3) would label by these verdicts, without a further call: right labels of those given, and
      the proofs left to people. m = 0: every analysis that reports an issue counts as valid.
    </p>
    ${gridTable(full)}
    ${
      rest.length === 0
        ? null
        : html`<details>
            <summary>by fewer analyses or meta-analyses, ${rest.length} more</summary>
            ${gridTable(rest)}
          </details>`
    }`;
}

const gridTable = (rows: readonly GridRow[]): Markup =>
  plainTable(
    ['rule', 'n, m, k', 'precision', 'of 0', 'of 0.5', 'of 1', 'contested', 'unresolved'],
    rows.map(({ rule, n, m, k, precision, byLabel, contested, unresolved }) => [
      rule,
      `${n}, ${m}, ${k}`,
      ...[precision, byLabel['0'], byLabel['0.5'], byLabel['1'], contested, unresolved].map(figureCell),
    ]),
  );

function generatorSections({ models, differences }: OfGenerator): Markup {
  const named = models.map((model) => ({ name: model.generator, figures: model.figures }));
  return html`<h2>Figures</h2>
    ${figuresTable<GeneratorFigure>(GENERATOR_FIGURES, named, differences)}
    ${models.map(
      ({ generator, byTopic, losses, spent }) =>
        html`<h2>${generator}</h2>
          <h3>By topic</h3>
          ${plainTable(
            ['topic', 'problems', ...Object.values(GENERATOR_FIGURES).map(({ name }) => name)],
            byTopic.map(({ topic, problems, figures }) => [
              topic,
              problems,
              ...(Object.keys(GENERATOR_FIGURES) as GeneratorFigure[]).map((name) => figureCell(figures[name])),
            ]),
          )}
          ${
            losses &&
            html`<h3>Calls</h3>
              ${plainTable(
                ['', 'asked', 'unparseable', 'truncated', 'refused', 'failed', 'lost'],
                [
                  ['proofs', ...lossRows(losses.prove)],
                  ['analyses', ...lossRows(losses.verify)],
                ],
              )}
              <p class="quiet">First attempts; ${spentText(spent)}.</p>`
          }`,
    )}`;
}
