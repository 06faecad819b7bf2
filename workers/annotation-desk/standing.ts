import type { OpenReview } from '../../activities/reviews/desk.ts';
import type { SubjectRow } from '../../activities/reviews/subjectRows.ts';
import { visibleTo } from '../../activities/reviews/visible.ts';
import type { ReviewProgress } from '../../shared/review/reviews.ts';
import type { KnownReview } from './board.ts';
import type { Person } from './people.ts';
import type { DisputedQuestion, Mine, QuestionLine, QuestionView } from './views.ts';

/** How a person stands to a question, and until when their seat is kept. */
export function standingIn(
  { seats, flags = [] }: ReviewProgress,
  person: string,
): { readonly mine: Mine; readonly leaseUntil?: string } {
  if (flags.some(({ annotator }) => annotator === person)) return { mine: 'flagged' };
  const seat = seats.find(({ annotator }) => annotator === person);
  if (seat === undefined || seat.state === 'free') return { mine: 'none' };
  return { mine: seat.state, ...(seat.leaseUntil !== undefined && { leaseUntil: seat.leaseUntil }) };
}

export function lineOf({ workflowId, openedAt, progress }: KnownReview, person: string): QuestionLine {
  const { question, deadline } = progress;
  return {
    workflowId,
    kind: question.kind,
    openedAt,
    deadline,
    isLate: isLate(progress),
    ...standingIn(progress, person),
  };
}

export function disputeOf({ workflowId, openedAt, progress }: KnownReview): DisputedQuestion {
  const { question, seats, flags = [] } = progress;
  return { workflowId, kind: question.kind, openedAt, seats, flags };
}

/**
 * A question's page, as a person may see it. Blind: no other's score before it is decided, no analysis before a score of
 * one's own; a lead who decides sees all seats.
 */
export function questionView(
  { workflowId }: Pick<OpenReview, 'workflowId'>,
  { id, isLead }: Person,
  progress: ReviewProgress,
  row: SubjectRow,
  nonce: string,
): QuestionView {
  const { question, deadline, flags = [], carried, result, status, wanted } = progress;
  const standing = standingIn(progress, id);
  const decides = isLead && standing.mine === 'none' && (status === 'disagreement' || flags.length > 0);
  const { analyses } = visibleTo({ annotator: id, lead: decides }, progress, row);
  const { statement, topic } = row.problem;
  return {
    workflowId,
    kind: question.kind,
    deadline,
    isLate: isLate(progress),
    isCarried: carried === true,
    ...standing,
    problem: { statement, topic },
    proof: row.proof,
    ...(question.kind === 'scoreAnalysis' && row.analysis !== undefined && { analysis: row.analysis }),
    ...(analyses && { analyses }),
    flags,
    ...(result && { closed: wanted }),
    nonce,
    ...(decides && { seats: progress.seats }),
  };
}

const isLate = ({ escalated, carried }: ReviewProgress): boolean => escalated || carried === true;
