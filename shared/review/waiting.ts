import { flagsOf } from './reviewState.ts';
import type { GivenBack, ReviewProgress } from './reviews.ts';

/** Whether a person has something to say here: on a seat, or as the lead who decides, and is asked about a flag. */
export function waitsFor(progress: ReviewProgress, annotator: string, lead: boolean): boolean {
  const { status, seats } = progress;
  const flags = flagsOf(progress);
  const own = seats.find((seat) => seat.annotator === annotator && seat.state !== 'claimed');
  if (flags.some((flag) => flag.annotator === annotator) || own?.state === 'answered') return false;
  if (lead) return own === undefined && (status === 'disagreement' || (status === 'open' && flags.length > 0));
  if (hasGivenBack(progress, annotator, 'outOfMyDepth')) return false;
  return status === 'open' || (status === 'disagreement' && seats.length === 1);
}

/** Whether somebody has given a seat of this question back for such a reason. */
export function hasGivenBack(
  { givenBack = [] }: Pick<ReviewProgress, 'givenBack'>,
  annotator: string,
  reason: GivenBack['reason'],
): boolean {
  return givenBack.some((one) => one.annotator === annotator && one.reason === reason);
}

/** Whether somebody could take a seat: none that others keep until later than `now`, and none of their own. */
export function canTake(progress: ReviewProgress, annotator: string, now: number): boolean {
  if (!waitsFor(progress, annotator, false)) return false;
  if (progress.seats.some((seat) => seat.annotator === annotator)) return false;
  return progress.seats.some(
    ({ state, leaseUntil = '' }) => state === 'free' || (state === 'claimed' && Date.parse(leaseUntil) <= now),
  );
}
