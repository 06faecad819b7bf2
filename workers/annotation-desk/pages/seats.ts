import { html, type Markup } from '../../../reports/pages/markup.ts';
import type { Flag, SeatProgress } from '../../../shared/review/reviews.ts';
import { SCORE_TEXT } from '../../../shared/review/rubric.ts';
import { moment } from './frame.ts';

/**
 * All seats of a question beside each other, for who decides.
 * @param page where the proof is. @default this page
 */
export function seatsBeside(seats: readonly SeatProgress[], page = ''): Markup {
  return html`<div class="seats">${seats.map((seat) => seatCard(seat, page))}</div>`;
}

function seatCard(seat: SeatProgress, page: string): Markup {
  const { annotator, score, firstScore, comment, uncertain, lines = [], analyses = [] } = seat;
  return html`<section class="seat" aria-label="Seat ${seat.seat}">
    <h3>${annotator ?? `Seat ${seat.seat}`}</h3>
    ${
      score === undefined
        ? html`<p class="quiet">${stateText(seat)}</p>`
        : html`<p class="given">
            <b>${SCORE_TEXT[score]}</b>${
              firstScore === undefined || firstScore === score
                ? null
                : ` (${SCORE_TEXT[firstScore]} before the analyses)`
            }${uncertain ? ', uncertain' : null}
          </p>`
    }
    ${comment === undefined ? null : html`<p class="comment">${comment}</p>`}
    ${
      lines.length === 0
        ? null
        : html`<p class="quiet">About ${lines.map((line, index) => [index > 0 ? ', ' : '', lineLink(page, line)])}.</p>`
    }
    ${analyses.map(
      ({ analysis, real, score, override }) =>
        html`<p class="quiet">
          Analysis ${analysis + 1}:
          ${real.length === 0 ? null : `${real.filter(Boolean).length} of ${real.length} issues real, `}quality
          ${SCORE_TEXT[score]}${override === undefined ? '.' : `, because: ${override}`}
        </p>`,
    )}
  </section>`;
}

function stateText({ state, leaseUntil }: SeatProgress): Markup {
  switch (state) {
    case 'free':
      return html`Free.`;
    case 'claimed':
      return html`Taken${leaseUntil === undefined ? null : html` until ${moment(leaseUntil)}`}.`;
    case 'scoredOnce':
      return html`Scored once; the analyses are to be looked at.`;
    case 'answered':
      return html`Answered.`;
  }
}

const lineLink = (page: string, line: number) => html`<a href="${page}#L${line}">line ${line}</a>`;

/**
 * What somebody found faulty.
 * @param areNamed whether it is said who did: to who decides.
 */
export function flagsOf(flags: readonly Flag[], areNamed: boolean): Markup | null {
  if (flags.length === 0) return null;
  return html`${flags.map(
    ({ annotator, reason }) =>
      html`<p class="flagged"><b>Flagged as faulty${areNamed ? ` by ${annotator}` : null}:</b> ${reason}</p>`,
  )}`;
}
