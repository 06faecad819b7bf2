import {
  refused,
  type ClaimAnswer,
  type FlagAnswer,
  type FlagMessage,
  type Refused,
  type ReleaseAnswer,
  type ReleaseMessage,
  type VerdictAnswer,
  type WithdrawAnswer,
} from './messages.ts';
import { shown } from '../inputRules.ts';
import type { Flag, ReviewEntry, ReviewPolicy, ReviewResult, ReviewState, Seat, Verdict } from './reviews.ts';

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
  const assisted = policy.assisted || undefined;
  const open: ReviewState = { seats, assisted, expired: false, escalated: false, notes: [], noted: 0 };
  return recorded.reduce((state, entry) => {
    const move = replayed(state, entry);
    return move?.kind === 'made' ? move.state : state;
  }, open);
}

function replayed(state: ReviewState, entry: ReviewEntry): Move<unknown> | undefined {
  const now = Date.parse(entry.at);
  switch (entry.kind) {
    case 'verdict':
    case 'assisted':
      return submitVerdict(withSeats(state, entry.seat), entry.verdict, now);
    case 'adjudication':
      return adjudicate(state, entry.verdict, now);
    case 'flag':
      return flagProblem(state, entry, now);
    case 'givenBack':
      return release(state, entry, now);
    case 'withdrawn':
      return withdraw(state, entry.annotator, { leaseMinutes: 0 }, now);
    case 'result':
      return undefined;
  }
}

/**
 * What the question came to; undefined while it is open. Only agreement of all seats, or a lead, makes a score; only
 * two people's flags take the problem out. After one flag a lead decides; with one seat, whoever takes it next.
 */
export function resultOf(state: ReviewState): ReviewResult | undefined {
  const { adjudication, seats, expired } = state;
  const [flag, confirmation] = flagsOf(state);
  if (flag && confirmation) return { kind: 'flagged', reason: flag.reason, confirmed: true };
  const firsts = verdictsOf(state);
  const firstScore = state.assisted && agreed(firsts, seats.length);
  const scored = (by: Pick<Verdict, 'score' | 'source'>, verdicts: number): ReviewResult => ({
    kind: 'scored',
    score: by.score,
    firstScore: firstScore?.score,
    source: by.source,
    verdicts,
    adjudicated: adjudication !== undefined,
  });
  if (adjudication) return scored(adjudication, firsts.length + 1);
  const final = agreed(finalVerdicts(state), seats.length);
  if (final && (!flag || seats.length === 1)) return scored(final, firsts.length);
  return expired ? { kind: 'expired' } : undefined;
}

/** All seats have said what they are asked for, and came to no result: a lead has to decide. */
export function isDisagreement(state: ReviewState): boolean {
  const final = finalVerdicts(state);
  return resultOf(state) === undefined && said(state, final) >= state.seats.length;
}

/** Keeps a seat for an annotator, until the lease ends; a second claim renews it. */
export function claim(state: ReviewState, annotator: string, policy: Lease, now: number): Move<ClaimAnswer> {
  const index = seatFor(state, annotator, now);
  if (typeof index === 'string') return refused(`${index} claim by ${shown(annotator)}`);
  const seat = state.seats[index];
  const since = (seat?.kind === 'claimed' && seat.annotator === annotator && seat.since) || now;
  const until = now + policy.leaseMinutes * 60_000;
  const answer = { seat: index + 1, leaseUntil: isoTime(until) };
  const claimed = withSeat(state, index, { kind: 'claimed', annotator, until, since });
  const { lapsed = [] } = state;
  const isLapse = seat?.kind === 'claimed' && seat.annotator !== annotator && !lapsed.includes(seat.annotator);
  return { kind: 'made', state: isLapse ? changed(claimed, { lapsed: [...lapsed, seat.annotator] }) : claimed, answer };
}

type Lease = Pick<ReviewPolicy, 'leaseMinutes'>;

/** Gives a claimed seat back. A reason is kept: it says whom the question is offered to, and when. */
export function release(state: ReviewState, { annotator, reason }: ReleaseMessage, now: number): Move<ReleaseAnswer> {
  const released = withoutClaim(state, annotator);
  const answer = { released: released !== state };
  const { givenBack = [] } = state;
  const isKnown = givenBack.some((one) => one.annotator === annotator && one.reason === reason);
  if (reason === undefined || isKnown || resultOf(state)) return { kind: 'made', state: released, answer };
  const entry: ReviewEntry = {
    kind: 'givenBack',
    id: `givenBack ${annotator} ${reason}`,
    at: isoTime(now),
    annotator,
    reason,
  };
  const kept = changed(released, { givenBack: [...givenBack, { annotator, reason }] });
  return { kind: 'made', state: kept, answer, entry };
}

