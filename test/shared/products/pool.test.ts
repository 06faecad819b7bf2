import fc from 'fast-check';
import {
  addVerdicts,
  bestOf,
  byMean,
  countVerdicts,
  endAfter,
  issuesFirst,
  meanScore,
  oneVerdictOnly,
  passes,
  searchFrom,
  shownMeans,
  type Ranked,
} from '../../../shared/products/pool.ts';
import { endOfFailure, isOfAll } from '../../../shared/products/ends.ts';
import { SEARCHES } from '../../../shared/products/search.ts';
import type { MaybeScore } from '../../../shared/label/autoLabel.ts';

const ranked = (id: string, scores: readonly MaybeScore[], { round = 0, spared = 0 } = {}): Ranked => {
  const verdicts = countVerdicts(scores, spared);
  return { id, round, mean: meanScore(verdicts), verdicts };
};
const ids = (pool: readonly Ranked[]): string[] => pool.map(({ id }) => id);

describe('a mean score', () => {
  test.each([
    [[1, 1, 0.5, 0], 0.625],
    [[1, undefined, 0], 0.5],
    [[undefined, undefined], null],
    [[], null],
  ] as const)('of %j is %j', (scores, mean) => {
    expect(meanScore(countVerdicts(scores))).toBe(mean);
  });
});

describe('a proof', () => {
  test.each([
    ['with n verdicts of 1', [1, 1, 1, 1], true],
    ['with one verdict of 0.5', [1, 1, 1, 0.5], false],
    ['with a missing verdict', [1, 1, 1, undefined], false],
    ['with one surviving verdict', [1, undefined, undefined, undefined], false],
  ] as const)('%s passes: %j', (_, scores, isPassed) => {
    expect(passes(countVerdicts(scores), { analyses: 4 })).toBe(isPassed);
  });

  test('that passed is the best, whatever others have a mean of 1', () => {
    const others = [ranked('a', [1, 1, 1, undefined], { round: 3 }), ranked('c', [1, 1, undefined, undefined])];
    expect(bestOf([...others, ranked('b', [1, 1, 1, 1])], 1)[0]?.id).toBe('b');
  });

  test('that was not analysed to the end comes after those that were', () => {
    expect(ids(bestOf([ranked('few', [1], { spared: 3 }), ranked('all', [0, 0, 0, 1])], 2))).toEqual(['all', 'few']);
  });

  test('without a usable verdict is not refined', () => {
    expect(bestOf([ranked('a', [undefined]), ranked('b', [])], 5)).toEqual([]);
  });
});

test('of equal means more verdicts come first, then the later round, then the id', () => {
  const pool = [
    ranked('d', [1, 0]),
    ranked('c', [1, 0]),
    ranked('b', [1, 0], { round: 1 }),
    ranked('a', [0.5, 0.5, 0.5], { round: 0 }),
  ];
  expect(ids(bestOf(pool, 4))).toEqual(['a', 'b', 'c', 'd']);
});

const verdict = fc.constantFrom<MaybeScore>(0, 0.5, 1, undefined);
const pools = fc
  .array(fc.tuple(fc.array(verdict, { maxLength: 6 }), fc.nat(3)), { maxLength: 12 })
  .map((proofs) => proofs.map(([scores, round], index) => ranked(`p${index}`, scores, { round })));

test('the best of a pool do not depend on the order in which it is read', () => {
  fc.assert(
    fc.property(pools, fc.nat(12), fc.infiniteStream(fc.nat()), (pool, count, draws) => {
      const order = new Map(pool.map(({ id }) => [id, draws.next().value ?? 0]));
      const mixed = [...pool].sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
      expect(ids(bestOf(mixed, count))).toEqual(ids(bestOf(pool, count)));
    }),
  );
});

test('what is not among the best will never be again: the best of all rounds are the best of the best and the new', () => {
  fc.assert(
    fc.property(pools, fc.nat(8), fc.nat(12), (pool, count, cut) => {
      const before = bestOf(pool.slice(0, cut), count);
      expect(ids(bestOf([...before, ...pool.slice(cut)], count))).toEqual(ids(bestOf([...pool], count)));
    }),
  );
});

