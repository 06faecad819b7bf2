import { takenAnswers } from '../../../shared/review/takenAnswers.ts';
import type { ReviewEntry, ReviewResult, Verdict } from '../../../shared/review/reviews.ts';

const at = '2026-01-01T00:00:00.000Z';
const verdict = (annotator: string, score: Verdict['score'], source: Verdict['source'] = 'expert'): ReviewEntry => ({
  kind: 'verdict',
  id: `verdict ${annotator}`,
  at,
  seat: 1,
  verdict: { annotator, score, source, verdictId: annotator },
});
const again = (annotator: string, score: Verdict['score']): ReviewEntry => ({
  kind: 'assisted',
  id: `assisted ${annotator}`,
  at,
  seat: 1,
  verdict: { annotator, score, source: 'expert', verdictId: `${annotator}/assisted`, assisted: true },
});
const decision: ReviewEntry = {
  kind: 'adjudication',
  id: 'adjudication eve',
  at,
  verdict: { annotator: 'eve', score: 0.5, source: 'expert', verdictId: 'eve' },
};
const flag: ReviewEntry = { kind: 'flag', id: 'flag ada', at, annotator: 'ada', reason: 'a typo' };
const result = (what: ReviewResult): ReviewEntry => ({ kind: 'result', id: 'result', at, result: what });
const scored = (verdicts: number, adjudicated = false) =>
  result({ kind: 'scored', score: 1, source: 'expert', verdicts, adjudicated });
const people = { seats: 2, experts: 'people' } as const;

test.each<[string, readonly ReviewEntry[], Parameters<typeof takenAnswers>[1], readonly string[]]>([
  ['all seats agreed', [verdict('ada', 1), verdict('bob', 1), scored(2)], people, ['ada', 'bob', 'result']],
  ['one of two had answered', [verdict('ada', 1)], people, ['ada']],
  ['two disagree and wait for a lead', [verdict('ada', 1), verdict('bob', 0)], people, ['ada', 'bob']],
  [
    'a lead had decided',
    [verdict('ada', 1), verdict('bob', 0), decision, scored(3, true)],
    people,
    ['ada', 'bob', 'eve', 'result'],
  ],
  [
    'one flag had ended it, as in earlier versions',
    [flag, result({ kind: 'flagged', reason: 'a typo' })],
    people,
    ['flag ada', 'result'],
  ],
  ['one person had flagged it', [verdict('bob', 1), flag], people, ['bob', 'flag ada']],
  [
    'one seat was flagged, and another person scored',
    [flag, verdict('bob', 1), scored(1)],
    { ...people, seats: 1 },
    ['flag ada', 'bob', 'result'],
  ],
  [
    'that was enough for one seat, and two are wanted',
    [flag, verdict('bob', 1), scored(1)],
    people,
    ['flag ada', 'bob'],
  ],
  [
    'analyses were shown, and are shown now',
    [verdict('ada', 1), again('ada', 0), scored(1)],
    { ...people, seats: 1, assisted: true },
    ['ada', 'ada', 'result'],
  ],
  [
    'analyses were shown, and people score by themselves now',
    [verdict('ada', 1), again('ada', 0), scored(1)],
    { ...people, seats: 1 },
    ['ada'],
  ],
  [
    'people scored by themselves, and analyses are shown now',
    [verdict('ada', 1), scored(1)],
    { ...people, seats: 1, assisted: true },
    ['ada'],
  ],
  ['nobody came in time', [verdict('ada', 1), result({ kind: 'expired' })], people, ['ada']],
  [
    'a third seat is wanted now',
    [verdict('ada', 1), verdict('bob', 1), scored(2)],
    { ...people, seats: 3 },
    ['ada', 'bob'],
  ],
  [
    'one seat is enough now',
    [verdict('ada', 1), verdict('bob', 1), scored(2)],
    { ...people, seats: 1 },
    ['ada', 'bob', 'result'],
  ],
  [
    'a program answered, and people are wanted',
    [verdict('checker', 1, 'program'), scored(1)],
    { ...people, seats: 1 },
    [],
  ],
  [
    'people answered, and a program may',
    [verdict('ada', 1), verdict('bob', 1), scored(2)],
    { seats: 2, experts: 'program' },
    ['ada', 'bob', 'result'],
  ],
])('what is taken where %s', (_, entries, policy, expected) => {
  const taken = takenAnswers(entries, policy, 'main/lap-0003/cold-start/experts/p1');
  const named = taken.map((entry) => ('verdict' in entry ? entry.verdict.annotator : entry.id));
  expect(named).toEqual(expected);
  expect(taken.every(({ takenFrom }) => takenFrom === 'main/lap-0003/cold-start/experts/p1')).toBe(true);
});