/**
 * Takes back what somebody said last, while the question is open. Who takes back a score keeps the seat for another
 * lease.
 */
export function withdraw(state: ReviewState, annotator: string, policy: Lease, now: number): Move<WithdrawAnswer> {
  const closed = resultOf(state);
  if (closed) return expected(`an open question (this one is ${closed.kind})`, `the withdrawal of ${shown(annotator)}`);
  const { withdrawn = [] } = state;
  const without = (what: 'assisted' | 'verdict' | 'flag', name: string, change: ReviewState): Move<WithdrawAnswer> => {
    const of = entryId(state, what, name);
    const id = entryId(state, 'withdrawn', of);
    const entry: ReviewEntry = { kind: 'withdrawn', id, at: isoTime(now), annotator, of };
    return {
      kind: 'made',
      state: changed(change, { withdrawn: [...withdrawn, of] }),
      answer: { withdrawn: what },
      entry,
    };
  };
  if (flagsOf(state).some((flag) => flag.annotator === annotator)) {
    const flags = flagsOf(state).filter((flag) => flag.annotator !== annotator);
    return without('flag', annotator, changed(state, { flags }));
  }
  const index = state.seats.findIndex((one) => one.kind === 'answered' && one.verdict.annotator === annotator);
  const seat = state.seats[index];
  if (seat?.kind !== 'answered') return { kind: 'made', state, answer: { withdrawn: 'nothing' } };
  const { verdict, assisted } = seat;
  if (assisted) return without('assisted', assisted.verdictId, withSeat(state, index, { kind: 'answered', verdict }));
  const claimed: Seat = { kind: 'claimed', annotator, until: now + policy.leaseMinutes * 60_000, since: now };
  return without('verdict', verdict.verdictId, withSeat(state, index, claimed));
}

/**
 * Fills a seat: the one that the annotator claimed, else a free one; where others have taken all of them since the
 * annotator's lease ended, one more, so that no work is lost.
 */
export function submitVerdict(state: ReviewState, verdict: Verdict, now: number): Move<VerdictAnswer> {
  if (verdict.assisted) return scoreAgain(state, verdict, now);
  const earlier = state.seats.findIndex(
    (seat) => seat.kind === 'answered' && seat.verdict.verdictId === verdict.verdictId,
  );
  if (earlier !== -1)
    return repeated(state, verdict, (state.seats[earlier] as Extract<Seat, { kind: 'answered' }>).verdict, earlier + 1);
  const seat = seatFor(state, verdict.annotator, now);
  if (typeof seat === 'number') return answered(state, { kind: 'answered', verdict }, seat, 'verdict', verdict, now);
  const isOpen = resultOf(state) === undefined && !hasSpoken(state, verdict.annotator);
  if (isOpen && state.lapsed?.includes(verdict.annotator)) {
    const more = withSeats(state, state.seats.length + 1);
    return answered(more, { kind: 'answered', verdict }, state.seats.length, 'verdict', verdict, now);
  }
  return refused(
    `${seat} verdict ${shown(verdict.verdictId)} of ${shown(verdict.annotator)} with score ${verdict.score}`,
  );
}

/** With the analyses in view, a person confirms or changes the score of their own. Both are kept. */
function scoreAgain(state: ReviewState, verdict: Verdict, now: number): Move<VerdictAnswer> {
  const { annotator, verdictId } = verdict;
  const seconds = state.seats.map((seat) => (seat.kind === 'answered' ? seat.assisted : undefined));
  const earlier = seconds.findIndex((one) => one?.annotator === annotator || one?.verdictId === verdictId);
  if (seconds[earlier]) return repeated(state, verdict, seconds[earlier], earlier + 1);
  const index = state.seats.findIndex((one) => one.kind === 'answered' && one.verdict.annotator === annotator);
  const seat = state.seats[index];
  const got = `an assisted score ${verdict.score} of ${shown(annotator)}`;
  if (!state.assisted) return expected('a score without "assisted": this question shows no analyses', got);
  if (seat?.kind !== 'answered') return expected("first a score of one's own, before the analyses are shown", got);
  const closed = resultOf(state);
  if (closed) return expected(`an open question (this one is ${closed.kind})`, got);
  const both: Seat = { kind: 'answered', verdict: seat.verdict, assisted: verdict };
  return answered(state, both, index, 'assisted', verdict, now);
}

