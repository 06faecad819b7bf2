import type { ReviewEntry, ReviewPolicy, ReviewSetInput } from './reviews.ts';

/**
 * What is taken over of the answers to an equal question of an earlier lap. Verdicts, leads' decisions and flags stand
 * as they were given; a result stands where the question would have come to it now: by people where people are asked,
 * and by as many seats, or a lead. Without one the question is open, and nobody who has answered it is asked again.
 * @param from the earlier question.
 */
export function takenAnswers(
  entries: readonly ReviewEntry[],
  { seats, experts }: Pick<ReviewPolicy, 'seats'> & Pick<ReviewSetInput, 'experts'>,
  from: string,
): ReviewEntry[] {
  const isWanted = (entry: ReviewEntry): boolean =>
    experts === 'program' || !('verdict' in entry) || entry.verdict.source === 'expert';
  const given = entries.filter((entry) => entry.kind !== 'result' && isWanted(entry));
  const verdicts = given.filter(({ kind }) => kind === 'verdict').length;
  const decided = given.some(({ kind }) => kind === 'adjudication' || kind === 'flag');
  const whole = entries.every(isWanted) && (decided || verdicts >= seats);
  const results = entries.filter((entry) => entry.kind === 'result' && entry.result.kind !== 'expired' && whole);
  return [...given, ...results].map((entry) => ({ ...entry, takenFrom: entry.takenFrom ?? from }));
}
