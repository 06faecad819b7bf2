import * as fc from 'fast-check';
import { countVerdicts } from '../../../shared/products/pool.ts';
import {
  chosenAmong,
  endOfRefinement,
  heldAfter,
  worthOf,
  type JudgedProof,
  type RefinedProblem,
  type ThreadStep,
} from '../../../shared/products/refinement.ts';
import {
  bestOf,
  curvesOf,
  refinementFigures,
  shownK,
  type Candidate,
} from '../../../shared/products/refinementFigures.ts';
import type { SearchEnd } from '../../../shared/products/search.ts';
import type { MaybeScore } from '../../../shared/label/autoLabel.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';

const NONE_SPENT = { calls: 0, usage: { promptTokens: 0, completionTokens: 0 }, cost: null };
/** A thread by its iterations: `0.5 wrong` is a self-score and the name of a proof, null an answer not read. */
type Written = readonly [selfScore: Score, proof: string] | null;
const stepsOf = (...written: readonly Written[]): ThreadStep[] =>
  written.map((one, index) => ({
    iteration: index + 1,
    outcome: one ? 'answered' : 'unparseable',
    proof: one?.[1] ?? null,
    selfScore: one?.[0] ?? null,
  }));

/** A problem with verdicts of each proof by name. */
function refined(
  id: string,
  threads: readonly (readonly ThreadStep[])[],
  verdicts: Readonly<Record<string, readonly MaybeScore[]>>,
  more: { readonly end?: SearchEnd; readonly people?: Readonly<Record<string, Score>> } = {},
): RefinedProblem {
  const names = [...new Set(threads.flatMap((steps) => steps.flatMap(({ proof }) => proof ?? [])))];
  return {
    problem: { id, statement: `Show ${id}.`, topic: 'algebra', source: 'made up' },
    end: more.end ?? 'exhausted',
    best: null,
    threads: threads.map((steps) => ({ steps })),
    proofs: names.map((name): JudgedProof => {
      const people = more.people?.[name];
      return {
        id: name,
        proof: name,
        verdicts: countVerdicts(verdicts[name] ?? []),
        ...(people !== undefined && { people }),
      };
    }),
    iterations: [],
    spent: NONE_SPENT,
  };
}

const figures = (iterations: number, threads: number, ...problems: readonly RefinedProblem[]) =>
  refinementFigures(
    problems.map((problem) => curvesOf(problem, iterations)),
    { threads, iterations },
  );

describe('what a thread holds', () => {
  const steps = stepsOf(null, [0, 'a'], null, [0.5, 'b'], [0, 'c']);
  test.each([
    [1, undefined],
    [2, 'a'],
    [3, 'a'],
    [4, 'b'],
    [5, 'c'],
    [8, 'c'],
  ])('after iteration %d is its last proof that could be read: %s', (iteration, proof) => {
    expect(heldAfter(steps, iteration)?.proof).toBe(proof);
  });
});

test.each<[string, Readonly<Record<'0' | '0.5' | '1' | 'none', number>>, number, SearchEnd]>([
  ['a thread that gave itself 1', { '0': 2, '0.5': 1, '1': 1, none: 0 }, 0, 'claimed'],
  ['iterations used up', { '0': 2, '0.5': 0, '1': 0, none: 2 }, 2, 'exhausted'],
  ['not one proof that can be read', { '0': 0, '0.5': 0, '1': 0, none: 4 }, 3, 'noProof'],
  ['a server that refuses every call', { '0': 0, '0.5': 0, '1': 0, none: 4 }, 4, 'failed'],
])('a refinement ends by %s', (_, held, failed, end) => {
  const answers = { answered: 4 - failed, unparseable: 0, truncated: 0, failed };
  expect(endOfRefinement([{ answers, held }])).toBe(end);
});

test('of what the threads hold the best by self-score is chosen, then by the verifier, then the first', () => {
  const of = (selfScore: Score, mean: number | null, name: string) => ({ selfScore, mean, name });
  expect(chosenAmong([of(0.5, 1, 'a'), of(1, 0, 'b'), of(0, 1, 'c')])?.name).toBe('b');
  expect(chosenAmong([of(1, 0.2, 'a'), of(1, 0.7, 'b'), of(1, 0.7, 'c')])?.name).toBe('b');
  expect(chosenAmong([of(1, null, 'a'), of(1, null, 'b')])?.name).toBe('a');
  expect(chosenAmong([])).toBeUndefined();
});

