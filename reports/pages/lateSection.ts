import { PEOPLE_AGREE, type GoldFigures } from '../../shared/figures/gold.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { percent, whole, withInterval } from './format.ts';
import { html, type Markup } from './markup.ts';
import { plainTable } from './tables.ts';

/** What people said after earlier laps had gone on, what they have not said yet, and what they found faulty. */
export function lateSection({ late, lap }: LapReport): Markup | null {
  if (late === undefined) return null;
  const { proofs, analyses, heldBack, open, unasked, halfAnswered, faulty } = late;
  return html`<h2>People's late answers</h2>
    <p>
      ${whole(proofs)} scores of proofs and ${whole(analyses)} of analyses came after earlier laps had gone on, and
      joined this one's D_v and D_mv; ${whole(heldBack)} more are of problems held back, and only kept. ${whole(open)}
      questions are open still: ${whole(unasked)} that nobody was asked yet, ${whole(halfAnswered)} that somebody has
      answered. What is said of them joins the lap after ${lap}.
      ${
        faulty === 0
          ? null
          : html`Problems that two people or a lead found faulty: ${whole(faulty)}. Nothing samples, labels or trains on
            them any more.`
      }
    </p>`;
}

/** The same for a terminal. */
export function lateLines({ late }: LapReport): string[] {
  if (late === undefined) return [];
  const { proofs, analyses, heldBack, open, unasked, halfAnswered, faulty } = late;
  return [
    `late scores joined: ${proofs} of proofs, ${analyses} of analyses, ${heldBack} of problems held back`,
    `questions still open: ${open}, of which nobody was asked ${unasked}, and somebody has answered ${halfAnswered}`,
    ...(faulty > 0 ? [`faulty problems taken out: ${faulty}`] : []),
  ];
}

const nameOf = ({ annotator, source }: GoldFigures): string =>
  source === 'program' ? `${annotator} (a program)` : annotator;

const below = ({ isBelow }: GoldFigures): string =>
  isBelow ? `below the ${percent(PEOPLE_AGREE)} that people agree on` : '';

/** A line an annotator. */
export const goldLines = (figures: readonly GoldFigures[]): string[] =>
  figures.map(
    (each) =>
      `${nameOf(each)}: ${withInterval(each.accuracy)} of ${each.accuracy.n} known answers` +
      (each.isBelow ? `, ${below(each)}` : ''),
  );

/** How people answered questions whose answers are known; nothing where none were asked. */
export function goldSection(figures: readonly GoldFigures[] | undefined): Markup | null {
  if (figures === undefined) return null;
  return html`<h2>Known answers</h2>
    <p>
      Questions whose answers are known, mixed unseen into what people scored (experts.gold). They measure people, and
      train nothing. The interval is Wilson's, at 95 %.
    </p>
    ${plainTable(
      ['annotator', 'answered as known', 'of', ''],
      figures.map((each) => [nameOf(each), withInterval(each.accuracy), each.accuracy.n, below(each)]),
    )}`;
}
