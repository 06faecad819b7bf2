import { gauge } from '../../activities/metrics/registry.ts';
import { QUESTION_KINDS } from '../../shared/review/reviews.ts';
import type { Board, KnownReview } from './board.ts';

/** The questions of the desk that was opened last, as it knows them; nobody is asked for it. */
let board: Board | undefined;

export function measureQuestions(of: Board): void {
  board = of;
}

function ofQuestions(name: `flywheel_${string}`, help: string, of: (all: readonly KnownReview[]) => number): void {
  gauge({ name, help, labels: ['kind'] }, async (all) => {
    const open = (await board?.open()) ?? [];
    for (const kind of QUESTION_KINDS) all.set({ kind }, of(open.filter((one) => one.kind === kind)));
  });
}

const count = (which: (one: KnownReview) => boolean) => (all: readonly KnownReview[]) => all.filter(which).length;

ofQuestions('flywheel_questions_open', 'Questions to people that are open.', (all) => all.length);
ofQuestions('flywheel_questions_oldest_age_seconds', 'Age of the oldest open question; 0 where none is.', (all) =>
  all.reduce((most, { openedAt }) => Math.max(most, (Date.now() - Date.parse(openedAt)) / 1000), 0),
);
ofQuestions(
  'flywheel_questions_late',
  'Open questions whose deadline went by and whose lap waits for them.',
  count(({ progress }) => progress.escalated),
);
ofQuestions(
  'flywheel_questions_carried',
  'Open questions whose lap has gone on without them.',
  count(({ progress }) => progress.carried === true),
);
ofQuestions(
  'flywheel_questions_for_lead',
  'Open questions in which people disagree, or that somebody flagged.',
  count(({ progress: { status, flags = [] } }) => status === 'disagreement' || flags.length > 0),
);
