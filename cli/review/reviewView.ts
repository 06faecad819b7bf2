import type { SubjectRow } from '../../activities/reviews/subjectRows.ts';
import type { ShownAnalysis } from '../../shared/records.ts';
import type { ReviewProgress } from '../../shared/review/reviews.ts';
import { QUESTION_TEXT } from '../../shared/review/reviewText.ts';
import { rubricText } from '../../shared/review/rubric.ts';
import type { OpenReview } from '../../activities/reviews/desk.ts';

/** The question with all its texts, for a terminal; `row` as it is visible to whoever sits there. */
export function questionText(progress: ReviewProgress, row: SubjectRow): string {
  const { question } = progress;
  return [
    `${QUESTION_TEXT[question.kind]} ${printable(question.id)} (${printable(question.lap)}), deadline ` +
      `${progress.deadline}${progress.escalated ? ', gone by' : ''}` +
      (progress.carried ? ' (gone by; what is said now joins the next lap)' : ''),
    ...(progress.flags ?? []).map((flag) => `Flagged by ${printable(flag.annotator)}: ${printable(flag.reason)}`),
    heading(`Problem (${printable(row.problem.topic)}; ${printable(row.problem.source)})`),
    printable(row.problem.statement),
    heading('Proof'),
    printable(row.proof),
    ...(row.analysis === undefined || question.kind !== 'scoreAnalysis'
      ? []
      : [heading('Analysis'), printable(row.analysis)]),
    ...(progress.seats.length > 1 ? [heading('Answers'), ...progress.seats.map(seatLine)] : []),
    ...(row.analyses === undefined ? [] : [analysesText(row.analyses)]),
    '',
    rubricText(question.kind),
    printable(progress.wanted),
  ].join('\n');
}

/** What analyses report, each with its score and its meta-assessments' word. */
export function analysesText(analyses: readonly ShownAnalysis[]): string {
  const texts = analyses.flatMap(({ analysis, score, assessed, confirmed }, index) => {
    const word = assessed === 0 ? '' : `, confirmed by ${confirmed} of ${assessed} meta-analyses`;
    return [heading(`Analysis ${index + 1} of ${analyses.length}: score ${score}${word}`), printable(analysis)];
  });
  return texts.join('\n') || '\nNone of its analyses could be read.';
}

/** A line per open review. */
export function reviewLine({ workflowId, kind, openedAt, progress }: OpenReview): string {
  const state = progress === undefined ? 'no worker to ask' : stateOf(progress);
  return `${printable(workflowId)}  ${kind}  since ${openedAt}  ${state}`;
}

function stateOf({ status, seats, escalated, carried, flags = [] }: ReviewProgress): string {
  const count = (state: string) => seats.filter((seat) => seat.state === state).length;
  const late = escalated ? ', past its deadline' : carried ? ', its lap went on' : '';
  const [flag] = flags;
  const flagged = flag === undefined ? '' : `, flagged by ${printable(flag.annotator)}: ${printable(flag.reason)}`;
  if (status === 'disagreement' && seats.length > 1)
    return `${flagged === '' ? 'seats disagree' : 'scored'}, waits for a lead${flagged}${late}`;
  const once = count('scoredOnce') > 0 ? `, ${count('scoredOnce')} to see the analyses` : '';
  return `${count('answered')} of ${seats.length} answered${once}, ${count('claimed')} claimed${flagged}${late}`;
}

function seatLine(seat: ReviewProgress['seats'][number]): string {
  const { state, annotator, leaseUntil, score, firstScore, comment } = seat;
  const who = annotator === undefined ? '' : ` by ${printable(annotator)}`;
  const until = leaseUntil === undefined ? '' : ` until ${leaseUntil}`;
  const first = firstScore === undefined ? '' : `, ${firstScore} before the analyses`;
  const what = score === undefined ? '' : `: ${score}${first}${comment ? ` (${printable(comment)})` : ''}`;
  return `seat ${seat.seat}: ${state === 'scoredOnce' ? 'scored once' : state}${who}${until}${what}`;
}

function heading(title: string): string {
  return `\n--- ${title} ---`;
}

/** Text of others without control characters: it must not write over the terminal that it is read in. */
function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is replaced
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\ufffd');
}
