import type { Confusion, Figure } from '../../shared/figures/figure.ts';
import type { DecodingFigures } from '../../shared/figures/report.ts';
import { decimal, interval, value, whole } from './format.ts';
import { html, type Markup } from './markup.ts';

/** A chart with what it shows; nothing at all where there is nothing to show. */
export const figure = (chart: Markup, caption: Markup): Markup =>
  html`<figure>
    ${chart}
    <figcaption>${caption}</figcaption>
  </figure>`;

export const notMeasured = html`<p class="quiet">Not measured; the reasons are at the end.</p>`;

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

/** What is shown of verifiers, by weight, and what a constant answer gets. */
export const verifierFigures = ({ verifier: { constantBaseline } }: Pick<DecodingFigures, 'verifier'>) =>
  OF_VERIFIERS.map(([name, of]) => ({
    name,
    of,
    constant: of === 'scoreAccuracy' ? constantBaseline?.accuracy : undefined,
  }));

export interface FigureRow {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** What a constant answer gets, in a column of its own at the end. */
  readonly constant?: number | undefined;
}

/** Figures in a table, with intervals under them; rows without any figure are left out. */
export function figureTable(columns: readonly string[], rows: readonly FigureRow[]): Markup {
  const measured = rows.filter(({ figures }) => figures.some((figure) => figure !== null));
  const withConstant = measured.some(({ constant }) => constant !== undefined);
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th></th>
          ${columns.map((name) => html`<th>${name}</th>`)}${withConstant ? html`<th>constant answer</th>` : null}
        </tr>
      </thead>
      <tbody>
        ${measured.map(
          ({ name, figures, constant }) =>
            html`<tr>
              <th scope="row">${name}</th>
              ${figures.map(figureCell)}${
                withConstant ? html`<td>${constant === undefined ? '' : decimal(constant)}</td>` : null
              }
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function figureCell(figure: Figure): Markup {
  return html`<td title="${figure ? `n = ${whole(figure.n)}` : 'not measured'}">
    ${value(figure)}<small>${interval(figure)}</small>
  </td>`;
}

/** A plain table; the first column names the row. */
export function plainTable(
  columns: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  foot?: readonly (string | number)[],
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
          (row) =>
            html`<tr>
              ${row.map((text, column) => (column === 0 ? html`<th scope="row">${text}</th>` : html`<td>${text}</td>`))}
            </tr>`,
        )}
      </tbody>
      ${
        foot
          ? html`<tfoot>
              <tr>
                ${foot.map((text) => html`<td>${text}</td>`)}
              </tr>
            </tfoot>`
          : null
      }
    </table>
  </div>`;
}

const SCORES = ['0', '0.5', '1'] as const;
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
          const total = Math.max(
            1,
            GIVEN.reduce((sum, given) => sum + row[given], 0),
          );
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
