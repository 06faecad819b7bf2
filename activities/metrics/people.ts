import { counter } from './registry.ts';

const entries = counter({
  name: 'flywheel_review_entries_total',
  help: 'What was put on record of questions to people: verdicts, flags, seats given back, results by their kind.',
  labels: ['entry', 'result'],
});

/** @param result of an entry that is one, such as `scored`. */
export const countReviewEntry = (entry: string, result = ''): void => entries.inc({ entry, result });

const notices = counter({
  name: 'flywheel_notices_total',
  help: 'Notices to people outside by what they tell, whether or not a webhook is configured; each try counts.',
  labels: ['event'],
});

export const countNotice = (event: string): void => notices.inc({ event });
