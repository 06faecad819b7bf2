import fc from 'fast-check';
import { randomFrom, shuffled } from '../../../shared/seeds.ts';
import { agreementOf, type Agreement } from '../../../shared/statistics/closeness.ts';
import { alphaOf, coincidencesOf, SCALES } from '../../../shared/statistics/krippendorff.ts';

/** Krippendorff's example of four coders and twelve units, with votes that are missing. */
const CODERS = [
  [1, 2, 3, 3, 2, 1, 4, 1, 2, null, null, null],
  [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, null, 3],
  [null, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, null],
  [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, null],
];
const UNITS = Array.from({ length: 12 }, (_, unit) => CODERS.flatMap((votes) => votes[unit] ?? []));

const alphas = (subjects: readonly (readonly number[])[]) =>
  SCALES.map((scale) => alphaOf(coincidencesOf(subjects), scale));

const scores = fc.constantFrom(0, 0.5, 1);
const questionsOf = (options: { readonly min?: number } = {}) =>
  fc.array(fc.array(scores, { maxLength: 4 }), { minLength: options.min ?? 0, maxLength: 20 });

const valueOf = (figure: Agreement): number | string => (figure.kind === 'measured' ? figure.value : figure.kind);

describe("Krippendorff's α", () => {
  test.each([
    ['nominal', 0.743],
    ['ordinal', 0.815],
    ['interval', 0.849],
  ] as const)("of Krippendorff's four coders is, %s, %d", (scale, value) => {
    expect(alphaOf(coincidencesOf(UNITS), scale)).toBeCloseTo(value, 3);
  });

  test('reads the coincidences that the textbook counts, 40 votes that have a partner', () => {
    const { values, pairs, totals } = coincidencesOf(UNITS);
    expect(values).toEqual([1, 2, 3, 4, 5]);
    expect(totals.map((total) => Math.round(total * 1e6) / 1e6)).toEqual([9, 13, 10, 5, 3]);
    expect(pairs[0]?.[0]).toBeCloseTo(7);
    expect(pairs[0]?.[1]).toBeCloseTo(4 / 3);
    expect(pairs[4]).toEqual([0, 0, 0, 0, 3]);
  });

  test('of two judges and two values is worked out by hand', () => {
    // (0,0) (0,1) (1,1) (1,1): D_o = 2/8, D_e = 30/56, so α = 1 − 7/15 on each scale.
    for (const alpha of alphas([
      [0, 0],
      [0, 1],
      [1, 1],
      [1, 1],
    ]))
      expect(alpha).toBeCloseTo(8 / 15);
  });

  test('is undefined where all are equal, and where no question has two votes', () => {
    expect(
      alphas([
        [1, 1],
        [1, 1],
      ]),
    ).toEqual([undefined, undefined, undefined]);
    expect(alphas([[1], [0], []])).toEqual([undefined, undefined, undefined]);
  });

  test('is about 0 by chance', () => {
    const random = randomFrom(3);
    const vote = () => Math.floor(random() * 3) / 2;
    for (const alpha of alphas(Array.from({ length: 5_000 }, () => [vote(), vote()]))) expect(alpha).toBeCloseTo(0, 1);
  });

  test('is never above 1, and 1 exactly where nobody differs', () => {
    fc.assert(
      fc.property(questionsOf(), (questions) => {
        for (const alpha of alphas(questions)) if (alpha !== undefined) expect(alpha).toBeLessThanOrEqual(1);
        const unanimous = alphas(questions.map((votes) => votes.map(() => votes[0] as number)));
        for (const alpha of unanimous) expect([1, undefined]).toContain(alpha);
      }),
    );
  });
});

describe('how far people agree', () => {
  test('does not depend on who is called first, on the order of questions, or on votes without a partner', () => {
    fc.assert(
      fc.property(questionsOf({ min: 1 }), fc.nat(), scores, (questions, seed, alone) => {
        const mixed = shuffled(
          questions.map((votes, index) => shuffled(votes, seed + index)),
          seed,
        );
        expect(agreementOf([...mixed, [alone], []])).toEqual(agreementOf(questions));
      }),
      { numRuns: 25 },
    );
  });

  test('lies within its interval, and within what can be', () => {
    fc.assert(
      fc.property(questionsOf(), (questions) => {
        const { alpha, closeness, same } = agreementOf(questions);
        for (const figure of [...Object.values(alpha), closeness, same]) {
          if (figure.kind !== 'measured') continue;
          expect(figure.low).toBeLessThanOrEqual(figure.value);
          expect(figure.high).toBeGreaterThanOrEqual(figure.value);
          expect(figure.high).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('counts questions with two verdicts, and pairs of verdicts', () => {
    const figures = agreementOf([[0, 1], [1, 1, 0.5], [0], []]);
    expect(figures).toMatchObject({ questions: 2, pairs: 4 });
    expect(valueOf(figures.closeness)).toBeCloseTo(1 - (1 + 0 + 0.5 + 0.5) / 4);
    expect(valueOf(figures.same)).toBe(0.25);
  });

  test('says that there was no variation, which is no number', () => {
    const { alpha, closeness } = agreementOf([
      [1, 1],
      [1, 1],
    ]);
    expect(alpha.ordinal).toEqual({ kind: 'noVariation' });
    expect(closeness).toMatchObject({ kind: 'measured', value: 1, n: 2 });
    expect(agreementOf([[1], []]).closeness).toEqual({ kind: 'noPairs' });
  });

  test('is doubted though nobody differed: less the more questions there are', () => {
    const lowOf = (count: number) => {
      const { closeness } = agreementOf(Array.from({ length: count }, (_, index) => [index % 2, index % 2]));
      return closeness.kind === 'measured' ? closeness.low : closeness.kind;
    };
    expect(lowOf(4)).toBeCloseTo(0.51, 2);
    expect(lowOf(100)).toBeCloseTo(0.963, 3);
  });

  test('has an interval that holds the truth of most samples', () => {
    const random = randomFrom(11);
    const [truth, errs] = [() => (random() < 0.5 ? 1 : 0), 0.1];
    const vote = (score: number) => (random() < errs ? 1 - score : score);
    // Two who err once in ten agree in 0.82 of the questions; α = 1 − 0.18 / 0.5.
    const held = Array.from({ length: 60 }, () => {
      const { alpha, same } = agreementOf(
        Array.from({ length: 80 }, () => {
          const score = truth();
          return [vote(score), vote(score)];
        }),
      );
      const holds = (figure: Agreement, value: number) =>
        figure.kind === 'measured' && figure.low <= value && value <= figure.high;
      return [holds(alpha.ordinal, 0.64), holds(same, 0.82)] as const;
    });
    for (const which of [0, 1] as const)
      expect(held.filter((each) => each[which]).length / held.length).toBeGreaterThan(0.88);
  }, 60_000);
});
