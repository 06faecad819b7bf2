import { isDisagreement, resultOf } from './reviewState.ts';
import type {
  ExpertReviewInput,
  QuestionKind,
  ReviewPolicy,
  ReviewProgress,
  ReviewState,
  Seat,
  SeatProgress,
} from './reviews.ts';
import { reviewIdOf } from '../ids.ts';

/** What a person is asked to do, in words. */
export const QUESTION_TEXT: Readonly<Record<QuestionKind, string>> = {
  scoreProof: 'Score the proof',
  scoreContestedProof: 'Score the contested proof',
  scoreAnalysis: 'Score the analysis',
  auditLabel: 'Audit the label of the proof',
  auditReward: 'Score the proof, blind',
  evaluateProof: 'Score the proof, blind',
};

/** How a question stands. */
export function reviewProgress(input: ExpertReviewInput, state: ReviewState, deadline: number): ReviewProgress {
  const result = resultOf(state);
  const reveal = result !== undefined || isDisagreement(state);
  return {
    question: input.question,
    status: result?.kind ?? (isDisagreement(state) ? 'disagreement' : 'open'),
    seats: state.seats.map((seat, index) => seatProgress(seat, index + 1, reveal)),
    deadline: new Date(deadline).toISOString(),
    onDeadline: input.policy.onDeadline,
    escalated: state.escalated,
    result,
    notes: state.notes,
    noted: state.noted,
  };
}

/** Whether a person has something to say here: on a seat, or as the lead who decides a disagreement. */
export function waitsFor({ status, seats }: ReviewProgress, annotator: string, lead: boolean): boolean {
  const hasAnswered = seats.some((seat) => seat.state === 'answered' && seat.annotator === annotator);
  return !hasAnswered && status === (lead ? 'disagreement' : 'open');
}

/** How it stands as Markdown, for the workflow's current details. */
export function reviewDetails(progress: ReviewProgress, policy: ReviewPolicy): string {
  const { question } = progress;
  const seats = progress.seats.map((seat) => `| ${seat.seat} | ${seatText(seat)} |`);
  const notes = progress.notes.map((one) => `| ${one.at} | ${cell(one.message)} | ${cell(one.reason)} |`);
  return [
    `**${QUESTION_TEXT[question.kind]}** ${cell(question.id)} (row ${question.row} of ${cell(question.subject.uri)})`,
    ['| Seat | State |', '| --- | --- |', ...seats].join('\n'),
    ...(notes.length === 0
      ? []
      : [
          `Messages that could not be used: ${progress.noted}`,
          ['| At | Message | Reason |', '| --- | --- | --- |', ...notes].join('\n'),
        ]),
    closing(progress, policy),
    ...(progress.result
      ? []
      : [`The texts: ${cell(`npx flywheel review show ${reviewIdOf(question.setId, question.id)}`)}`]),
    ROOM_AT_THE_END,
  ].join('\n\n');
}

/** The Web UI shows details in a frame that is too low for them by some lines: what is cut off shall be nothing. */
export const ROOM_AT_THE_END = '\u00a0\n\n\u00a0';

function closing(progress: ReviewProgress, policy: ReviewPolicy): string {
  const deadline = progress.escalated
    ? `The deadline ${progress.deadline} went by: **waiting for an answer**.`
    : `Deadline ${progress.deadline}, then ${policy.onDeadline}.`;
  const example = '`{"annotator": "you", "score": 1, "comment": "…"}`, the score 0, 0.5 or 1.';
  if (progress.status === 'open')
    return `${deadline} Answer with the Signal submitAnnotation or the Update submitVerdict: ${example}`;
  if (progress.status === 'disagreement')
    return `${deadline} The seats disagree: a lead decides with the Update adjudicate: ${example}`;
  return progress.result?.kind === 'scored'
    ? `Scored ${progress.result.score}.`
    : `Closed without a score: ${progress.status}.`;
}

function seatProgress(seat: Seat, number: number, reveal: boolean): SeatProgress {
  if (seat.kind === 'free') return { seat: number, state: 'free' };
  if (seat.kind === 'claimed')
    return {
      seat: number,
      state: 'claimed',
      annotator: seat.annotator,
      leaseUntil: new Date(seat.until).toISOString(),
    };
  const { annotator, score, comment } = seat.verdict;
  return { seat: number, state: 'answered', annotator, ...(reveal && { score, comment }) };
}

function seatText(seat: SeatProgress): string {
  if (seat.state === 'free') return 'free';
  const who = cell(seat.annotator ?? '');
  return seat.state === 'claimed'
    ? `claimed by ${who} until ${seat.leaseUntil}`
    : `answered by ${who}${seat.score === undefined ? '' : `: ${seat.score}`}`;
}

/** Text of others as inline code, so that it is data in a table and not Markdown. */
function cell(text: string): string {
  return `\`${text.replace(/[`|\s]+/g, ' ').trim()}\``;
}
