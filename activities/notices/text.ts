import { lapOf } from '../../shared/ids.ts';
import type { Notice } from '../../shared/lap/notices.ts';
import type { QuestionKind } from '../../shared/review/reviews.ts';

const ASKED: Readonly<Record<QuestionKind, readonly [one: string, more: string]>> = {
  scoreProof: ['proof', 'proofs'],
  scoreContestedProof: ['contested proof', 'contested proofs'],
  scoreAnalysis: ['analysis of a proof', 'analyses of proofs'],
  auditLabel: ['labelled proof to audit', 'labelled proofs to audit'],
  auditReward: ['rewarded proof to audit', 'rewarded proofs to audit'],
  evaluateProof: ['held-out proof', 'held-out proofs'],
};

/** @param open of a deadline that went by, the questions that are open. */
export function noticeText(notice: Notice, open = 0): string {
  switch (notice.event) {
    case 'questions.asked':
      return `${counted(notice.questions, notice.kind)} to score, ${named(notice.lap)}, due ${day(notice.deadline)}`;
    case 'questions.overdue':
      return (
        `The deadline went by with ${open} of ${counted(notice.questions, notice.kind)} open, ${named(notice.lap)}, due ` +
        day(notice.deadline)
      );
    case 'lap.failed':
      return notice.lap === undefined
        ? `A lap could not begin${why(notice.failure)}: workflow ${notice.about}`
        : `${notice.lap} failed${why(notice.failure)}; what it has is kept, and can be mended`;
    case 'budget.reached':
      return notice.failure === undefined
        ? `Budget reached: no lap begins after ${notice.about}`
        : `Budget reached: a lap was not begun, workflow ${notice.about}`;
    case 'lap.waiting':
      return `${notice.about} waits for a lead's word about ${notice.waitsFor.join(', ')}`;
    case 'flywheel.paused':
      return notice.laps === 0
        ? `Run ${notice.about} is paused before its first lap`
        : `Paused: no lap begins after ${notice.about} until somebody resumes`;
    case 'labels.heldBack':
      return `${notice.about}: audits hold back the labels ${notice.labels.join(', ')}`;
  }
}

/** A product is no lap. */
const named = (lap: string): string => (lapOf(lap) === undefined ? lap : `lap ${lap}`);

const why = (failure: string | undefined): string => (failure === undefined ? '' : ` (${failure})`);

const counted = (count: number, kind: QuestionKind): string => `${count} ${ASKED[kind][count === 1 ? 0 : 1]}`;

const DAY = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
});

/** `Tue 5 May, 12:00 UTC`. */
const day = (iso: string): string => `${DAY.format(new Date(iso)).replace(/^(\w+),/, '$1')} UTC`;
