import * as fc from 'fast-check';
import { coveredLength, difficultyBands, ratio, share } from '../../../shared/statistics/measures.ts';
import { wilsonAt } from '../../../shared/statistics/wilson.ts';

const alone = (hits: number, index: number) => ({ hits, of: 1, cluster: `p${index}` });

test("of independent yes-or-no observations the interval is Wilson's", () => {
  const figure = ratio(Array.from({ length: 50 }, (_, index) => alone(index < 45 ? 1 : 0, index)));
  // 45 of 50: Wilson's 95 % interval is 0.7864 to 0.9565.
  expect(figure).toMatchObject({ value: 0.9, n: 50 });
  expect(figure?.low).toBeCloseTo(0.7864, 3);
  expect(figure?.high).toBeCloseTo(0.9565, 3);
});

test('saying the same of a problem eight times is one observation, not eight', () => {
  const once = Array.from({ length: 30 }, (_, index) => alone(index % 3 === 0 ? 1 : 0, index));
  const eightTimes = once.flatMap((observation) => Array.from({ length: 8 }, () => observation));
  const [single, many] = [ratio(once), ratio(eightTimes)];
  expect(many?.low).toBeCloseTo(single?.low ?? 0, 6);
  expect(many?.high).toBeCloseTo(single?.high ?? 0, 6);
  expect(many?.n).toBe(240);
});

test('a recall weighs a proof with many flaws more than one with few', () => {
  expect(
    ratio([
      { hits: 3, of: 4, cluster: 'a' },
      { hits: 0, of: 1, cluster: 'b' },
    ]),
  ).toMatchObject({ value: 0.6, n: 5 });
});

test('perfection on few problems leaves a wide interval', () => {
  const figure = share(
    [1, 2, 3, 4].map((problem) => ({ problem: String(problem) })),
    () => true,
  );
  expect(figure?.value).toBe(1);
  expect(figure?.low).toBeCloseTo(wilsonAt(1, 4).low, 12);
  expect(figure?.low).toBeLessThan(0.6);
});

test('nothing to measure is no figure', () => {
  expect(ratio([])).toBeNull();
  expect(ratio([{ hits: 0, of: 0, cluster: 'a' }])).toBeNull();
});

test('an interval holds its value, within 0 and 1, whatever the observations', () => {
  const observation = fc.record({
    hits: fc.constantFrom(0, 0.5, 1),
    of: fc.constant(1),
    cluster: fc.constantFrom('a', 'b', 'c', 'd'),
  });
  fc.assert(
    fc.property(fc.array(observation, { minLength: 1 }), (observations) => {
      const { value, low, high } = ratio(observations) ?? { value: -1, low: -1, high: -1 };
      return low >= 0 && low <= value && value <= high && high <= 1;
    }),
  );
});

test('grades fall into three bands of adjacent grades, the surplus in the last', () => {
  const names = (...grades: number[]) =>
    difficultyBands(grades.map((difficulty) => ({ difficulty }))).map(({ name }) => name);
  expect(names(2, 3, 4, 5, 6, 7, 8, 2, 8)).toEqual(['2–3', '4–5', '6–8']);
  expect(names(5, 5)).toEqual(['5']);
  expect(difficultyBands([])).toEqual([]);
});

test('what ran side by side is counted once', () => {
  expect(
    coveredLength([
      { start: 0, end: 10 },
      { start: 5, end: 12 },
      { start: 6, end: 7 },
      { start: 20, end: 21 },
    ]),
  ).toBe(13);
});
