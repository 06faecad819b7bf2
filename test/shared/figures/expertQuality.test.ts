import { ageingOf, expertQualityOf, type SaidQuestion } from '../../../shared/figures/expertQuality.ts';
import type { ReviewEntry, Verdict } from '../../../shared/review/reviews.ts';
import type { Score } from '../../../shared/scores.ts';

/** A Monday. */
const AT = '2026-05-04T10:00:00.000Z';
let number = 0;

function said(
  annotator: string,
  score: Score,
  more: Partial<Verdict> & { seconds?: number; at?: string } = {},
): ReviewEntry {
  const { seconds, at = AT, ...verdict } = more;
  return {
    kind: 'verdict',
    id: `verdict ${annotator} ${(number += 1)}`,
    at,
    seat: 1,
    ...(seconds !== undefined && { seconds }),
    verdict: { annotator, score, source: 'expert', verdictId: annotator, ...verdict },
  };
}

const result = (score: Score, adjudicated = false): ReviewEntry => ({
  kind: 'result',
  id: 'result',
  at: AT,
  result: { kind: 'scored', score, source: 'expert', verdicts: 2, adjudicated },
});

const asked = (entries: readonly ReviewEntry[], more: Partial<SaidQuestion> = {}): SaidQuestion => ({
  kind: 'scoreProof',
  entries,
  ...more,
});

const personIn = (questions: readonly SaidQuestion[], annotator: string) =>
  expertQualityOf(questions).people.find((person) => person.annotator === annotator);

test('bias is how much higher than the others somebody scores the same questions, signed, with n', () => {
  const questions = [
    asked([said('ada', 1), said('bob', 0.5)]),
    asked([said('ada', 1), said('bob', 0), said('cyd', 1)]),
    asked([said('ada', 0.5), said('bob', 0.5)]),
    asked([said('ada', 0)]),
  ];
  // 0.5, 0.5 and 0: of the fourth there is no other.
  expect(personIn(questions, 'ada')?.bias).toMatchObject({ value: expect.closeTo(1 / 3) as number, n: 3 });
  expect(personIn(questions, 'bob')?.bias?.value).toBeCloseTo((-0.5 - 1 + 0) / 3);
  expect(personIn(questions, 'cyd')?.bias).toBeNull();
});

test('gold accuracy is of first answers, with an interval, by person and of all', () => {
  const questions = [
    ...Array.from({ length: 4 }, () => asked([said('ada', 1), said('bob', 0)], { known: 1 })),
    asked([said('ada', 1)]),
  ];
  const quality = expertQualityOf(questions);
  expect(quality.gold).toMatchObject({ value: 0.5, n: 8 });
  expect(quality.people.map(({ annotator, gold }) => [annotator, gold?.value, gold?.n])).toEqual([
    ['ada', 1, 4],
    ['bob', 0, 4],
  ]);
  expect(quality.people[0]?.gold?.low).toBeCloseTo(0.51, 2);
});

test('what was taken back counts for no figure, and is counted', () => {
  const first = said('ada', 0, { seconds: 600 });
  const questions = [
    asked([
      first,
      { kind: 'withdrawn', id: 'w', at: AT, annotator: 'ada', of: first.id },
      said('ada', 1, { seconds: 300 }),
      said('bob', 1),
      result(1),
    ]),
  ];
  const { agreement, people } = expertQualityOf(questions);
  expect(agreement.proofs.same).toMatchObject({ kind: 'measured', value: 1 });
  // Both took their time.
  expect(people[0]).toMatchObject({ annotator: 'ada', scores: 2, takenBack: 1, hours: 0.25 });
});

test('flags, seats given back, second scores, doubts and decisions are counted by person', () => {
  const { people, questions } = expertQualityOf([
    asked([
      said('ada', 0, { uncertain: true }),
      { ...said('ada', 1), kind: 'assisted', seat: 1 } as ReviewEntry,
      said('bob', 1),
      {
        kind: 'adjudication',
        id: 'a',
        at: AT,
        verdict: { annotator: 'lead', score: 1, source: 'expert', verdictId: 'lead' },
      },
      result(1, true),
    ]),
    asked([
      { kind: 'givenBack', id: 'g', at: AT, annotator: 'bob', reason: 'tooLong' },
      { kind: 'flag', id: 'f', at: AT, annotator: 'ada', reason: 'cut off' },
    ]),
  ]);
  expect(questions).toEqual({ scored: 1, flagged: 0, expired: 0, open: 1, adjudicated: 1 });
  expect(people).toMatchObject([
    { annotator: 'ada', scores: 1, uncertain: 1, assisted: 1, flags: 1, decisions: 0 },
    { annotator: 'bob', scores: 1, givenBack: 1, untimed: 1 },
    { annotator: 'lead', scores: 0, decisions: 1 },
  ]);
});

test('hours are summed by week and person, no answer for longer than its seat is kept, and a week begins on Monday', () => {
  const questions = [
    asked([said('ada', 1, { seconds: 1800 }), said('bob', 1, { seconds: 900 })]),
    asked([said('ada', 1, { seconds: 90_000 })], { leaseMinutes: 30 }),
    asked([said('ada', 1, { seconds: 3600, at: '2026-05-10T23:59:00.000Z' })]),
    asked([said('ada', 1, { seconds: 3600, at: '2026-05-11T00:01:00.000Z' })]),
    asked([said('ada', 1)]),
  ];
  const { weeks, people } = expertQualityOf(questions);
  expect(weeks).toEqual([
    { from: '2026-05-11', hours: 1, by: { ada: 1 } },
    { from: '2026-05-04', hours: 2.25, by: { ada: 2, bob: 0.25 } },
  ]);
  expect(people[0]).toMatchObject({ annotator: 'ada', hours: 3, untimed: 1 });
});

test("neither a program's answers nor those taken over from an earlier lap are people's here", () => {
  const { people, agreement } = expertQualityOf([
    asked([said('rehearsal/seat-1', 1, { source: 'program' }), said('rehearsal/seat-2', 1, { source: 'program' })]),
    asked([
      { ...said('ada', 1), takenFrom: 'main/lap-0001/x/q' },
      { ...said('bob', 1), takenFrom: 'main/lap-0001/x/q' },
    ]),
  ]);
  expect([people, agreement.proofs.questions]).toEqual([[], 0]);
});

test('open questions age: by median and oldest, and those past their deadline', () => {
  const now = Date.parse('2026-05-04T12:00:00.000Z');
  const open = [
    { openedAt: '2026-05-04T11:00:00.000Z', deadline: '2026-05-07T00:00:00.000Z' },
    { openedAt: '2026-05-04T09:00:00.000Z', deadline: '2026-05-04T11:00:00.000Z' },
    { openedAt: '2026-05-03T12:00:00.000Z' },
  ];
  expect(ageingOf(open, now)).toEqual({ open: 3, medianHours: 3, oldestHours: 24, pastDeadline: 1 });
  expect(ageingOf([], now)).toEqual({ open: 0, medianHours: null, oldestHours: null, pastDeadline: 0 });
});