describe('what the verifier thinks of a proof', () => {
  test.each<[string, readonly MaybeScore[], number | 'lost' | undefined]>([
    ['its majority', [1, 1, 0], 1],
    ['the mean without one', [1, 1, 0, 0], 0.5],
    ['lost where most verdicts are', [1, undefined, undefined, undefined], 'lost'],
    ['nothing where it was not asked', [], undefined],
  ])('is %s', (_, scores, worth) => {
    expect(worthOf('verifier', { id: 'a', proof: 'a', verdicts: countVerdicts(scores) })).toBe(worth);
  });
});

describe('best@k by self-score', () => {
  const of = (selfScore: number | null, worth: number): Candidate => ({ selfScore, worth });
  test.each([
    ['one of three is the best, and right', [of(1, 1), of(0, 0), of(null, 0)], [1 / 3, 2 / 3, 1]],
    ['of two that are equal in its own eyes one is right', [of(1, 1), of(1, 0), of(0, 0.5)], [0.5, 0.5, 0.5]],
    ['the one that praises itself is wrong', [of(1, 0), of(0.5, 1), of(0.5, 1)], [2 / 3, 1 / 3, 0]],
    ['nobody has a proof', [of(null, 0), of(null, 0)], [0, 0]],
  ])('where %s', (_, threads, expected) => {
    threads.forEach((_one, index) => expect(bestOf(threads, index + 1)).toBeCloseTo(expected[index] ?? Number.NaN, 12));
  });

  const candidates = fc.array(
    fc.record({
      selfScore: fc.constantFrom<number | null>(null, 0, 0.5, 1),
      worth: fc.constantFrom<number>(...SCORES, 0.25),
    }),
    { minLength: 1, maxLength: 7 },
  );
  const drawn = candidates.chain((threads) =>
    fc.tuple(fc.constant(threads), fc.integer({ min: 1, max: threads.length })),
  );

  test('is the mean over all subsets of k, in each of which the best by self-score count by their mean', () => {
    fc.assert(
      fc.property(drawn, ([threads, k]) => {
        const subsets = subsetsOf(threads, k).map((subset) => {
          const top = Math.max(...subset.map(({ selfScore }) => selfScore ?? -1));
          return mean(subset.filter(({ selfScore }) => (selfScore ?? -1) === top).map(({ worth }) => worth));
        });
        expect(bestOf(threads, k)).toBeCloseTo(mean(subsets), 9);
      }),
    );
  });

  test('of 1 is the mean of all, and of all is the mean of those with the best self-score', () => {
    fc.assert(
      fc.property(candidates, (threads) => {
        expect(bestOf(threads, 1)).toBeCloseTo(mean(threads.map(({ worth }) => worth)), 9);
        const top = Math.max(...threads.map(({ selfScore }) => selfScore ?? -1));
        const best = threads.filter(({ selfScore }) => (selfScore ?? -1) === top);
        expect(bestOf(threads, threads.length)).toBeCloseTo(mean(best.map(({ worth }) => worth)), 9);
      }),
    );
  });

  test('never falls with k where self-scores are right, whatever they are otherwise', () => {
    fc.assert(
      fc.property(drawn, ([threads, k]) => {
        const honest = threads.map(({ selfScore }) => of(selfScore, selfScore ?? 0));
        expect(bestOf(honest, k)).toBeGreaterThanOrEqual(bestOf(honest, Math.max(1, k - 1)) - 1e-12);
        const worths = threads.map(({ worth }) => worth);
        expect(bestOf(threads, k)).toBeGreaterThanOrEqual(Math.min(...worths) - 1e-12);
        expect(bestOf(threads, k)).toBeLessThanOrEqual(Math.max(...worths) + 1e-12);
      }),
    );
  });

  test('is shown for powers of 2 and for all threads', () => {
    expect([1, 2, 6, 8, 32].map(shownK)).toEqual([[1], [1, 2], [1, 2, 4, 6], [1, 2, 4, 8], [1, 2, 4, 8, 16, 32]]);
  });
});

