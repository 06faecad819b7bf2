import {
  refused,
  type ClaimAnswer,
  type FlagAnswer,
  type FlagMessage,
  type Refused,
  type ReleaseAnswer,
  type VerdictAnswer,
} from './messages.ts';
import { shown } from '../inputRules.ts';
import type { ReviewEntry, ReviewPolicy, ReviewResult, ReviewState, Seat, Verdict } from './reviews.ts';

/**
 * The rules of a review, pure: who may take a seat, which verdict counts, when the question is answered. A move is
 * refused with a sentence that says what was expected and what came; or it is made, and may have an entry to be
 * recorded. A repeated message changes nothing and has the same answer.
 */
export type Move<Answer> =
  | { readonly kind: 'made'; readonly state: ReviewState; readonly answer: Answer; readonly entry?: ReviewEntry }
  | Refused;

/** Notes kept in view; a flood of bad messages must not grow the state. Ours. */
const NOTES_KEPT = 20;

/** A question before its first answer, or with the answers that an earlier review of it recorded. */
export function openReview(policy: ReviewPolicy, recorded: readonly ReviewEntry[] = []): ReviewState {
  const seats: Seat[] = Array.from({ length: policy.seats }, () => ({ kind: 'free' }));
  let state: ReviewState = { seats, expired: false, escalated: false, notes: [], noted: 0 };
  for (const entry of recorded) {
    if (entry.kind === 'verdict' || entry.kind === 'adjudication') {
      const rule = entry.kind === 'verdict' ? submitVerdict : adjudicate;
      const move = rule(state, entry.verdict, Date.parse(entry.at));
      if (move.kind === 'made') ({ state } = move);
    }
    if (entry.kind === 'flag') state = { ...state, flag: { annotator: entry.annotator, reason: entry.reason } };
  }
  return state;
}

/** What the question came to; undefined while it is open. Only agreement of all seats, or a lead, makes a score. */
export function resultOf(state: ReviewState): ReviewResult | undefined {
  const verdicts = verdictsOf(state);
  if (state.flag) return { kind: 'flagged', reason: state.flag.reason };
  if (state.adjudication) {
    return {
      kind: 'scored',
      score: state.adjudication.score,
      source: state.adjudication.source,
      verdicts: verdicts.length + 1,
      adjudicated: true,
    };
  }
  const [first] = verdicts;
  if (first && verdicts.length === state.seats.length && verdicts.every((verdict) => verdict.score === first.score)) {
    const source = verdicts.every((verdict) => verdict.source === 'expert') ? 'expert' : 'program';
    return { kind: 'scored', score: first.score, source, verdicts: verdicts.length, adjudicated: false };
  }
  return state.expired ? { kind: 'expired' } : undefined;
}

/** All seats have answered, not all alike, and no lead has decided. */
export function isDisagreement(state: ReviewState): boolean {
  return resultOf(state) === undefined && verdictsOf(state).length === state.seats.length;
}

/** Keeps a seat for an annotator, until the lease ends; a second claim renews it. */
export function claim(state: ReviewState, annotator: string, policy: ReviewPolicy, now: number): Move<ClaimAnswer> {
  const seat = seatFor(state, annotator, now);
  if (typeof seat === 'string') return refused(`${seat} claim by ${shown(annotator)}`);
  const until = now + policy.leaseMinutes * 60_000;
  const answer = { seat: seat + 1, leaseUntil: isoTime(until) };
  return { kind: 'made', state: withSeat(state, seat, { kind: 'claimed', annotator, until }), answer };
}

/** Gives a claimed seat back. */
export function release(state: ReviewState, annotator: string): Move<ReleaseAnswer> {
  const seat = state.seats.findIndex((one) => one.kind === 'claimed' && one.annotator === annotator);
  if (seat === -1) return { kind: 'made', state, answer: { released: false } };
  return { kind: 'made', state: withSeat(state, seat, { kind: 'free' }), answer: { released: true } };
}

/** Fills a seat: the one that the annotator claimed, else a free one. */
export function submitVerdict(state: ReviewState, verdict: Verdict, now: number): Move<VerdictAnswer> {
  const earlier = state.seats.findIndex(
    (seat) => seat.kind === 'answered' && seat.verdict.verdictId === verdict.verdictId,
  );
  if (earlier !== -1)
    return repeated(state, verdict, (state.seats[earlier] as Extract<Seat, { kind: 'answered' }>).verdict, earlier + 1);
  const seat = seatFor(state, verdict.annotator, now);
  if (typeof seat === 'string')
    return refused(
      `${seat} verdict ${shown(verdict.verdictId)} of ${shown(verdict.annotator)} with score ${verdict.score}`,
    );
  const entry: ReviewEntry = {
    kind: 'verdict',
    id: `verdict ${verdict.verdictId}`,
    at: isoTime(now),
    seat: seat + 1,
    verdict,
  };
  return {
    kind: 'made',
    state: withSeat(state, seat, { kind: 'answered', verdict }),
    answer: { verdictId: verdict.verdictId, score: verdict.score, seat: seat + 1 },
    entry,
  };
}

