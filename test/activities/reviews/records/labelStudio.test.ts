import { isLabelStudio, ownRow } from '../../../../activities/reviews/records/brought.ts';
import { countGrades, labelStudioRows } from '../../../../activities/reviews/records/labelStudio.ts';
import { scaleFrom } from '../../../../shared/review/grades.ts';

const QUESTION = 'main/lap-0001/label/experts/proof-1';
const options = {
  scale: scaleFrom('wrong=0,minor=0.5,right=1'),
  annotators: new Map([
    ['3', 'ada'],
    ['emmy@example.org', 'emmy'],
  ]),
};

const chosen = (choice: string, name = 'score') => ({
  from_name: name,
  to_name: 'proof',
  type: 'choices',
  value: { choices: [choice] },
});
const written = (...text: string[]) => ({ from_name: 'why', to_name: 'proof', type: 'textarea', value: { text } });
const annotation = (result: readonly object[], more: object = {}) => ({
  id: 41,
  completed_by: 3,
  was_cancelled: false,
  created_at: '2026-05-01T10:00:00Z',
  lead_time: 120.5,
  result,
  ...more,
});
const task = (annotations: readonly object[], data: object = { question: QUESTION, problem: 'P', proof: 'Q' }) => ({
  where: 'item 1',
  row: { id: 7, data, annotations, predictions: [] },
});
const readOf = (annotations: readonly object[], more: object = {}) =>
  labelStudioRows(task(annotations), { ...options, ...more });

test('a choice and a text become a verdict, by whom it is known as here, with an id that stays', () => {
  expect(readOf([annotation([chosen('Minor'), written('A gap', 'in line 3.')])])).toEqual([
    {
      where: 'item 1, annotation 1',
      workflowId: QUESTION,
      kind: 'verdict',
      sent: { annotator: 'ada', score: 0.5, verdictId: 'label-studio/7/41', comment: 'A gap\nin line 3.' },
    },
  ]);
});

test('ratings and numbers are grades, too, and people are known by number or by e-mail', () => {
  const scale = scaleFrom('1-2=0,3-4=0.5,5=1');
  const rated = { from_name: 'stars', type: 'rating', value: { rating: 4 } };
  const number = { from_name: 'mark', type: 'number', value: { number: 5 } };
  expect(
    readOf(
      [
        annotation([rated], { completed_by: { id: 9, email: 'emmy@example.org' } }),
        annotation([number], { id: 42, completed_by: { id: 11, email: 'kurt@example.org' } }),
      ],
      { scale },
    ),
  ).toMatchObject([
    { sent: { annotator: 'emmy', score: 0.5 } },
    { sent: { annotator: 'label-studio/11', score: 1, verdictId: 'label-studio/7/42' } },
  ]);
});

test('of several controls the one called score counts, or the one that is named', () => {
  const both = [annotation([chosen('Wrong'), chosen('Right', 'style')])];
  expect(readOf(both)).toMatchObject([{ sent: { score: 0 } }]);
  expect(readOf(both, { scoreName: 'style' })).toMatchObject([{ sent: { score: 1 } }]);
  expect(readOf([annotation([chosen('Wrong', 'a'), chosen('Right', 'b')])])).toMatchObject([
    { kind: 'unreadable', why: 'expected one control with a score, got a, b: say which by --score-field' },
  ]);
});

test.each([
  ['no annotation', [], { kind: 'passedOver' }],
  ['one that was skipped', [annotation([chosen('Right')], { was_cancelled: true })], { kind: 'passedOver' }],
  ['no score', [annotation([written('Hm.')])], { kind: 'unreadable', why: /got none$/ }],
  [
    'a grade of another scale',
    [annotation([chosen('Fine')])],
    { kind: 'unreadable', why: /of the scale .* got "?\[?"Fine"/ },
  ],
  ['nobody', [annotation([chosen('Right')], { completed_by: null })], { kind: 'unreadable', why: /completed_by/ }],
] as const)('a task with %s says so', (_, annotations, expected) => {
  const [row] = readOf(annotations);
  expect(row?.kind).toBe(expected.kind);
  if ('why' in expected) expect(row && 'why' in row ? row.why : '').toMatch(expected.why);
});

test('a task of no question of ours names the field that has it', () => {
  expect(labelStudioRows(task([annotation([chosen('Right')])], { text: 'P' }), options)).toMatchObject([
    { kind: 'unreadable', why: expect.stringMatching(/^expected data\.question/) as string },
  ]);
});

test('grades are counted as they come, so that a scale without doubt is found', () => {
  const seen = new Map<string, number>();
  for (const choice of ['Correct', 'correct', 'Wrong']) countGrades(task([annotation([chosen(choice)])]), seen);
  countGrades(task([annotation([chosen('Skipped')], { was_cancelled: true })]), seen);
  expect([...seen]).toEqual([
    ['correct', 2],
    ['wrong', 1],
  ]);
});

test('their form and ours are told apart', () => {
  expect(isLabelStudio(task([]))).toBe(true);
  expect(isLabelStudio({ where: 'line 1', row: { question: QUESTION, annotator: 'ada', score: 1 } })).toBe(false);
});

describe('a row of our own', () => {
  const read = (row: Record<string, unknown>) => ownRow({ where: 'line 1', row });

  test('may be as short as a question, a name and a score', () => {
    expect(read({ question: QUESTION, annotator: 'ada', score: 1 })).toEqual({
      where: 'line 1',
      workflowId: QUESTION,
      kind: 'verdict',
      sent: { annotator: 'ada', score: 1 },
    });
    expect(read({ set: 'main/lap-0001/label/experts', row: 'proof-1', annotator: 'ada', score: 1 })).toMatchObject({
      workflowId: QUESTION,
    });
  });

  test.each([
    [{ annotator: 'ada', score: 1 }, /^expected "question", a review's id/],
    [{ question: QUESTION, annotator: 'ada', score: 2 }, /^Expected score to be the number 0, 0\.5 or 1, got 2$/],
    [{ question: QUESTION, score: 1 }, /^Expected annotator to be an id/],
    [{ question: QUESTION, annotator: 'ada', score: 1, entry: 'vote' }, /^expected entry to be verdict/],
    [{ question: QUESTION, annotator: 'ada', score: 1, lines: 'two' }, /^Expected lines to be/],
    [{ question: QUESTION, annotator: 'ada', entry: 'flag' }, /^Expected reason to be a text/],
  ])('%j is refused in the words of the review', (row, why) => {
    const taken = read(row);
    expect(taken.kind === 'unreadable' ? taken.why : taken.kind).toMatch(why);
  });

  test('of a result or of what was taken back is passed over', () => {
    for (const entry of ['result', 'withdrawn', 'givenBack'])
      expect(read({ question: QUESTION, entry })).toMatchObject({ kind: 'passedOver' });
  });
});
