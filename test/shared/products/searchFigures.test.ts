import * as fc from 'fast-check';
import { countVerdicts } from '../../../shared/products/pool.ts';
import type { PoolSearch } from '../../../shared/products/search.ts';
import {
  gainOver,
  searchFigures,
  type PoolProof,
  type SearchedProblem,
} from '../../../shared/products/searchFigures.ts';

const search: PoolSearch = { kind: 'pool', proofs: 2, analyses: 4, refined: 2, shown: 1, rounds: 2 };

/** Its mean comes of its four verdicts, of which none is missing unless it has no mean. */
const proof = (round: number, mean: number | null, truth?: 0 | 0.5 | 1): PoolProof => ({
  id: `${round}-${mean}-${truth}`,
  round,
  mean,
  verdicts:
    mean === null
      ? countVerdicts([], 4)
      : countVerdicts(Array.from({ length: 4 }, (_, at) => +(at < 4 * mean) as 0 | 1)),
  ...(truth !== undefined && { truth }),
});
const problem = (name: string, ...rounds: PoolProof[][]): SearchedProblem => ({ problem: name, isFinal: true, rounds });
const values = (problems: readonly SearchedProblem[], of: keyof ReturnType<typeof searchFigures>['points'][number]) =>
  searchFigures(problems, search).points.map((point) => {
    const figure = point[of];
    return typeof figure === 'number' ? figure : (figure?.value ?? null);
  });

describe('success by round', () => {
  const found = problem('a', [proof(0, 0.5, 0), proof(0, 0.25, 1)], [proof(1, 1, 1)]);
  const never = problem('b', [proof(0, 0.5, 0.5)], [proof(1, 0.75, 0)], [proof(2, 0.75, 0.5)]);

  test('a search that has ended keeps what it has; the best is the best of the pool by mean score', () => {
    expect(values([found, never], 'searched')).toEqual([2, 2, 1]);
    expect(values([found, never], 'passed')).toEqual([0, 0.5, 0.5]);
    expect(values([found, never], 'bestMean')).toEqual([0.5, 0.875, 0.875]);
    expect(values([found, never], 'bestTruth')).toEqual([0.25, 0.5, 0.75]);
    expect(values([found, never], 'right')).toEqual([0, 0.5, 0.5]);
  });

  test('what choosing could find is told from what was chosen', () => {
    expect(values([found], 'found')).toEqual([1, 1, 1]);
    expect(values([found], 'right')).toEqual([0, 1, 1]);
  });

  test('a proof that passes and is wrong is a false pass, of the problems that passed alone', () => {
    expect(values([found, problem('c', [proof(0, 1, 0.5)])], 'falselyPassed')).toEqual([1, 0.5, 0.5]);
    expect(values([never], 'falselyPassed')).toEqual([null, null, null]);
  });

  test('a problem without a proof is worth 0, and one proof without search counts what could not be read', () => {
    const figures = searchFigures([found, problem('d', [])], search);
    expect(figures.points[0]?.bestTruth?.value).toBe(0);
    expect(figures.oneShot).toMatchObject({ value: 1 / 4, n: 4 });
  });

  test('what searching adds is the best proof less the mean of the first ones, problem by problem; paired of two models', () => {
    const { gain } = searchFigures([found, never], search);
    // a: 1 − 1/2, b: 1/2 − 1/4, since two proofs were asked for.
    expect(gain).toMatchObject({ value: (0.5 + 0.25) / 2, n: 2 });
    expect(gain?.low).toBeLessThan(gain?.value ?? 0);
    expect(gainOver([found, never], [never, found], search)?.value).toBe(0);
    const more = gainOver([found, problem('b', [proof(0, 1, 1)])], [found, never], search);
    expect(more?.value).toBe((0.5 - 0.25) / 2);
    expect(gainOver([found], [never], search)).toBeNull();
    expect(gainOver([problem('a', [proof(0, 1)])], [found], search)).toBeNull();
  });

  test('without a checker nothing is said of the truth', () => {
    const figures = searchFigures([problem('a', [proof(0, 1)])], search);
    expect(figures.oneShot).toBeNull();
    expect(figures.points[0]).toMatchObject({ bestTruth: null, right: null, found: null, falselyPassed: null });
    expect(figures.points[0]?.passed?.value).toBe(1);
  });

  test('a problem whose search ended early is in no figure', () => {
    const figures = searchFigures([found, { ...never, isFinal: false }], search);
    expect([figures.problems, figures.unfinished, figures.points[2]?.passed?.value]).toEqual([1, 1, 1]);
  });

  test('with more rounds the verifier is never less content, and no less could be found', () => {
    const proofs = (round: number) =>
      fc.array(
        fc
          .tuple(fc.constantFrom(null, 0, 0.25, 0.5, 0.75, 1), fc.constantFrom(0, 0.5, 1))
          .map(([mean, truth]) => proof(round, mean, truth)),
        { maxLength: 3 },
      );
    const problems = fc.array(
      fc.tuple(proofs(0), proofs(1), proofs(2)).map((rounds) => problem('p', ...rounds)),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(problems, (some) => {
        for (const name of ['passed', 'bestMean', 'found'] as const) {
          const [first, second, third] = values(some, name).map((value) => value ?? 0) as [number, number, number];
          expect(first).toBeLessThanOrEqual(second);
          expect(second).toBeLessThanOrEqual(third);
        }
      }),
    );
  });
});
