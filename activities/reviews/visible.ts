import type { ReviewProgress } from '../../shared/review/reviews.ts';
import type { SubjectRow } from './subjectRows.ts';

/**
 * What is shown of a question's row: its analyses to those alone who have given a score of their own, and to a lead who
 * decides.
 */
export function visibleTo(
  { annotator, lead = false }: { readonly annotator?: string | undefined; readonly lead?: boolean | undefined },
  { assisted, status, seats }: ReviewProgress,
  row: SubjectRow,
): SubjectRow {
  const { analyses, ...blind } = row;
  const hasScored = seats.some((seat) => seat.annotator === annotator && seat.state !== 'claimed');
  const mayLook = (annotator !== undefined && hasScored) || (lead && status !== 'open');
  return assisted && analyses && mayLook ? row : blind;
}
