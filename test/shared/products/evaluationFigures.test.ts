import * as fc from 'fast-check';
import { VERIFIER_FIGURES, type JudgedProof } from '../../../shared/products/evaluation.ts';
import { verifierDifferences, verifierEstimates, verifierFigures } from '../../../shared/products/evaluationFigures.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';

const THREE = { isBinary: false };
type Said = readonly (Score | undefined)[];
const proof = (problem: string, truth: Score, verdicts: Said): JudgedProof => ({
  id: `${problem}-${truth}-${verdicts.join()}`,
  problem,
  topic: 'algebra',
  truth,
  verdicts,
});
const valuesOf = (proofs: readonly JudgedProof[], scale: Parameters<typeof verifierEstimates>[1] = THREE) => {
  const estimates = verifierEstimates(proofs, scale);
  return Object.fromEntries(Object.entries(estimates).map(([name, estimate]) => [name, estimate?.value ?? null]));
};

/** Two problems, four proofs, three verdicts on each, one of them lost. */
const FOUR = [
  proof('p', 1, [1, 1, 0]),
  proof('p', 0, [0, 0, 0]),
  proof('q', 0.5, [0.5, 1, 0]),
  proof('q', 1, [1, undefined, 1]),
];

test('the figures of four proofs are those that a pencil gives', () => {
  const found = valuesOf(FOUR);
  expect(found['accuracy']).toBeCloseTo(8 / 12);
  expect(found['accuracyOfRead']).toBeCloseTo(8 / 11);
  expect(found['majorityAccuracy']).toBeCloseTo(3 / 4);
  expect(found['closeness']).toBeCloseTo((1 + 1 + 0 + 3 + 1 + 0.5 + 0.5 + 1 + 0 + 1) / 12);
  expect(found['closenessOfRead']).toBeCloseTo(9 / 11);
  // Classes: 1 has 4 hits, 1 false alarm, 2 misses; 0 has 3, 2, 0; 0.5 has 1, 0, 2.
  expect(found['f1']).toBeCloseTo((8 / 11 + 6 / 8 + 2 / 4) / 3);
  expect(found['majorityF1']).toBeCloseTo((1 + 1 + 0) / 3);
  expect(found['undecided']).toBeCloseTo(1 / 4);
  expect(found['lost']).toBeCloseTo(1 / 12);
  // Means 2/3, 0, 1/2 and 1 stand for 1, 0, 1/2 and 1.
  expect(found['calibrationError']).toBeCloseTo(1 / 3 / 4);
});

test('a confusion has a lost verdict in a column of its own, and majorities have what is undecided there', () => {
  const { confusion, majorityConfusion, f1ByClass, reliability } = verifierFigures(FOUR, THREE, 3);
  expect(confusion).toEqual({
    '0': { '0': 3, '0.5': 0, '1': 0, malformed: 0 },
    '0.5': { '0': 1, '0.5': 1, '1': 1, malformed: 0 },
    '1': { '0': 1, '0.5': 0, '1': 4, malformed: 1 },
  });
  expect(majorityConfusion['0.5']).toEqual({ '0': 0, '0.5': 0, '1': 0, malformed: 1 });
  expect(f1ByClass['0.5']?.value).toBeCloseTo(1 / 2);
  expect(reliability.map(({ from, proofs, truth }) => [from, proofs, truth?.value])).toEqual([
    [0, 1, 0],
    [0.5, 1, 0.5],
    [0.6, 1, 1],
    [0.9, 1, 1],
  ]);
});

describe('where the truth is right or wrong alone', () => {
  const proofs = [proof('p', 0, [0.5, 0.5, 1]), proof('q', 1, [1, 1, 0.5])];

  test('a verdict of 0.5 counts as 0: a proof passes with a 1', () => {
    const found = valuesOf(proofs, { isBinary: true });
    expect(found).toMatchObject({ accuracy: 4 / 6, majorityAccuracy: 1, undecided: 0 });
    expect(found['closeness']).toBeCloseTo((0.5 + 0.5 + 0 + 1 + 1 + 0.5) / 6);
  });

  test('or as 1, where a person says so', () => {
    expect(valuesOf(proofs, { isBinary: true, half: 1 })).toMatchObject({ accuracy: 1 / 2, majorityAccuracy: 1 / 2 });
  });

  test('F1 is the mean over the two classes, and the confusion shows what was said', () => {
    const { f1ByClass, confusion } = verifierFigures(proofs, { isBinary: true }, 3);
    expect(f1ByClass['0.5']).toBeNull();
    expect(confusion['0']).toEqual({ '0': 0, '0.5': 2, '1': 1, malformed: 0 });
  });
});