function answered(
  state: ReviewState,
  seat: Seat,
  index: number,
  kind: 'verdict' | 'assisted',
  verdict: Verdict,
  now: number,
): Move<VerdictAnswer> {
  const { verdictId, score } = verdict;
  const before = state.seats[index];
  const since = before?.kind === 'claimed' && before.annotator === verdict.annotator ? before.since : undefined;
  return {
    kind: 'made',
    state: withSeat(state, index, seat),
    answer: { verdictId, score, seat: index + 1 },
    entry: {
      kind,
      id: entryId(state, kind, verdictId),
      at: isoTime(now),
      seat: index + 1,
      verdict,
      ...(since !== undefined && { seconds: Math.round((now - since) / 1000) }),
    },
  };
}

/** What is said anew after it was taken back is an entry of its own. */
function entryId({ withdrawn = [] }: ReviewState, kind: ReviewEntry['kind'], name: string): string {
  const id = `${kind} ${name}`;
  let [next, times] = [id, 1];
  while (withdrawn.includes(next)) next = `${id} ${(times += 1)}`;
  return next;
}

/**
 * Decides where all seats have spoken and did not agree on a score. The lead is somebody who holds no seat and has
 * flagged nothing: a third opinion (ours).
 */
export function adjudicate(state: ReviewState, verdict: Verdict, now: number): Move<VerdictAnswer> {
  if (state.adjudication?.verdictId === verdict.verdictId) return repeated(state, verdict, state.adjudication);
  const got = `the adjudication of ${shown(verdict.annotator)} with score ${verdict.score}`;
  const result = resultOf(state);
  const { length } = state.seats;
  const spoken = said(state, verdictsOf(state));
  if (result || spoken < length) {
    const why = result ? `the question is ${result.kind}` : `${spoken} of ${length} have answered`;
    return expected(`a disagreement of all ${length} seats`, `${got} while ${why}`);
  }
  if (hasSpoken(state, verdict.annotator)) return expected('a lead who has not answered this question', got);
  const entry: ReviewEntry = {
    kind: 'adjudication',
    id: `adjudication ${verdict.verdictId}`,
    at: isoTime(now),
    verdict,
  };
  return {
    kind: 'made',
    state: changed(state, { adjudication: verdict }),
    answer: { verdictId: verdict.verdictId, score: verdict.score },
    entry,
  };
}

/**
 * Says that the problem or its texts are faulty. A second person who says so takes the question out, and it gets no
 * score: somebody on another seat, or a lead.
 */
export function flagProblem(state: ReviewState, { annotator, reason }: FlagMessage, now: number): Move<FlagAnswer> {
  const flags = flagsOf(state);
  const own = flags.find((flag) => flag.annotator === annotator);
  if (own?.reason === reason) return { kind: 'made', state, answer: { reason } };
  if (own) return expected(`one flag a person, ${shown(annotator)}'s is ${shown(own.reason)}`, shown(reason));
  const result = resultOf(state);
  if (result) return expected('an open question', `a flag of ${shown(annotator)} after it was ${result.kind}`);
  const entry: ReviewEntry = {
    kind: 'flag',
    id: entryId(state, 'flag', annotator),
    at: isoTime(now),
    annotator,
    reason,
  };
  const flagged = changed(withoutClaim(state, annotator), { flags: [...flags, { annotator, reason }] });
  return { kind: 'made', state: flagged, answer: { reason }, entry };
}

/** What the policy says when nobody has answered in time. */
export function passDeadline(state: ReviewState, policy: ReviewPolicy): ReviewState {
  if (resultOf(state)) return state;
  switch (policy.onDeadline) {
    case 'wait':
      return changed(state, { escalated: true });
    case 'carry':
      return changed(state, { carried: true });
    case 'discard':
      return changed(state, { expired: true });
  }
}

