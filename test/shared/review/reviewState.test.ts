import * as fc from 'fast-check';
import {
  adjudicate,
  claim,
  flagProblem,
  isDisagreement,
  openReview,
  passDeadline,
  release,
  resultOf,
  submitVerdict,
  verdictsOf,
  type Move,
} from '../../../shared/review/reviewState.ts';
import type { ReviewEntry, ReviewPolicy, ReviewState, Verdict } from '../../../shared/review/reviews.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';

const policy = (seats: number, onDeadline: ReviewPolicy['onDeadline'] = 'carry'): ReviewPolicy => ({
  seats,
  leaseMinutes: 1,
  deadlineHours: 1,
  onDeadline,
});
const verdict = (annotator: string, score: Score, verdictId = annotator): Verdict => ({
  annotator,
  source: 'expert',
  score,
  verdictId,
});

function made<Answer>(move: Move<Answer>): Extract<Move<Answer>, { kind: 'made' }> {
  if (move.kind === 'refused') throw new Error(move.reason);
  return move;
}

function answered(...verdicts: readonly Verdict[]): ReviewState {
  return verdicts.reduce(
    (state, one) => made(submitVerdict(state, one, 0)).state,
    openReview(policy(Math.max(2, verdicts.length))),
  );
}

test('one seat needs no second opinion', () => {
  const { state } = made(submitVerdict(openReview(policy(1)), verdict('ada', 0.5), 0));
  expect(resultOf(state)).toEqual({ kind: 'scored', score: 0.5, source: 'expert', verdicts: 1, adjudicated: false });
});

test('a score that a program had a part in is not an expert’s', () => {
  const state = answered(verdict('ada', 1), { ...verdict('checker', 1), source: 'program' });
  expect(resultOf(state)).toMatchObject({ kind: 'scored', source: 'program' });
});

test('seats that disagree make no score until a lead decides', () => {
  const state = answered(verdict('ada', 1), verdict('emmy', 0.5));
  expect(resultOf(state)).toBeUndefined();
  expect(isDisagreement(state)).toBe(true);
  expect(resultOf(made(adjudicate(state, verdict('lead', 0.5), 0)).state)).toMatchObject({
    score: 0.5,
    verdicts: 3,
    adjudicated: true,
  });
});

test('a deadline never makes a score', () => {
  const half = made(submitVerdict(openReview(policy(2)), verdict('ada', 1), 0)).state;
  expect(resultOf(passDeadline(half, policy(2, 'carry')))).toEqual({ kind: 'expired' });
  expect(resultOf(passDeadline(half, policy(2, 'wait')))).toBeUndefined();
  expect(passDeadline(half, policy(2, 'wait')).escalated).toBe(true);
});

test('an expired lease is taken over, and its holder may answer while nobody has', () => {
  const claimed = made(claim(openReview(policy(1)), 'ada', policy(1), 0)).state;
  expect(claim(claimed, 'emmy', policy(1), 59_999).kind).toBe('refused');
  expect(made(claim(claimed, 'emmy', policy(1), 60_000)).answer.seat).toBe(1);
  expect(made(submitVerdict(claimed, verdict('ada', 1), 120_000)).answer.seat).toBe(1);
});

test('a claim is renewed on the same seat', () => {
  const first = made(claim(openReview(policy(2)), 'ada', policy(2), 0));
  expect(made(claim(first.state, 'ada', policy(2), 30_000)).answer).toEqual({
    seat: 1,
    leaseUntil: new Date(90_000).toISOString(),
  });
});

test('a review that opens again with what was recorded stands where it stood', () => {
  const entries: ReviewEntry[] = [];
  let state = openReview(policy(2));
  for (const one of [verdict('ada', 1), verdict('emmy', 0)]) {
    const move = made(submitVerdict(state, one, 5));
    state = move.state;
    if (move.entry) entries.push(move.entry);
  }
  expect(openReview(policy(2), entries)).toEqual(state);
});

const annotators = ['ada', 'emmy', 'kurt', 'lead'];
const message = fc.record({
  kind: fc.constantFrom('claim', 'release', 'verdict', 'verdict', 'verdict', 'adjudicate', 'flag', 'deadline'),
  annotator: fc.constantFrom(...annotators),
  score: fc.constantFrom(...SCORES),
  id: fc.constantFrom(undefined, 'v1', 'v2'),
  now: fc.integer({ min: 0, max: 300_000 }),
});
type Message = typeof message extends fc.Arbitrary<infer T> ? T : never;

function send(state: ReviewState, one: Message, rule: ReviewPolicy): Move<unknown> {
  const judged = verdict(one.annotator, one.score, one.id ?? one.annotator);
  switch (one.kind) {
    case 'claim':
      return claim(state, one.annotator, rule, one.now);
    case 'release':
      return release(state, one.annotator);
    case 'verdict':
      return submitVerdict(state, judged, one.now);
    case 'adjudicate':
      return adjudicate(state, judged, one.now);
    case 'flag':
      return one.now % 10 === 0
        ? flagProblem(state, { annotator: one.annotator, reason: 'faulty' }, one.now)
        : { kind: 'refused', reason: 'rare' };
    case 'deadline':
    default:
      return { kind: 'made', state: one.now % 5 === 0 ? passDeadline(state, rule) : state, answer: undefined };
  }
}

test(
  'whatever is sent, in whatever order: one seat a person, a result that stays, a score only by agreement or a ' +
    'lead',
  () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(message, { maxLength: 40 }), (seats, sent) => {
        const rule = policy(seats);
        let state = openReview(rule);
        for (const one of sent) {
          const before = resultOf(state);
          const move = send(state, one, rule);
          if (move.kind === 'made') {
            state = move.state;
            const again = send(state, one, rule);
            if (one.kind === 'verdict' || one.kind === 'adjudicate')
              expect(again).toEqual({ kind: 'made', state, answer: move.answer });
          } else expect(move.reason).not.toBe('');
          if (before) expect(resultOf(state)).toEqual(before);
          const people = verdictsOf(state).map(({ annotator }) => annotator);
          expect(new Set(people).size).toBe(people.length);
          expect(state.seats).toHaveLength(seats);
          const result = resultOf(state);
          if (result?.kind === 'scored' && !result.adjudicated) {
            expect(people).toHaveLength(seats);
            expect(verdictsOf(state).every(({ score }) => score === result.score)).toBe(true);
          }
        }
      }),
    );
  },
);
