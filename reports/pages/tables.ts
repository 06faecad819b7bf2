import type { Confusion, Figure } from '../../shared/statistics/figure.ts';
import type { DecodingFigures, VerifierFigures } from '../../shared/figures/report.ts';
import type { StageTimes, TrainingFigures } from '../../shared/figures/work.ts';
import { decimal, duration, interval, readable, sum, value, whole } from './format.ts';
import { html, type Markup } from './markup.ts';

/** A chart with what it shows; nothing at all where there is nothing to show. */
export const figure = (chart: Markup, caption: Markup): Markup =>
  html`<figure>
    ${chart}
    <figcaption>${caption}</figcaption>
  </figure>`;

export const list = (items: readonly Markup[]): Markup =>
  html`<ul>
    ${items.map((item) => html`<li>${item}</li>`)}
  </ul>`;

export const notMeasured = html`<p class="quiet">Not measured; the reasons are at the end.</p>`;

/** Figures side by side, such as before and after. */
export interface FigureRow {
  readonly name: string;
  readonly figures: readonly (Figure | undefined)[];
  /** What a constant answer gets. */
  readonly constant?: number | undefined;
}

const OF_VERIFIERS = [
  ['score accuracy', 'scoreAccuracy'],
  ['analysis quality', 'analysisQuality'],
  ['quality where issues claimed', 'qualityWhereIssuesClaimed'],
  ['recall of real flaws', 'issueRecall'],
  ['recall of real remarks', 'remarkRecall'],
  ['invented among claimed issues', 'falseIssueShare'],
  ['analyses that claim an issue', 'claimShare'],
  ['malformed answers', 'malformedShare'],
] as const;

/** What is shown of these verifiers, by weight. */
export const verifierRows = (
  { verifier }: Pick<DecodingFigures, 'verifier'>,
  models: readonly (VerifierFigures | null | undefined)[],
): FigureRow[] =>
  OF_VERIFIERS.map(([name, key]) => ({
    name,
    figures: models.map((model) => model?.[key]),
    constant: key === 'scoreAccuracy' ? verifier.constantBaseline?.accuracy : undefined,
  }));

/** What is shown of self-verification, before and after, by weight. */
export const selfVerificationRows = ({ selfVerification: self }: DecodingFigures): FigureRow[] => [
  {
    name: 'self-score accuracy',
    figures: [self.selfScoreAccuracyBefore, self.selfScoreAccuracyAfter],
    constant: self.constantBaselineAfter?.accuracy,
  },
  { name: 'false among claims of 1', figures: [self.falseClaimsBefore, self.falseClaimsAfter] },
  {
    name: 'claims of 1 among flawed proofs',
    figures: [self.falseClaimsWhereFlawedBefore, self.falseClaimsWhereFlawedAfter],
  },
  { name: 'true score of these proofs', figures: [self.trueScoreBefore, self.trueScoreAfter] },
];

/** Time and calls of each phase, under their titles. */
export const phaseTable = (stages: readonly StageTimes[], spent: (seconds: number) => string): string[][] => [
  ['phase', 'wall', 'training', 'inference', 'calls', 'tokens'],
  ...stages.map((stage) => [
    readable(stage.name),
    duration(stage.wallSeconds),
    spent(stage.trainingSeconds),
    spent(stage.inferenceSeconds),
    whole(stage.calls),
    whole(stage.tokens),
  ]),
];

/** First and last reward of a training. */
export const rewards = ({ firstReward, lastReward }: TrainingFigures): string =>
  `${decimal(firstReward)} → ${decimal(lastReward)}`;

/** Figures in a table, with intervals under them; rows without any figure are left out. */
export function figureTable(columns: readonly string[], rows: readonly FigureRow[]): Markup {
  const measured = rows.filter(({ figures }) => figures.some(Boolean));
  const withConstant = measured.some(({ constant }) => constant !== undefined);
  return plainTable(
    ['', ...columns, ...(withConstant ? ['constant answer'] : [])],
    measured.map(({ name, figures, constant }) => [
      name,
      ...figures.map((of) => figureCell(of)),
      ...(withConstant ? [constant === undefined ? '' : decimal(constant)] : []),
    ]),
  );
}

function figureCell(figure?: Figure): Markup {
  return html`<td title="${figure ? `n = ${whole(figure.n)}` : 'not measured'}">
    ${value(figure)}<small>${interval(figure)}</small>
  </td>`;
}

type Cell = string | number | Markup;
const cell = (content: Cell): Markup => (typeof content === 'object' ? content : html`<td>${content}</td>`);

/** A table; the first column names the row. A cell of markup is a `td` of its own. */
export function plainTable(
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  foot?: readonly Cell[],
): Markup {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${columns.map((name) => html`<th>${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name, ...cells]) =>
            html`<tr>
              <th scope="row">${name}</th>
              ${cells.map(cell)}
            </tr>`,
        )}
      </tbody>
      ${
        foot &&
        html`<tfoot>
          <tr>
            ${foot.map(cell)}
          </tr>
        </tfoot>`
      }
    </table>
  </div>`;
}

export const SCORES = ['0', '0.5', '1'] as const;
const GIVEN = [...SCORES, 'malformed'] as const;

/** True score against given score, as shares of each true score: what lies on the diagonal is right. */
export function heatTable(title: string, confusion: Confusion): Markup {
  return html`<div>
    <h3>${title}</h3>
    <table class="heat">
      <thead>
        <tr>
          <th>true ↓ given →</th>
          ${GIVEN.map((given) => html`<th>${given}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${SCORES.map((truth) => {
          const row = confusion[truth];
          const total = Math.max(1, sum(Object.values(row)));
          return html`<tr>
            <th scope="row">${truth}</th>
            ${GIVEN.map((given) => {
              const share = row[given] / total;
              const heat = Math.round(share * 100);
              return html`<td
                class="${share > 0.55 ? 'strong' : ''}"
                style="--heat:${heat};--hue:var(--${given === truth ? 'after' : 'bad'})"
                title="${row[given]} of ${total}"
              >
                ${share.toFixed(2)}
              </td>`;
            })}
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