/** Remembers a message that could not be used. */
export function note(state: ReviewState, message: string, reason: string, now: number): ReviewState {
  const notes = [...state.notes, { at: isoTime(now), message, reason }].slice(-NOTES_KEPT);
  return changed(state, { notes, noted: state.noted + 1 });
}

/** Each person's first. */
export function verdictsOf(state: ReviewState): readonly Verdict[] {
  return state.seats.flatMap((seat) => (seat.kind === 'answered' ? [seat.verdict] : []));
}

/** Those that count: where analyses are shown, the second ones. */
function finalVerdicts(state: ReviewState): readonly Verdict[] {
  if (!state.assisted) return verdictsOf(state);
  return state.seats.flatMap((seat) => (seat.kind === 'answered' && seat.assisted ? [seat.assisted] : []));
}

export const flagsOf = (state: Pick<ReviewState, 'flags'>): readonly Flag[] => state.flags ?? [];

/** People who gave one of these verdicts, or a flag in place of one. */
export function said(state: ReviewState, verdicts: readonly Verdict[]): number {
  return new Set([...verdicts, ...flagsOf(state)].map(({ annotator }) => annotator)).size;
}

/** One score, of so many people: a program's where it had a part in it. */
function agreed(verdicts: readonly Verdict[], seats: number): Pick<Verdict, 'score' | 'source'> | undefined {
  const [first] = verdicts;
  if (!first || verdicts.length < seats || verdicts.some(({ score }) => score !== first.score)) return undefined;
  return { score: first.score, source: verdicts.every(({ source }) => source === 'expert') ? 'expert' : 'program' };
}

function hasSpoken(state: ReviewState, person: string): boolean {
  return [...verdictsOf(state), ...flagsOf(state)].some(({ annotator }) => annotator === person);
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
  if (hasSpoken(state, annotator)) return 'Expected an annotator who has not flagged this question, got the';
  const own = state.seats.findIndex((seat) => seat.kind === 'claimed' && seat.annotator === annotator);
  if (own !== -1) return own;
  const free = state.seats.findIndex((seat) => isFree(state, seat, now));
  if (free !== -1) return free;
  return `Expected a free seat, all ${state.seats.length} are claimed or answered, got the`;
}

/** Where there is one seat, the one of somebody who flagged opens for another person. */
function isFree({ seats, flags = [] }: ReviewState, seat: Seat, now: number): boolean {
  if (seat.kind !== 'answered') return seat.kind === 'free' || seat.until <= now;
  return seats.length === 1 && flags.some(({ annotator }) => annotator === seat.verdict.annotator);
}

function repeated(state: ReviewState, verdict: Verdict, earlier: Verdict, seat?: number): Move<VerdictAnswer> {
  if (earlier.annotator === verdict.annotator && earlier.score === verdict.score) {
    return { kind: 'made', state, answer: { verdictId: earlier.verdictId, score: earlier.score, seat } };
  }
  const was = `score ${earlier.score} of ${shown(earlier.annotator)}`;
  const got = `score ${verdict.score} of ${shown(verdict.annotator)}`;
  return expected(`verdict ${shown(verdict.verdictId)} to be what it was, ${was}`, got);
}

const expected = (what: string, got: string): Refused => refused(`Expected ${what}, got ${got}`);

function isoTime(time: number): string {
  return new Date(time).toISOString();
}

function changed(state: ReviewState, change: Partial<ReviewState>): ReviewState {
  return { ...state, ...change };
}

function withSeat(state: ReviewState, index: number, seat: Seat): ReviewState {
  return changed(state, { seats: state.seats.with(index, seat) });
}

/** With so many seats at least. */
function withSeats(state: ReviewState, count: number): ReviewState {
  const more = Math.max(0, count - state.seats.length);
  if (more === 0) return state;
  const free = Array.from({ length: more }, (): Seat => ({ kind: 'free' }));
  return changed(state, { seats: [...state.seats, ...free], extra: (state.extra ?? 0) + more });
}

/** The same state where the annotator has claimed no seat. One that was made for late work is not needed then. */
function withoutClaim(state: ReviewState, annotator: string): ReviewState {
  const seat = state.seats.findIndex((one) => one.kind === 'claimed' && one.annotator === annotator);
  if (seat === -1) return state;
  const { extra = 0 } = state;
  return extra > 0
    ? changed(state, { seats: state.seats.toSpliced(seat, 1), extra: extra - 1 })
    : withSeat(state, seat, { kind: 'free' });
}
