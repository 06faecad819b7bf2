import { flagsOf } from './reviewState.ts';
import type { ReviewProgress } from './reviews.ts';

/** Whether a person has something to say here: on a seat, or as the lead who decides, and is asked about a flag. */
export function waitsFor(progress: ReviewProgress, annotator: string, lead: boolean): boolean {
  const { status, seats } = progress;
  const flags = flagsOf(progress);
  const own = seats.find((seat) => seat.annotator === annotator && seat.state !== 'claimed');
  if (flags.some((flag) => flag.annotator === annotator) || own?.state === 'answered') return false;
  if (lead) return own === undefined && (status === 'disagreement' || (status === 'open' && flags.length > 0));
  return status === 'open' || (status === 'disagreement' && seats.length === 1);
}