/** Decides a disagreement. The lead is somebody who holds no seat: a third opinion (ours). */
export function adjudicate(state: ReviewState, verdict: Verdict, now: number): Move<VerdictAnswer> {
  if (state.adjudication?.verdictId === verdict.verdictId) return repeated(state, verdict, state.adjudication);
  const got = `got the adjudication of ${shown(verdict.annotator)} with score ${verdict.score}`;
  if (!isDisagreement(state)) {
    const result = resultOf(state);
    const { length } = state.seats;
    const why = result ? `the question is ${result.kind}` : `${verdictsOf(state).length} of ${length} have answered`;
    return refused(`Expected a disagreement of all ${length} seats, ${got} while ${why}`);
  }
  if (verdictsOf(state).some((one) => one.annotator === verdict.annotator))
    return refused(`Expected a lead who has not answered this question, ${got}`);
  const entry: ReviewEntry = {
    kind: 'adjudication',
    id: `adjudication ${verdict.verdictId}`,
    at: isoTime(now),
    verdict,
  };
  return {
    kind: 'made',
    state: { ...state, adjudication: verdict },
    answer: { verdictId: verdict.verdictId, score: verdict.score },
    entry,
  };
}

/** Takes a question out because its problem or texts are faulty; it gets no score. */
export function flagProblem(state: ReviewState, { annotator, reason }: FlagMessage, now: number): Move<FlagAnswer> {
  if (state.flag?.annotator === annotator && state.flag.reason === reason)
    return { kind: 'made', state, answer: { reason } };
  const result = resultOf(state);
  if (result)
    return refused(`Expected an open question, got a flag of ${shown(annotator)} after it was ${result.kind}`);
  const entry: ReviewEntry = { kind: 'flag', id: `flag ${annotator}`, at: isoTime(now), annotator, reason };
  return { kind: 'made', state: { ...state, flag: { annotator, reason } }, answer: { reason }, entry };
}

/** The deadline went by. It decides nothing: the question expires unanswered, or goes on waiting in full view. */
export function passDeadline(state: ReviewState, policy: ReviewPolicy): ReviewState {
  if (resultOf(state)) return state;
  return policy.onDeadline === 'wait' ? { ...state, escalated: true } : { ...state, expired: true };
}

/** Remembers a message that could not be used. */
export function note(state: ReviewState, message: string, reason: string, now: number): ReviewState {
  const notes = [...state.notes, { at: isoTime(now), message, reason }].slice(-NOTES_KEPT);
  return { ...state, notes, noted: state.noted + 1 };
}

export function verdictsOf(state: ReviewState): readonly Verdict[] {
  return state.seats.flatMap((seat) => (seat.kind === 'answered' ? [seat.verdict] : []));
}

/** Index of the seat that an annotator may fill; else the beginning of a refusal. */
function seatFor(state: ReviewState, annotator: string, now: number): number | string {
  const result = resultOf(state);
  if (result)
    return (
      'Expected an open question (this one is ' +
      `${result.kind}${result.kind === 'scored' ? ` ${result.score}` : ''}), got the`
    );
  if (verdictsOf(state).some((verdict) => verdict.annotator === annotator))
    return 'Expected an annotator without a verdict on this question, one seat each, got another';
  const own = state.seats.findIndex((seat) => seat.kind === 'claimed' && seat.annotator === annotator);
  if (own !== -1) return own;
  const free = state.seats.findIndex((seat) => seat.kind === 'free' || (seat.kind === 'claimed' && seat.until <= now));
  if (free !== -1) return free;
  return `Expected a free seat, all ${state.seats.length} are claimed or answered, got the`;
}

function repeated(state: ReviewState, verdict: Verdict, earlier: Verdict, seat?: number): Move<VerdictAnswer> {
  if (earlier.annotator === verdict.annotator && earlier.score === verdict.score) {
    return {
      kind: 'made',
      state,
      answer: { verdictId: earlier.verdictId, score: earlier.score, ...(seat === undefined ? {} : { seat }) },
    };
  }
  const was = `score ${earlier.score} of ${shown(earlier.annotator)}`;
  return refused(
    `Expected verdict ${shown(verdict.verdictId)} to be what it was, ${was}, got score ${verdict.score} of ` +
      shown(verdict.annotator),
  );
}

function isoTime(time: number): string {
  return new Date(time).toISOString();
}

function withSeat(state: ReviewState, index: number, seat: Seat): ReviewState {
  return { ...state, seats: state.seats.with(index, seat) };
}
