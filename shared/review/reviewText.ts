import { flagsOf, isDisagreement, resultOf, said, verdictsOf } from './reviewState.ts';
import type {
  ExpertReviewInput,
  QuestionKind,
  ReviewProgress,
  ReviewResult,
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
  const isUndecided = isDisagreement(state);
  // Where there is one seat and its holder flagged, somebody else is still to score.
  const reveal = result !== undefined || (isUndecided && state.seats.length > 1);
  const { seats, flags, givenBack, assisted, carried, escalated, notes, noted } = state;
  return {
    question: input.question,
    status: result?.kind ?? (isUndecided ? 'disagreement' : 'open'),
    wanted: wantedOf(state, result),
    seats: seats.map((seat, index) => seatProgress(state, seat, index + 1, reveal)),
    deadline: new Date(deadline).toISOString(),
    onDeadline: input.policy.onDeadline,
    flags,
    givenBack,
    assisted,
    carried,
    escalated,
    result,
    notes,
    noted,
  };
}

/**
 * How it stands as Markdown, for the workflow's current details.
 * @param page where the annotation desk shows it. @default nowhere
 */
export function reviewDetails(progress: ReviewProgress, page?: string): string {
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
    ...closing(progress, page),
    ROOM_AT_THE_END,
  ].join('\n\n');
}

/** The Web UI shows details in a frame that is too low for them by some lines: what is cut off shall be nothing. */
export const ROOM_AT_THE_END = '\u00a0\n\n\u00a0';

function closing(progress: ReviewProgress, page: string | undefined): string[] {
  const { result, deadline, escalated, carried, onDeadline, question, wanted, assisted } = progress;
  if (result) return [wanted];
  const time = escalated
    ? `The deadline ${deadline} went by: **waiting for an answer**.`
    : carried
      ? `The deadline ${deadline} went by and the lap has gone on: what is said now joins the next lap.`
      : `Deadline ${deadline}, then ${onDeadline}.`;
  const show = `npx flywheel review show ${reviewIdOf(question.setId, question.id)}${assisted ? ' --as you' : ''}`;
  const signal = '`{"annotator": "you", "score": 1, "comment": "…"}`, the score 0, 0.5 or 1';
  return [
    `${time} ${wanted}`,
    ...(page === undefined ? [] : [`**At the annotation desk:** <${page}>`]),
    `The texts: ${cell(show)}. Answer with the Signal submitAnnotation or the Update submitVerdict (a lead: the ` +
      `Update adjudicate): ${signal}. If the problem is faulty, the Update flagProblem: ` +
      '`{"annotator": "you", "reason": "…"}`.',
  ];
}

/** What is wanted of whom, in a sentence or two. */
function wantedOf(state: ReviewState, result: ReviewResult | undefined): string {
  if (result?.kind === 'scored') return `Scored ${result.score}.`;
  if (result) return `Closed without a score: ${result.kind}${'reason' in result ? `, ${cell(result.reason)}` : ''}.`;
  const people = (all: readonly { readonly annotator: string }[]) =>
    all.map(({ annotator }) => cell(annotator)).join(', ');
  const [flag] = flagsOf(state);
  const { length } = state.seats;
  const missing = length - said(state, verdictsOf(state));
  const looking = state.seats.flatMap((seat) => (isHalf(state, seat) ? [seat.verdict] : []));
  return [
    ...(flag ? [`${people([flag])} flagged the problem as faulty: ${cell(flag.reason)}.`] : []),
    ...(flag && (missing > 0 || length === 1)
      ? ['Wanted: another person, who confirms it (flagProblem) or scores; a lead may confirm it.']
      : []),
    ...(!flag && missing > 0 ? [`Wanted: ${missing} of ${length} people who score.`] : []),
    ...(looking.length > 0
      ? [
          `Wanted: the score again of ${people(looking)}, with the analyses in view, the same or changed: ` +
            '`{"annotator": "you", "score": 1, "assisted": true}`.',
        ]
      : missing > 0 || length === 1
        ? []
        : [
            flag
              ? 'Wanted: a lead, who confirms it (flagProblem) or scores (adjudicate).'
              : 'The seats disagree. Wanted: a lead, who decides (adjudicate).',
          ]),
  ].join(' ');
}

/** Whether somebody has scored, and has still to score with the analyses in view. */
function isHalf(state: ReviewState, seat: Seat): seat is Extract<Seat, { kind: 'answered' }> {
  if (!state.assisted || seat.kind !== 'answered' || seat.assisted) return false;
  return flagsOf(state).every(({ annotator }) => annotator !== seat.verdict.annotator);
}

function seatProgress(state: ReviewState, seat: Seat, number: number, reveal: boolean): SeatProgress {
  if (seat.kind === 'free') return { seat: number, state: 'free' };
  if (seat.kind === 'claimed')
    return {
      seat: number,
      state: 'claimed',
      annotator: seat.annotator,
      leaseUntil: new Date(seat.until).toISOString(),
    };
  const { verdict, assisted } = seat;
  const { score, comment, uncertain, lines, analyses } = assisted ?? verdict;
  return {
    seat: number,
    state: isHalf(state, seat) ? 'scoredOnce' : 'answered',
    annotator: verdict.annotator,
    score: reveal ? score : undefined,
    firstScore: reveal && assisted ? verdict.score : undefined,
    ...(reveal && { comment, uncertain, lines, analyses }),
  };
}

function seatText({ state, annotator = '', leaseUntil, score, firstScore }: SeatProgress): string {
  const first = firstScore === undefined ? '' : `, ${firstScore} before the analyses`;
  const what = score === undefined ? '' : `: ${score}${first}`;
  switch (state) {
    case 'free':
      return 'free';
    case 'claimed':
      return `claimed by ${cell(annotator)} until ${leaseUntil}`;
    case 'scoredOnce':
      return `scored once by ${cell(annotator)}${what}`;
    case 'answered':
      return `answered by ${cell(annotator)}${what}`;
  }
}

/** Text of others as inline code, so that it is data in a table and not Markdown. */
function cell(text: string): string {
  return `\`${text.replace(/[`|\s]+/g, ' ').trim()}\``;
}
