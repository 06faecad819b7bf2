import * as fc from 'fast-check';
import { capsReached, estimated, searchCalls, type CallKind, type Sizes } from '../../../shared/products/estimate.ts';
import { REFINEMENT, SEARCHES, type SearchPolicy } from '../../../shared/products/search.ts';

const sizes: Sizes = {
  tokensOf: ({ task }) =>
    task === 'verify' ? { prompt: 2_000, completion: 500 } : { prompt: 1_000, completion: 1_500 },
  priceOf: () => ({ perMillionPromptTokens: 1, perMillionCompletionTokens: 4 }),
  concurrency: 64,
  tokensPerSecond: () => 50,
};
const of = (search: SearchPolicy, problems = 1) => estimated(searchCalls(search, problems), sizes);

test.each([
  // Paper 3.3.3: about 4,160 calls a round, 70,000 a problem.
  ['paper', 4_160 + 16 * 4_160],
  ['released', 128 * 65 + 16 * 32 * 65],
  ['small', 8 * 9 + 3 * 4 * 9],
] as const)('a search of the size %s takes at most %d calls a problem', (size, most) => {
  expect(of(SEARCHES[size]).calls.most).toBe(most);
  expect(of(SEARCHES[size], 10).calls.most).toBe(10 * most);
});

test('where its first proofs solve it, a search has no further round; a proof that is spared was asked about once', () => {
  const search = { ...SEARCHES.small, earlyStop: false };
  expect(of(search).calls.fewest).toBe(8 * 9);
  expect(of(SEARCHES.small).calls.fewest).toBe(8 + 4 * 8 + 4);
});

test('a sequential refinement takes at least one proof of each thread, and at most two calls a later iteration', () => {
  const { threads, iterations, verdicts } = REFINEMENT;
  expect(of(REFINEMENT).calls).toEqual({
    fewest: threads * (1 + verdicts),
    most: threads * (1 + 2 * (iterations - 1) + iterations * verdicts),
  });
  expect(of({ ...REFINEMENT, verdicts: 0 }).calls.fewest).toBe(threads);
  // One, where one answer refines a proof and evaluates the new one.
  const atOnce = estimated(searchCalls(REFINEMENT, 1, true), sizes);
  expect(atOnce.calls.most).toBe(threads * iterations * (1 + verdicts));
});

test('tokens, cost and time follow from the calls', () => {
  const { calls, promptTokens, completionTokens, cost, seconds } = of(SEARCHES.small, 100);
  const proofs = 100 * (8 + 3 * 4);
  expect(calls.most).toBe(proofs * 9);
  expect(promptTokens.most).toBe(proofs * (1_000 + 8 * 2_000));
  expect(completionTokens.most).toBe(proofs * (1_500 + 8 * 500));
  expect(cost?.most).toBeCloseTo((promptTokens.most + 4 * completionTokens.most) / 1e6);
  expect(seconds.most).toBeCloseTo(completionTokens.most / 50 / 64);
});

test('few problems take as long as their rounds, one after the other', () => {
  expect(of(SEARCHES.small).seconds.most).toBeCloseTo((4 * 1_500 + 4 * 500) / 50);
});

test('limits of an endpoint hold calls apart, however many are in flight', () => {
  const kinds = searchCalls(SEARCHES.small, 100);
  const { calls, seconds } = estimated(kinds, { ...sizes, secondsApart: () => 60 / 10 });
  expect(seconds).toEqual({ fewest: calls.fewest * 6, most: calls.most * 6 });
});

test('without a price of a model that is asked, no cost is told; one that is never asked needs none', () => {
  const { priceOf, ...rest } = sizes;
  const half: Sizes = { ...rest, priceOf: (asked) => (asked === 'judge' ? undefined : priceOf(asked)) };
  expect(estimated(searchCalls(SEARCHES.small, 1), half).cost).toBeNull();
  expect(estimated(searchCalls({ ...REFINEMENT, verdicts: 0 }, 1), half).cost).not.toBeNull();
});

test('caps that may come first are named', () => {
  const all = of(SEARCHES.small);
  expect(capsReached(all, { calls: all.calls.most, tokens: 1e12, cost: 1e6 })).toEqual([]);
  expect(capsReached(all, { calls: all.calls.most - 1, tokens: 10, cost: 0.001 })).toEqual(['calls', 'tokens', 'cost']);
});

test('nothing is fewer at its most than at its fewest, and nothing is negative', () => {
  const size = fc.integer({ min: 1, max: 200 });
  const pool = fc.record({
    kind: fc.constant('pool' as const),
    proofs: size,
    analyses: size,
    refined: size,
    shown: size,
    rounds: fc.integer({ min: 0, max: 20 }),
    earlyStop: fc.boolean(),
  });
  fc.assert(
    fc.property(pool, fc.integer({ min: 1, max: 1_000 }), (search, problems) => {
      const { cost, ...spans } = of(search, problems);
      for (const { fewest, most } of [...Object.values(spans), ...(cost ? [cost] : [])]) {
        expect(fewest).toBeGreaterThan(0);
        expect(most).toBeGreaterThanOrEqual(fewest);
      }
    }),
  );
});

test('each kind of calls says whose texts its prompt shows', () => {
  const shows = Object.fromEntries(
    searchCalls(SEARCHES.paper, 1).map(({ task, shows: texts }: CallKind) => [task, texts]),
  );
  expect(shows).toEqual({
    prove: undefined,
    refine: { proofs: 1, analyses: SEARCHES.paper.shown },
    verify: { proofs: 1, analyses: 0 },
  });
});