test('analyses that report issues are shown first, the lowest score first, in the order of asking', () => {
  const analyses = [1, 0.5, 0, 1, 0.5, 0].map((score, asked) => ({ score, asked }));
  expect(issuesFirst(analyses, 5).map(({ asked }) => asked)).toEqual([2, 5, 1, 4, 0]);
});

describe('a search', () => {
  const counts = (answered: number, failed = 0, unparseable = 0) => ({ answered, failed, unparseable, truncated: 0 });
  const round = { round: 0, proofs: 4, passed: 0, best: 4, written: counts(4), judged: counts(16) };
  test.each([
    ['passes with its first proof that does', { ...round, round: 2, passed: 1 }, 'passed'],
    ['passes in its last round, too', { ...round, round: 3, passed: 2 }, 'passed'],
    ['goes on while there are rounds', { ...round, round: 2 }, undefined],
    ['is over after R rounds', { ...round, round: 3 }, 'exhausted'],
    ['without a readable proof has none', { ...round, proofs: 0, best: 0, written: counts(0, 1, 3) }, 'noProof'],
    ['whose calls are all refused fails', { ...round, proofs: 0, best: 0, written: counts(0, 4) }, 'failed'],
    ['without a readable verdict has none', { ...round, best: 0, judged: counts(0, 2, 14) }, 'noVerdict'],
    ['whose verdicts are all refused fails', { ...round, best: 0, judged: counts(0, 16) }, 'failed'],
    ['goes on with the pool where a round wrote nothing', { ...round, round: 1, proofs: 0 }, undefined],
  ] as const)('%s', (_, state, end) => {
    expect(endAfter(state, 3)).toBe(end);
  });

  test('ends as capped, or failed, for what is its own; else with all others, or not at all', () => {
    expect(endOfFailure('CapReached')).toBe('capped');
    expect(endOfFailure('BadRow')).toBe('failed');
    expect(endOfFailure('NoServer')).toBeUndefined();
    expect(endOfFailure(undefined)).toBeUndefined();
    expect(isOfAll('NoServer')).toBe(true);
    expect(isOfAll(undefined)).toBe(false);
  });
});

test('a summary has all means, or 128 of many, from the best to the worst', () => {
  const pool = Array.from({ length: 1_000 }, (_, index) => ({
    mean: (index * 7) % 1_000 === 0 ? null : index / 1_000,
  }));
  const means = shownMeans(pool);
  expect(means).toHaveLength(128);
  expect(means).toEqual([...means].sort((a, b) => b - a));
  expect([means[0], means.at(-1)]).toEqual([0.999, 0.001]);
  expect(shownMeans(pool.slice(1, 4))).toEqual([0.003, 0.002, 0.001]);
});

test('a search is one of those that have names, or its sizes with the rest as of the small one', () => {
  expect(searchFrom('paper')).toEqual(SEARCHES.paper);
  expect(searchFrom({ analyses: 16, rounds: undefined })).toEqual({ ...SEARCHES.small, analyses: 16 });
  expect(searchFrom()).toEqual(SEARCHES.small);
});

test('the order of proofs is total: no two are equal', () => {
  fc.assert(
    fc.property(pools, (pool) => {
      for (const a of pool) for (const b of pool) if (a !== b) expect(byMean(a, b)).not.toBe(0);
    }),
  );
});

test('a judge that says the same of many problems is told of; few verdicts, few problems, or one other word is chance', () => {
  const all = (score: 0 | 0.5 | 1, count: number, missing = 0) =>
    countVerdicts([...Array.from({ length: count }, () => score), ...Array.from({ length: missing }, () => undefined)]);
  expect(oneVerdictOnly(all(1, 200), 5)).toMatch(/^All 200 verdicts on the proofs of 5 problems are 1: /);
  expect(oneVerdictOnly(all(0.5, 300, 40), 9)).toMatch(/^All 300 verdicts on the proofs of 9 problems are 0\.5: /);
  expect(oneVerdictOnly(all(1, 199), 5)).toBeUndefined();
  expect(oneVerdictOnly(all(1, 2_000), 4)).toBeUndefined();
  expect(oneVerdictOnly(addVerdicts(all(0, 999), all(1, 1)), 50)).toBeUndefined();
  expect(oneVerdictOnly(all(1, 0, 500), 50)).toBeUndefined();
});
