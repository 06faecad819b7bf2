import * as fc from 'fast-check';
import { difference, meanOfRuns } from '../../../shared/statistics/differences.ts';
import { ratio } from '../../../shared/statistics/measures.ts';
import { randomFrom } from '../../../shared/seeds.ts';

const answers = (hits: readonly number[]) => hits.map((hit, index) => ({ hits: hit, of: 1, cluster: `p${index}` }));
const repeated = (hits: readonly number[], times: number) => Array.from({ length: times }, () => hits).flat();

test("without pairing the interval is Newcombe's for two proportions", () => {
  // 56 of 70 against 48 of 80 (Newcombe 1998, example a): 0.2, 0.0524 to 0.3339.
  const of = (hits: number, n: number) => answers(Array.from({ length: n }, (_, index) => (index < hits ? 1 : 0)));
  const found = difference(of(48, 80), of(56, 70), false);
  expect(found?.value).toBeCloseTo(0.2, 6);
  expect(found?.low).toBeCloseTo(0.0524, 4);
  expect(found?.high).toBeCloseTo(0.3339, 4);
});

test('problems that are hard for both narrow the interval', () => {
  const [before, after] = [
    answers(repeated([0, 0, 1, 1, 1, 0, 1, 0, 1, 1], 10)),
    answers(repeated([0, 1, 1, 1, 1, 0, 1, 0, 1, 1], 10)),
  ];
  const [paired, unpaired] = [difference(before, after), difference(before, after, false)];
  expect(paired?.value).toBeCloseTo(0.1, 6);
  expect(paired?.shared).toBe(100);
  expect((paired?.high ?? 1) - (paired?.low ?? 0)).toBeLessThan(0.75 * ((unpaired?.high ?? 0) - (unpaired?.low ?? 0)));
});

test('one problem of twelve that differs proves nothing', () => {
  const before = [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0];
  const found = difference(answers(before), answers([0, ...before.slice(1)]));
  expect(found?.value).toBeCloseTo(-1 / 12, 6);
  expect(found?.high).toBeGreaterThan(0);
});

test('two perfect figures differ by nothing, and not for certain', () => {
  const found = difference(answers([1, 1, 1, 1]), answers([1, 1, 1, 1]));
  expect(found?.value).toBe(0);
  expect(found?.low).toBeLessThan(-0.3);
  expect(found?.high).toBeGreaterThan(0.3);
});

test('nothing on one side is no difference', () => {
  expect(difference([], answers([1]))).toBeNull();
});

const observation = fc.record({
  hits: fc.constantFrom(0, 0.5, 1),
  of: fc.constant(1),
  cluster: fc.constantFrom('a', 'b', 'c', 'd'),
});
const observations = fc.array(observation, { minLength: 1 });

test('an interval holds its difference, within −1 and 1, and turns round with its sides', () => {
  fc.assert(
    fc.property(observations, observations, (a, b) => {
      const [there, back] = [difference(a, b), difference(b, a)];
      if (there === null || back === null) return false;
      const holds = there.low >= -1 && there.low <= there.value && there.value <= there.high && there.high <= 1;
      const turns = Math.abs(there.low + back.high) < 1e-9 && Math.abs(there.high + back.low) < 1e-9;
      return holds && turns && there.value === (ratio(b)?.value ?? 0) - (ratio(a)?.value ?? 0);
    }),
  );
});

test('about 95 of 100 intervals hold the true difference, with several answers to each problem', () => {
  const random = randomFrom(7);
  let held = 0;
  const trials = 600;
  for (let trial = 0; trial < trials; trial += 1) {
    const [a, b]: [{ hits: number; of: number; cluster: string }[], { hits: number; of: number; cluster: string }[]] = [
      [],
      [],
    ];
    for (let problem = 0; problem < 60; problem += 1) {
      const easy = random(); // the problem's own: shared by both sides, and by all answers to it
      for (let answer = 0; answer < 3; answer += 1) {
        a.push({ hits: random() < 0.8 * easy ? 1 : 0, of: 1, cluster: `p${problem}` });
        b.push({ hits: random() < easy ? 1 : 0, of: 1, cluster: `p${problem}` });
      }
    }
    const found = difference(a, b);
    if (found && found.low <= 0.1 && 0.1 <= found.high) held += 1;
  }
  expect(held / trials).toBeGreaterThan(0.925);
  expect(held / trials).toBeLessThan(0.975);
});

test.each([
  [[0.1, 0.2, 0.3], 0.2, 0.2484],
  [[1, 1], 1, 0],
  [Array.from({ length: 31 }, (_, index) => index % 2), 15 / 31, 0.1864],
])('the mean of the runs %j is %d ± %d', (values, mean, half) => {
  const found = meanOfRuns(values);
  expect(found?.value).toBeCloseTo(mean, 6);
  expect(((found?.high ?? 0) - (found?.low ?? 0)) / 2).toBeCloseTo(half, 3);
});

test('one run says nothing of another', () => {
  expect(meanOfRuns([0.9])).toBeNull();
});