test('classes that the truth does not have are no part of F1', () => {
  expect(valuesOf([proof('p', 1, [1, 1]), proof('q', 1, [1, 0])])['f1']).toBeCloseTo(6 / 7);
});

test('a verifier whose verdicts always agree has ρ = 1, and its n are worth one', () => {
  const agreeing = ['p', 'q', 'r'].map((problem, index) => proof(problem, 1, Array(8).fill(index === 0 ? 0 : 1)));
  const { figures, effective } = verifierFigures(agreeing, THREE, 8);
  expect(figures.consistency?.value).toBeCloseTo(1);
  expect(effective?.value).toBeCloseTo(1);
});

test('what cannot be measured is null: nothing read, one verdict, verdicts that are all the same', () => {
  const lost = valuesOf([proof('p', 1, [undefined, undefined])]);
  expect(lost).toMatchObject({ accuracy: 0, accuracyOfRead: null, calibrationError: null, consistency: null, lost: 1 });
  expect(valuesOf([proof('p', 1, [1]), proof('q', 0, [0])])['consistency']).toBeNull();
  expect(valuesOf([proof('p', 1, [1, 1]), proof('q', 0, [1, 1])])['consistency']).toBeNull();
  expect(Object.values(valuesOf([])).filter((value) => value !== null)).toEqual([]);
});

const judged = fc.record({
  problem: fc.constantFrom('p', 'q', 'r', 's'),
  topic: fc.constantFrom('algebra', 'geometry'),
  truth: fc.constantFrom(...SCORES),
  verdicts: fc.array(fc.constantFrom(...SCORES, undefined), { minLength: 4, maxLength: 4 }),
});
const set = fc.array(judged, { minLength: 1, maxLength: 12 });
const proofsOf = (rows: readonly Omit<JudgedProof, 'id'>[]) => rows.map((row, index) => ({ id: `${index}`, ...row }));

test('every figure of any set is a number within its interval, and the interval within what can be', () => {
  fc.assert(
    fc.property(set, fc.boolean(), (rows, isBinary) => {
      const proofs = proofsOf(rows);
      const { figures, effective, effectiveOfErrors, f1ByClass } = verifierFigures(proofs, { isBinary }, 4);
      for (const [name, figure] of Object.entries({ ...figures, ...f1ByClass })) {
        if (figure === null) continue;
        const least = ['consistency', 'errorCorrelation'].includes(name) ? -1 : 0;
        const order = [least, figure.low, figure.value, figure.high, 1];
        expect({ name, order: [...order].sort((a, b) => a - b) }).toEqual({ name, order });
      }
      for (const figure of [effective, effectiveOfErrors])
        if (figure !== null) {
          expect(figure.low).toBeGreaterThanOrEqual(1);
          expect(figure.high).toBeLessThanOrEqual(4);
        }
    }),
  );
});

test('the same verdicts twice differ by nothing in any figure, and turned round the difference is the same', () => {
  fc.assert(
    fc.property(set, set, (rows, others) => {
      const [one, same, other] = [rows, rows, others].map((of) => verifierEstimates(proofsOf(of), THREE)) as [
        ReturnType<typeof verifierEstimates>,
        ReturnType<typeof verifierEstimates>,
        ReturnType<typeof verifierEstimates>,
      ];
      for (const difference of Object.values(verifierDifferences(one, same)))
        if (difference !== null) {
          expect(difference.value).toBe(0);
          expect(difference.low).toBeLessThanOrEqual(0);
          expect(difference.high).toBeGreaterThanOrEqual(0);
        }
      const [there, back] = [verifierDifferences(one, other), verifierDifferences(other, one)];
      for (const name of Object.keys(VERIFIER_FIGURES) as (keyof typeof VERIFIER_FIGURES)[])
        expect(there[name] === null ? null : there[name].low).toEqual(
          back[name] === null ? null : closeTo(-back[name].high),
        );
    }),
  );
});

const closeTo = (number: number): unknown => expect.closeTo(number, 9);