describe('the curves', () => {
  const right: readonly Score[] = [1, 1, 1];
  const wrong: readonly Score[] = [0, 0, 0];
  const minor: readonly Score[] = [0.5, 0.5, 0.5];

  test('follow what threads hold: one that has ended keeps its proof, one without a proof is worth 0', () => {
    const one = refined(
      'p1',
      [stepsOf([1, 'good']), stepsOf([0, 'bad'], [0.5, 'better'], [1, 'good']), stepsOf(null, null, [0, 'bad'])],
      { good: right, better: minor, bad: wrong },
    );
    const [curves] = figures(3, 3, one).judges;
    expect(curves?.judge).toBe('verifier');
    expect(curves?.points.map(({ pass }) => pass?.value)).toEqual([1 / 3, 0.5, 2 / 3]);
    expect(curves?.points.map(({ best }) => best.at(-1))).toMatchObject([
      { k: 3, figure: { value: 1 } },
      { k: 3, figure: { value: 1 } },
      { k: 3, figure: { value: 1 } },
    ]);
    expect(figures(3, 3, one).claimed.map((claimed) => claimed?.value)).toEqual([1 / 3, 1 / 3, 2 / 3]);
  });

  test('have intervals by problem: threads of one problem are no independent observations', () => {
    const all = (id: string, proof: string, verdicts: readonly Score[]) =>
      refined(
        id,
        Array.from({ length: 8 }, () => stepsOf([1, proof])),
        { [proof]: verdicts },
      );
    const [curves] = figures(1, 8, all('p1', 'good', right), all('p2', 'bad', wrong)).judges;
    expect(curves?.points[0]?.pass).toMatchObject({ value: 0.5, n: 16 });
    // Two problems of which one is right: as of two throws of a coin.
    expect(curves?.points[0]?.pass?.low).toBeLessThan(0.1);
    expect(curves?.points[0]?.pass?.high).toBeGreaterThan(0.9);
  });

  test('leave out what caps have ended, and count what has no proof at all as 0', () => {
    const good = refined('p1', [stepsOf([1, 'good'])], { good: right }, { end: 'claimed' });
    const none = refined('p2', [stepsOf(null, null)], {}, { end: 'noProof' });
    const capped = refined('p3', [stepsOf([0, 'bad'])], { bad: wrong }, { end: 'capped' });
    const told = figures(2, 1, good, none, capped);
    expect(told).toMatchObject({ problems: 2, capped: 1 });
    expect(told.judges[0]?.points.at(-1)).toMatchObject({ problems: 2, pass: { value: 0.5 } });
  });

  test('count a proof whose verdicts are lost as 0, and say what it would be at 1', () => {
    const lost = [undefined, undefined, 1] as const;
    const [curves] = figures(1, 2, refined('p1', [stepsOf([1, 'a']), stepsOf([0, 'b'])], { a: lost, b: right })).judges;
    expect(curves).toMatchObject({
      lost: 1,
      proofs: 2,
      points: [{ pass: { value: 0.5 } }],
      atMost: [{ pass: { value: 1 } }],
    });
    expect(figures(1, 1, refined('p1', [stepsOf([1, 'a'])], { a: right })).judges[0]).not.toHaveProperty('atMost');
  });

  test('are by each judge apart; people’s of an iteration are over problems of which they graded all that is held', () => {
    const threads = [stepsOf([0, 'a'], [1, 'c']), stepsOf([0, 'b'], [1, 'd'])];
    const verdicts = { a: wrong, b: wrong, c: right, d: right };
    const told = figures(
      2,
      2,
      refined('p1', threads, verdicts, { people: { c: 1, d: 0 } }),
      refined('p2', threads, verdicts, { people: { c: 1 } }),
    );
    expect(told.judges.map(({ judge }) => judge)).toEqual(['people', 'verifier']);
    const [people, verifier] = told.judges;
    expect(people?.points).toMatchObject([
      { problems: 0, pass: null },
      { problems: 1, pass: { value: 0.5 } },
    ]);
    expect(verifier?.points).toMatchObject([{ problems: 2, pass: { value: 0 } }, { pass: { value: 1 } }]);
    expect(people?.falseClaims).toMatchObject({ value: 1 / 3, n: 3 });
  });

  const thread = fc
    .array(fc.option(fc.tuple(fc.constantFrom(...SCORES), fc.constantFrom('a', 'b', 'c'))), {
      minLength: 1,
      maxLength: 4,
    })
    .map((written) => {
      const ends = written.findIndex((one) => one?.[0] === 1);
      return stepsOf(...(ends < 0 ? written : written.slice(0, ends + 1)));
    });

  test('have ever more threads that gave themselves 1, and best@1 is pass@1 after every iteration', () => {
    fc.assert(
      fc.property(fc.array(thread, { minLength: 1, maxLength: 5 }), (threads) => {
        const told = figures(5, threads.length, refined('p', threads, { a: right, b: minor, c: wrong }));
        const claimed = told.claimed.map((figure) => figure?.value ?? 0);
        expect(claimed).toEqual([...claimed].sort((a, b) => a - b));
        for (const { pass, best } of told.judges[0]?.points ?? [])
          expect(best[0]?.figure?.value).toBeCloseTo(pass?.value ?? Number.NaN, 9);
        // After the last answer nothing changes.
        expect(told.judges[0]?.points[4]?.pass).toEqual(told.judges[0]?.points[3]?.pass);
      }),
    );
  });
});

function subsetsOf<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, index) => subsetsOf(items.slice(index + 1), size - 1).map((rest) => [item, ...rest]));
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
