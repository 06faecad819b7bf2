import type { ReviewEntry, ReviewPolicy, ReviewSetInput } from './reviews.ts';

/**
 * What is taken over of the answers to an equal question of an earlier lap. Verdicts, leads' decisions and flags stand
 * as they were given, those with the analyses in view where they are shown now, too; a result stands where the question
 * would have come to it now: by people where people are asked, and by as many seats, or a lead, or as a flag's. Without
 * one the question is open, and nobody who has answered it is asked the same again.
 * @param from the earlier question.
 */
export function takenAnswers(
  entries: readonly ReviewEntry[],
  { seats, experts, assisted }: Pick<ReviewPolicy, 'seats' | 'assisted'> & Pick<ReviewSetInput, 'experts'>,
  from: string,
): ReviewEntry[] {
  const isWanted = (entry: ReviewEntry): boolean =>
    (experts === 'program' || !('verdict' in entry) || entry.verdict.source === 'expert') &&
    (assisted || entry.kind !== 'assisted');
  const given = entries.filter(({ kind }) => kind !== 'result' && kind !== 'givenBack').filter(isWanted);
  const final = given.filter(({ kind }) => kind === (assisted ? 'assisted' : 'verdict')).length;
  const isDecided = given.some(({ kind }) => kind === 'adjudication') || final >= seats;
  const results = entries.filter(
    (entry) =>
      entry.kind === 'result' &&
      (entry.result.kind === 'flagged' || (entry.result.kind === 'scored' && isDecided && entries.every(isWanted))),
  );
  return [...given, ...results].map((entry) => ({ ...entry, takenFrom: entry.takenFrom ?? from }));
}
