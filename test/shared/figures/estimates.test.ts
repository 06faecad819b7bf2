import * as fc from 'fast-check';
import { carefulRatio, jackknife, meanOfRatios, ratioEstimate } from '../../../shared/statistics/estimates.ts';
import { meanOfRuns } from '../../../shared/statistics/differences.ts';
import { ratio } from '../../../shared/statistics/measures.ts';
import { randomFrom } from '../../../shared/seeds.ts';

const observation = fc.record({
  hits: fc.constantFrom(0, 0.5, 1),
  of: fc.constant(1),
  cluster: fc.constantFrom('a', 'b', 'c', 'd'),
});

test('the mean of one ratio is the ratio, its interval too', () => {
  fc.assert(
    fc.property(fc.array(observation, { minLength: 1 }), (observations) => {
      const { contributions, ...mean } = meanOfRatios([observations], observations.length) ?? {
        contributions: new Map(),
      };
      const plain = carefulRatio(observations) ?? { value: 0, low: 0, high: 0 };
      expect(mean).toEqual({
        value: expect.closeTo(plain.value) as number,
        low: expect.closeTo(plain.low) as number,
        high: expect.closeTo(plain.high) as number,
        n: observations.length,
      });
      expect([...contributions.values()].reduce((sum: number, each: number) => sum + each, 0)).toBeCloseTo(0);
    }),
  );
});

test('two problems that are nearly alike do not close an interval', () => {
  const alike = [
    ...[1, 1, 1, 1, 1, 1, 1, 0].map((hits) => ({ hits, of: 1, cluster: 'p' })),
    ...[1, 1, 1, 1, 1, 1, 0, 0].map((hits) => ({ hits, of: 1, cluster: 'q' })),
  ];
  expect(ratio(alike)?.low).toBeGreaterThan(0.7);
  expect(carefulRatio(alike)?.low).toBeLessThan(0.5);
});

test('with one answer to each problem the interval is what it is', () => {
  const single = [1, 1, 1, 0, 1, 0, 1, 1].map((hits, index) => ({ hits, of: 1, cluster: `p${index}` }));
  expect(carefulRatio(single)?.low).toBeCloseTo(ratio(single)?.low ?? 0, 6);
  expect(carefulRatio(single)?.high).toBeCloseTo(ratio(single)?.high ?? 0, 6);
});

test.each([2, 3, 5, 10, 40])(
  'about 95 of 100 intervals hold the mean, however few problems there are: %i',
  (problems) => {
    const random = randomFrom(problems);
    const trials = 600;
    let held = 0;
    for (let trial = 0; trial < trials; trial += 1) {
      const observations = Array.from({ length: problems }, (_, problem) => problem).flatMap((problem) => {
        const easy = random();
        return Array.from({ length: 8 }, () => ({ hits: +(random() < easy), of: 1, cluster: `p${problem}` }));
      });
      const found = carefulRatio(observations);
      if (found !== null && found.low <= 0.5 && 0.5 <= found.high) held += 1;
    }
    expect(held / trials).toBeGreaterThan(0.91);
  },
);

/** A mean by its sums. */
const MEAN = [
  ({ value }: { readonly value: number }) => [value, 1],
  ([sum = 0, count = 0]: readonly number[]) => (count === 0 ? undefined : sum / count),
] as const;

test("of a plain mean, one value a problem, the jackknife is Student's interval", () => {
  const values = [0.1, 0.5, 0.4, 0.9, 0.3, 0.6];
  const items = values.map((value, index) => ({ problem: `p${index}`, value }));
  const found = jackknife(items, ...MEAN);
  const student = meanOfRuns(values);
  expect(found?.low).toBeCloseTo(student?.low ?? 0);
  expect(found?.high).toBeCloseTo(student?.high ?? 0);
});

test('with one problem the interval is all that can be, and where none moves the value it does not close', () => {
  expect(jackknife([{ problem: 'p', value: 0.4 }], ...MEAN)).toMatchObject({ value: 0.4, low: 0, high: 1 });
  const equal = jackknife(
    ['p', 'q', 'r'].map((problem) => ({ problem, value: 1 })),
    ...MEAN,
    { least: -1, most: 1 },
  );
  expect(equal?.low).toBeLessThan(0.5);
  expect(equal?.high).toBe(1);
  expect(jackknife([], ...MEAN)).toBeNull();
});

test('about 95 of 100 intervals of a mean of two ratios hold it, with several answers to each problem', () => {
  const random = randomFrom(3);
  const trials = 400;
  let held = 0;
  for (let trial = 0; trial < trials; trial += 1) {
    const ratios = [0.8, 0.4].map((most) =>
      Array.from({ length: 60 }, (_, problem) => problem).flatMap((problem) => {
        const easy = random();
        return Array.from({ length: 3 }, () => ({ hits: +(random() < most * easy), of: 1, cluster: `p${problem}` }));
      }),
    );
    const found = meanOfRatios(ratios, 360);
    if (found !== null && found.low <= 0.3 && 0.3 <= found.high) held += 1;
  }
  expect(held / trials).toBeGreaterThan(0.92);
  expect(held / trials).toBeLessThan(0.98);
});

test('nothing is no estimate', () => {
  expect(ratioEstimate([])).toBeNull();
  expect(meanOfRatios([[], []], 0)).toBeNull();
});
