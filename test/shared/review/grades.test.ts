import { gradeIn, scaleFrom, scaleOf } from '../../../shared/review/grades.ts';

const counted = (...values: readonly unknown[]) => {
  const seen = new Map<string, number>();
  for (const value of values) {
    const grade = gradeIn(value) ?? 'none';
    seen.set(grade, (seen.get(grade) ?? 0) + 1);
  }
  return seen;
};
const read = (values: readonly unknown[], scale = scaleOf(counted(...values))) =>
  values.map((value) => scale.scoreOf(gradeIn(value) ?? ''));

test.each<[what: string, grades: readonly unknown[], scores: readonly number[]]>([
  ['the rubric itself', [0, 0.5, 1, '0.5', '1.0'], [0, 0.5, 1, 0.5, 1]],
  ['zeros and ones', [0, 1, 1], [0, 1, 1]],
  ['an olympiad’s marks', [0, 3, 4, 5, 6, 7, '7'], [0, 0, 0, 0.5, 0.5, 1, 1]],
  ['means of two such graders', [0, 4.5, 6.5, 7], [0, 0, 0.5, 1]],
  ['marks of ten', [10, 9, 7, 6, 0], [1, 0.5, 0.5, 0, 0]],
  ['marks that say of how many', ['7/7', '6 / 7', '1/7'], [1, 0.5, 0]],
  ['booleans', [true, false, 'True'], [1, 0, 1]],
  ['words', ['Correct', 'incorrect', 'Partially  correct', 'Almost'], [1, 0, 0.5, 0.5]],
  ['a list of one', [[7], [0]], [1, 0]],
])('%s become scores of the rubric', (_, grades, scores) => {
  expect(read(grades)).toEqual(scores);
});

test.each([null, undefined, '', ' ', Number.NaN, Infinity, 'NaN', 'null', [], [1, 2], {}])(
  '%j is no grade',
  (value) => {
    expect(gradeIn(value)).toBeUndefined();
  },
);

test.each<[what: string, grades: readonly unknown[], seen: string]>([
  ['0 to 5: of five, or of seven without the best', [0, 2, 2, 5], 'got 2 (2), 0 (1), 5 (1): say'],
  ['shares, of which 0.7 may be anything', [0, 0.7, 1], '0.7 (1)'],
  ['quarters', [0, 0.25, 0.5, 0.75, 1], '0.25 (1)'],
  ['places of errors', [-1, 3], '-1 (1), 3 (1)'],
  ['percent', [100, 85, 0], '100 (1), 85 (1), 0 (1)'],
  ['words that nobody knows', ['good', 'correct'], 'good (1), correct (1)'],
  ['words and numbers', ['correct', 0], 'correct (1), 0 (1)'],
  ['marks of different wholes', ['6/7', '6/10'], '6/7 (1), 6/10 (1)'],
])('%s are in doubt, and refused with what was seen', (_, grades, seen) => {
  expect(() => read(grades)).toThrow(seen);
  expect(() => read(grades)).toThrow('--grades "0-1=0,2-5=0.5,6-7=1"');
});

test('a scale that a person gives says what each grade means, and of others nothing', () => {
  const marks = scaleFrom('0-1=0, 2-5=0.5 ,6-7=1');
  expect(read([0, 1, 1.5, 2, '5', 6, 7, 8, 'good'], marks)).toEqual([
    0,
    0,
    undefined,
    0.5,
    0.5,
    1,
    1,
    undefined,
    undefined,
  ]);
  expect(read([-1, 0, 12], scaleFrom('-1=1,0-99=0'))).toEqual([1, 0, 0]);
  expect(read(['Good', 'so so', 'bad'], scaleFrom('good=1,so so=.5,BAD=0'))).toEqual([1, 0.5, 0]);
  expect(read([true, false], scaleFrom('true=1,false=0'))).toEqual([1, 0]);
});

test.each(['7→1, 1-6→0.5, 0→0', '7->1,1–6->0.5,0->0', '7 => 1, 1 to 6 => .5, 0 = 0'])(
  'a scale may be written with arrows: %s',
  (text) => {
    expect(read([0, 1, 6, 7], scaleFrom(text))).toEqual([0, 0.5, 0.5, 1]);
  },
);

test('a scale is binary where no grade of it becomes 0.5', () => {
  const binary = ['pass→1, fail→0', '0-6=0,7=1'].map(scaleFrom);
  expect([...binary, scaleOf(counted(0, 1)), scaleOf(counted(true, false))].map(({ isBinary }) => isBinary)).toEqual(
    Array.from({ length: 4 }, () => true),
  );
  const three = [
    scaleFrom('0=0,1-6=0.5,7=1'),
    scaleOf(counted(0, 7)),
    scaleOf(counted(0, 0.5)),
    scaleOf(counted('7/7')),
  ];
  expect(three.map(({ isBinary }) => isBinary)).toEqual(Array.from({ length: 4 }, () => false));
});

test.each([
  ['0-7', 'expected grades and their scores, such as "0-1=0,2-5=0.5,6-7=1"'],
  ['7=2', 'got "7=2"'],
  ['7=', 'got "7="'],
  ['', 'got ""'],
  ['=1', 'got "=1"'],
  ['5-2=1', 'expected a range from its lower end on, got "5-2=1"'],
  ['0-3=0,3-7=1', 'expected one score of each grade, got 3 as 0 and as 1'],
  ['0-7=0,5=1', 'got 5 as 0 and as 1'],
  ['good=1,good=0', 'got good as 1 and as 0'],
])('a scale %j is refused by its part', (text, message) => {
  expect(() => scaleFrom(text)).toThrow(message);
});
