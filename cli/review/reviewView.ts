import type { SubjectRow } from '../../activities/reviews/subjectRows.ts';
import type { ReviewProgress } from '../../shared/review/reviews.ts';
import { QUESTION_TEXT } from '../../shared/review/reviewText.ts';
import type { OpenReview } from '../../activities/reviews/desk.ts';

/** The question with all its texts, for a terminal. */
export function questionText(progress: ReviewProgress, row: SubjectRow): string {
  const { question } = progress;
  const rubric =
    question.kind === 'scoreAnalysis'
      ? 'Score the analysis: 1 = every defect it claims is real, and its score follows; 0.5 = some are real, or it ' +
        'is imprecise; 0 = none is real.'
      : 'Score the proof: 1 = complete and rigorous; 0.5 = sound, with minor errors or gaps; 0 = fatal errors or ' +
        'severe gaps.';
  return [
    `${QUESTION_TEXT[question.kind]} ${printable(question.id)} (${printable(question.lap)}), deadline ` +
      `${progress.deadline}${progress.escalated ? ', gone by' : ''}`,
    heading(`Problem (${printable(row.problem.topic)}; ${printable(row.problem.source)})`),
    printable(row.problem.statement),
    heading('Proof'),
    printable(row.proof),
    ...(row.analysis === undefined || question.kind !== 'scoreAnalysis'
      ? []
      : [heading('Analysis'), printable(row.analysis)]),
    ...(progress.seats.length > 1 ? [heading('Answers'), ...progress.seats.map(seatLine)] : []),
    '',
    rubric,
  ].join('\n');
}

/** A line per open review. */
export function reviewLine({ workflowId, kind, openedAt, progress }: OpenReview): string {
  const state = progress === undefined ? 'no worker to ask' : stateOf(progress);
  return `${printable(workflowId)}  ${kind}  since ${openedAt}  ${state}`;
}

function stateOf({ status, seats, escalated }: ReviewProgress): string {
  const count = (state: string) => seats.filter((seat) => seat.state === state).length;
  const late = escalated ? ', past its deadline' : '';
  if (status === 'disagreement') return `seats disagree, waits for a lead${late}`;
  return `${count('answered')} of ${seats.length} answered, ${count('claimed')} claimed${late}`;
}

function seatLine({ seat, state, annotator, leaseUntil, score, comment }: ReviewProgress['seats'][number]): string {
  const who = annotator === undefined ? '' : ` by ${printable(annotator)}`;
  const until = leaseUntil === undefined ? '' : ` until ${leaseUntil}`;
  const what = score === undefined ? '' : `: ${score}${comment === undefined ? '' : ` (${printable(comment)})`}`;
  return `seat ${seat}: ${state}${who}${until}${what}`;
}

function heading(title: string): string {
  return `\n--- ${title} ---`;
}

/** Text of others without control characters: it must not write over the terminal that it is read in. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is replaced
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}
