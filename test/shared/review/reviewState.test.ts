import * as fc from 'fast-check';
import {
  adjudicate,
  claim,
  flagProblem,
  flagsOf,
  isDisagreement,
  openReview,
  passDeadline,
  release,
  resultOf,
  submitVerdict,
  verdictsOf,
  withdraw,
  type Move,
} from '../../../shared/review/reviewState.ts';
import { reviewProgress } from '../../../shared/review/reviewText.ts';
import { standingEntries } from '../../../shared/review/late.ts';
import { hasGivenBack, waitsFor } from '../../../shared/review/waiting.ts';
import type { Question, ReviewEntry, ReviewPolicy, ReviewState, Verdict } from '../../../shared/review/reviews.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';
import cases from '../people.json' with { type: 'json' };

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

test('a deadline never makes a score, and closes a question only where it is discarded', () => {
  const half = made(submitVerdict(openReview(policy(2)), verdict('ada', 1), 0)).state;
  expect(resultOf(passDeadline(half, policy(2, 'discard')))).toEqual({ kind: 'expired' });
  for (const onDeadline of ['carry', 'wait'] as const) {
    const late = passDeadline(half, policy(2, onDeadline));
    expect([resultOf(late), late.escalated, late.carried]).toEqual(
      onDeadline === 'wait' ? [undefined, true, undefined] : [undefined, false, true],
    );
    expect(resultOf(made(submitVerdict(late, verdict('emmy', 1), 0)).state)).toMatchObject({ score: 1, verdicts: 2 });
  }
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

/** Acts of people in a row: `ada 1` scores, `ada again 0.5` after the analyses, `ada flags`, `lead decides 1`. */
function after(rule: ReviewPolicy, ...acts: readonly string[]): ReviewState {
  return acts.reduce((state, act) => made(done(state, act)).state, openReview(rule));
}

function done(state: ReviewState, act: string): Move<unknown> {
  const [who = '', what = '', last] = act.split(' ');
  if (what === 'flags') return flagProblem(state, { annotator: who, reason: `${who}: n is not said` }, 0);
  const score = Number(last ?? what) as Score;
  if (what === 'decides') return adjudicate(state, verdict(who, score), 0);
  const again = { ...verdict(who, score, `${who}/assisted`), assisted: true } as const;
  return submitVerdict(state, what === 'again' ? again : verdict(who, score), 0);
}

const FLAGGED = { kind: 'flagged', reason: 'ada: n is not said', confirmed: true };
const WAITS = undefined;
const scored = (score: Score, verdicts: number, adjudicated = false) => ({
  kind: 'scored',
  score,
  source: 'expert',
  verdicts,
  adjudicated,
});

test.each<[number, readonly string[], unknown]>([
  [2, ['ada flags'], WAITS],
  [2, ['ada flags', 'ada flags'], WAITS],
  [2, ['ada flags', 'emmy flags'], FLAGGED],
  [2, ['kurt 1', 'ada flags', 'emmy flags'], FLAGGED],
  [2, ['ada 1', 'ada flags', 'emmy flags'], FLAGGED],
  [2, ['ada 1', 'ada flags', 'emmy 1'], WAITS],
  [2, ['ada flags', 'emmy 1'], WAITS],
  [2, ['ada flags', 'emmy 1', 'kurt 1'], WAITS],
  [2, ['ada flags', 'emmy 1', 'lead flags'], FLAGGED],
  [2, ['ada flags', 'lead flags'], FLAGGED],
  [2, ['ada flags', 'emmy 1', 'lead decides 0.5'], scored(0.5, 2, true)],
  [2, ['emmy 1', 'kurt 0', 'ada flags'], WAITS],
  [2, ['emmy 1', 'kurt 0', 'ada flags', 'kurt flags'], FLAGGED],
  [1, ['ada flags'], WAITS],
  [1, ['ada flags', 'emmy flags'], FLAGGED],
  [1, ['ada flags', 'emmy 0.5'], scored(0.5, 1)],
  [1, ['ada flags', 'emmy decides 0.5'], scored(0.5, 1, true)],
  [3, ['ada flags', 'emmy 1', 'kurt 1'], WAITS],
  [3, ['ada flags', 'emmy 1', 'kurt 1', 'lead decides 1'], scored(1, 3, true)],
])('one flag asks another seat and a lead, the second takes the problem out: %i seats, %j', (seats, acts, expected) => {
  expect(resultOf(after(policy(seats), ...acts))).toEqual(expected);
});

test('who flagged has had a say: no seat, no second flag in other words, no decision as a lead', () => {
  const state = after(policy(2), 'ada flags', 'emmy 1');
  expect(done(state, 'ada 1')).toMatchObject({ kind: 'refused', reason: expect.stringContaining('has not flagged') });
  expect(done(state, 'ada decides 1').kind).toBe('refused');
  expect(done(state, 'emmy decides 1').kind).toBe('refused');
  expect(flagProblem(state, { annotator: 'ada', reason: 'another' }, 0)).toEqual({
    kind: 'refused',
    reason: 'Expected one flag a person, "ada"\'s is "ada: n is not said", got "another"',
  });
  const claimed = made(claim(openReview(policy(2)), 'ada', policy(2), 0)).state;
  expect(made(done(claimed, 'ada flags')).state.seats).toEqual([{ kind: 'free' }, { kind: 'free' }]);
});

test('a lead’s score waits for the other seat, a lead’s confirmation of a flag does not', () => {
  const state = after(policy(2), 'ada flags');
  expect(done(state, 'lead decides 1')).toMatchObject({
    kind: 'refused',
    reason: expect.stringContaining('while 1 of 2 have answered'),
  });
  expect(isDisagreement(state)).toBe(false);
  expect(resultOf(made(done(state, 'lead flags')).state)).toEqual(FLAGGED);
});

test.each(cases.questions)('at its deadline, $id of a team’s questions is $atDeadline', (question) => {
  const { verdicts, flags = 0, atDeadline } = question;
  const rule = policy(cases.policy.seats, cases.policy.onDeadline as 'carry');
  const flaggers = ['ada', 'kurt'].slice(0, flags);
  const state = passDeadline(
    after(rule, ...verdicts.map((score, seat) => `person-${seat} ${score}`), ...flaggers.map((who) => `${who} flags`)),
    rule,
  );
  const input = { question: QUESTION, policy: rule };
  const progress = reviewProgress(input, state, 0);
  expect(verdictsOf(state).map(({ score }) => score)).toEqual(verdicts);
  expect(progress.status).toBe(
    atDeadline.startsWith('scored')
      ? 'scored'
      : atDeadline.startsWith('problem taken out')
        ? 'flagged'
        : flags === 1
          ? 'disagreement'
          : 'open',
  );
  expect(waitsFor(progress, 'emmy', flags === 1)).toBe(progress.result === undefined);
  if (flags === 1) expect(progress.wanted).toMatch(/`ada` flagged the problem as faulty: .* Wanted: a lead, who/);
});

const QUESTION: Question = {
  setId: 'set',
  id: 'q',
  kind: 'scoreContestedProof',
  lap: 'main/lap-0001',
  row: 0,
  subject: { uri: 'datasets/contested.jsonl', sha256: '0'.repeat(64), rows: 1 },
};

const assisted = (seats: number): ReviewPolicy => ({ ...policy(seats), assisted: true });

test.each<[number, readonly string[], unknown]>([
  [1, ['ada 1'], WAITS],
  [1, ['ada 1', 'ada again 0'], { ...scored(0, 1), firstScore: 1 }],
  [2, ['ada 1', 'emmy 1'], WAITS],
  [2, ['ada 1', 'ada again 0.5', 'emmy 1'], WAITS],
  [2, ['ada 1', 'ada again 0.5', 'emmy 1', 'emmy again 0.5'], { ...scored(0.5, 2), firstScore: 1 }],
  [2, ['ada 1', 'ada again 0', 'emmy 0', 'emmy again 0'], scored(0, 2)],
  [2, ['ada 1', 'ada again 1', 'emmy 1', 'emmy again 0'], WAITS],
  [
    2,
    ['ada 1', 'ada again 1', 'emmy 1', 'emmy again 0', 'lead decides 0.5'],
    { ...scored(0.5, 3, true), firstScore: 1 },
  ],
  [2, ['ada 1', 'ada flags', 'emmy 1', 'emmy again 1'], WAITS],
  [2, ['ada 1', 'ada flags', 'emmy 1', 'emmy again 1', 'lead decides 1'], { ...scored(1, 3, true), firstScore: 1 }],
  [1, ['ada 1', 'ada flags', 'emmy 0', 'emmy again 0'], { ...scored(0, 1), firstScore: 0 }],
  // Somebody has left before the second score: a lead need not wait.
  [2, ['ada 1', 'emmy 0', 'emmy again 0', 'lead decides 0'], scored(0, 3, true)],
])('what counts is scored with the analyses in view: %i seats, %j', (seats, acts, expected) => {
  expect(resultOf(after(assisted(seats), ...acts))).toEqual(expected);
});

test('a score with the analyses in view follows one’s own without them, once, and only where they are shown', () => {
  const first = after(assisted(2), 'emmy 1');
  expect(done(first, 'ada again 1')).toMatchObject({
    kind: 'refused',
    reason: expect.stringMatching(/^Expected first a score of one's own, before the analyses are shown/),
  });
  expect(done(after(policy(2), 'ada 1'), 'ada again 1')).toMatchObject({
    kind: 'refused',
    reason: expect.stringContaining('this question shows no analyses'),
  });
  const both = made(done(first, 'emmy again 0.5'));
  expect(both.entry).toMatchObject({ kind: 'assisted', id: 'assisted emmy/assisted', seat: 1 });
  expect(made(done(both.state, 'emmy again 0.5'))).toEqual({ kind: 'made', state: both.state, answer: both.answer });
  expect(done(both.state, 'emmy again 1').kind).toBe('refused');
  expect(made(done(both.state, 'emmy 1')).state).toBe(both.state);
});

test('a person who scored once is asked again, and sees nobody else’s score', () => {
  const state = after(assisted(2), 'ada 1', 'emmy 0', 'emmy again 0');
  const progress = reviewProgress({ question: QUESTION, policy: assisted(2) }, state, 0);
  expect(progress.seats.map(({ state, score }) => [state, score])).toEqual([
    ['scoredOnce', undefined],
    ['answered', undefined],
  ]);
  expect(['ada', 'emmy'].map((who) => waitsFor(progress, who, false))).toEqual([true, false]);
  expect(progress.wanted).toContain('Wanted: the score again of `ada`, with the analyses in view');
});

test('work is kept when a lease ends: who comes late has a seat more, and all who answer have to agree', () => {
  const ada = made(claim(openReview(policy(1)), 'ada', policy(1), 0)).state;
  const emmy = made(claim(ada, 'emmy', policy(1), 120_000)).state;
  expect(claim(emmy, 'ada', policy(1), 130_000).kind).toBe('refused');
  const both = made(submitVerdict(emmy, verdict('ada', 1), 130_000));
  expect(both.entry).toMatchObject({ kind: 'verdict', seat: 2 });
  expect(resultOf(both.state)).toBeUndefined();
  expect(resultOf(made(submitVerdict(both.state, verdict('emmy', 1), 140_000)).state)).toMatchObject({ verdicts: 2 });
  expect(isDisagreement(made(submitVerdict(both.state, verdict('emmy', 0), 140_000)).state)).toBe(true);
  expect(resultOf(made(release(both.state, { annotator: 'emmy' }, 140_000)).state)).toMatchObject({ verdicts: 1 });
  expect(submitVerdict(emmy, verdict('kurt', 1), 130_000).kind).toBe('refused');
});

test('what was said last is taken back while the question is open, and said anew as an entry of its own', () => {
  const first = made(submitVerdict(openReview(policy(2)), verdict('ada', 1), 0));
  const undone = made(withdraw(first.state, 'ada', policy(2), 60_000));
  expect(undone).toMatchObject({ answer: { withdrawn: 'verdict' }, entry: { kind: 'withdrawn', of: 'verdict ada' } });
  // The seat stays hers for another lease.
  expect(undone.state.seats[0]).toMatchObject({ kind: 'claimed', annotator: 'ada', until: 120_000 });
  const anew = made(submitVerdict(undone.state, verdict('ada', 0.5), 90_000));
  expect(anew.entry).toMatchObject({ id: 'verdict ada 2', seconds: 30 });
  const log = [first, undone, anew].flatMap(({ entry }) => entry ?? []);
  expect(standingEntries(log)).toEqual([anew.entry]);
  expect(openReview(policy(2), log)).toEqual({ ...anew.state, seats: openReview(policy(2), log).seats });
  expect(verdictsOf(openReview(policy(2), log))).toEqual([verdict('ada', 0.5)]);
  expect(made(withdraw(anew.state, 'emmy', policy(2), 0)).answer).toEqual({ withdrawn: 'nothing' });
});

test.each<[string, string[], string]>([
  ['a flag before a score', ['ada 1', 'ada flags'], 'flag'],
  ['a second score before the first', ['ada 1', 'ada again 0.5'], 'assisted'],
  ['a first score', ['ada 1'], 'verdict'],
])('who takes back takes back %s', (_, acts, withdrawn) => {
  expect(made(withdraw(after(assisted(2), ...acts), 'ada', policy(2), 0)).answer).toEqual({ withdrawn });
});

test('nothing is taken back once the question is closed', () => {
  const { state } = made(submitVerdict(openReview(policy(1)), verdict('ada', 1), 0));
  expect(withdraw(state, 'ada', policy(1), 0)).toEqual({
    kind: 'refused',
    reason: 'Expected an open question (this one is scored), got the withdrawal of "ada"',
  });
});

test('a seat given back as out of one’s depth is for others, as too long for later', () => {
  const claimed = made(claim(openReview(policy(1)), 'ada', policy(1), 0)).state;
  const given = made(release(claimed, { annotator: 'ada', reason: 'outOfMyDepth' }, 0));
  expect(given).toMatchObject({ answer: { released: true }, entry: { kind: 'givenBack', reason: 'outOfMyDepth' } });
  const later = made(release(given.state, { annotator: 'emmy', reason: 'tooLong' }, 0)).state;
  const progress = reviewProgress({ question: QUESTION, policy: policy(1) }, later, 0);
  expect(['ada', 'emmy'].map((who) => waitsFor(progress, who, false))).toEqual([false, true]);
  expect(hasGivenBack(progress, 'emmy', 'tooLong')).toBe(true);
});

const annotators = ['ada', 'emmy', 'kurt', 'lead'];
const message = fc.record({
  kind: fc.constantFrom(
    'claim',
    'release',
    'withdraw',
    'verdict',
    'verdict',
    'again',
    'again',
    'adjudicate',
    'flag',
    'deadline',
  ),
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
      return release(state, { annotator: one.annotator, ...(one.now % 2 === 0 && { reason: 'tooLong' }) }, one.now);
    case 'withdraw':
      return withdraw(state, one.annotator, rule, one.now);
    case 'verdict':
      return submitVerdict(state, judged, one.now);
    case 'again':
      return submitVerdict(state, { ...judged, assisted: true }, one.now);
    case 'adjudicate':
      return adjudicate(state, judged, one.now);
    case 'flag':
      return one.now % 3 === 0
        ? flagProblem(state, { annotator: one.annotator, reason: 'faulty' }, one.now)
        : { kind: 'refused', reason: 'rare' };
    case 'deadline':
    default:
      return { kind: 'made', state: one.now % 5 === 0 ? passDeadline(state, rule) : state, answer: undefined };
  }
}

test(
  'whatever is sent, in whatever order: one seat a person, a result that stays, a score only by agreement or a lead, ' +
    'no problem out by one person, and a review that opens again with the log stands where it stood',
  () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        fc.constantFrom('carry' as const, 'wait' as const, 'discard' as const),
        fc.array(message, { maxLength: 40 }),
        (seats, isAssisted, onDeadline, sent) => {
          const rule: ReviewPolicy = { ...policy(seats, onDeadline), assisted: isAssisted };
          const log: ReviewEntry[] = [];
          let state = openReview(rule);
          for (const one of sent) {
            const before = resultOf(state);
            const move = send(state, one, rule);
            if (move.kind === 'made') {
              state = move.state;
              if (move.entry) log.push(move.entry);
              const again = send(state, one, rule);
              if (one.kind !== 'claim' && one.kind !== 'release' && one.kind !== 'withdraw')
                expect(again).toEqual({ kind: 'made', state, answer: move.answer });
            } else expect(move.reason).not.toBe('');
            if (before) expect(resultOf(state)).toEqual(before);
            const people = verdictsOf(state).map(({ annotator }) => annotator);
            expect(new Set(people).size).toBe(people.length);
            expect(state.seats).toHaveLength(seats + (state.extra ?? 0));
            const result = resultOf(state);
            if (result?.kind === 'scored' && !result.adjudicated) {
              expect(people).toHaveLength(state.seats.length);
              for (const seat of state.seats) {
                if (seat.kind !== 'answered') throw new Error('Expected answered seats');
                expect((isAssisted ? seat.assisted : seat.verdict)?.score).toBe(result.score);
              }
              if (seats > 1) expect(flagsOf(state)).toEqual([]);
            }
            if (result?.kind === 'flagged')
              expect(new Set(flagsOf(state).map(({ annotator }) => annotator)).size).toBe(2);
          }
          expect(new Set(log.map(({ id }) => id)).size).toBe(log.length);
          const reopened = openReview(rule, log);
          const result = resultOf(state);
          if (result?.kind !== 'expired') expect(resultOf(reopened)).toEqual(result);
          expect(flagsOf(reopened)).toEqual(flagsOf(state));
          // Where there is one seat, it is another person’s after a flag.
          if (seats > 1) expect(byPerson(reopened)).toEqual(byPerson(state));
        },
      ),
    );
  },
);

const byPerson = (state: ReviewState) => [...verdictsOf(state)].sort((a, b) => a.annotator.localeCompare(b.annotator));
