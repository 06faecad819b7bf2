import fc from 'fast-check';
import type { MaybeScore } from '../../../shared/label/autoLabel.ts';
import {
  bestOf,
  countVerdicts,
  issuesFirst,
  leastMeanAfter,
  meanScore,
  passes,
} from '../../../shared/products/pool.ts';
import type { Ranked } from '../../../shared/products/pool.ts';
import { betterHalf, rungsOf, verdictsToAsk } from '../../../shared/products/reach.ts';

interface Sizes {
  readonly analyses: number;
  readonly refined: number;
  readonly rounds: number;
}
type Judged = Ranked & { readonly shown: readonly { readonly score: number; readonly sample: number }[] };

/** Verdicts of one proof, in waves where it has to reach a mean, else all of them. */
function judge(all: readonly MaybeScore[], leastMean: number | null): MaybeScore[] {
  if (leastMean === null) return [...all];
  const reach = { analyses: all.length, leastMean };
  const asked: MaybeScore[] = [];
  for (let more = verdictsToAsk(reach, asked); more > 0; more = verdictsToAsk(reach, asked))
    asked.push(...all.slice(asked.length, asked.length + more));
  return asked;
}

/** A search over rounds of proofs whose verdicts are given: what is kept after each round, and who passed. */
function search(rounds: readonly (readonly (readonly MaybeScore[])[])[], sizes: Sizes, earlyStop: boolean) {
  let pool: Judged[] = [];
  let leastMean: number | null = null;
  let calls = 0;
  const kept = rounds.map((proofs, round) => {
    const judged = proofs.map((all, index): Judged => {
      const asked = judge(all, earlyStop ? leastMean : null);
      calls += asked.length;
      const verdicts = countVerdicts(asked, all.length - asked.length);
      const analyses = asked.flatMap((score, sample) => (score === undefined ? [] : [{ score, sample }]));
      return { id: `r${round}-${index}`, round, mean: meanScore(verdicts), verdicts, shown: issuesFirst(analyses, 3) };
    });
    pool = bestOf([...pool, ...judged], sizes.refined);
    leastMean = leastMeanAfter(round, pool, sizes);
    const passed = judged.filter(({ verdicts }) => passes(verdicts, sizes)).map(({ id }) => id);
    // After the last round nothing is refined: what is kept is the best.
    return { passed, kept: round < sizes.rounds ? pool : pool.slice(0, 1) };
  });
  return { kept, calls };
}

const sizes = fc.record({ analyses: fc.integer({ min: 1, max: 12 }), refined: fc.integer({ min: 1, max: 6 }) });
/** Proofs differ in how good they are. */
const verdicts = (analyses: number) =>
  fc
    .integer({ min: 0, max: 10 })
    .chain((good) =>
      fc.array(
        fc.oneof(
          { weight: good, arbitrary: fc.constant<MaybeScore>(1) },
          { weight: 11 - good, arbitrary: fc.constantFrom<MaybeScore>(0, 0.5) },
          { weight: 1, arbitrary: fc.constant<MaybeScore>(undefined) },
        ),
        { minLength: analyses, maxLength: analyses },
      ),
    );
const searches = sizes.chain((size) =>
  fc
    .array(fc.array(verdicts(size.analyses), { maxLength: 8 }), { minLength: 1, maxLength: 5 })
    .map((rounds) => ({ rounds, sizes: { ...size, rounds: rounds.length - 1 } })),
);

test('stopping early changes neither what is kept nor what is shown of it nor who passes, in any round', () => {
  fc.assert(
    fc.property(searches, ({ rounds, sizes }) => {
      const [full, early] = [search(rounds, sizes, false), search(rounds, sizes, true)];
      expect(early.kept).toEqual(full.kept);
      expect(early.calls).toBeLessThanOrEqual(full.calls);
    }),
    { numRuns: 2_000 },
  );
});

test('what is asked for next is more than nothing exactly while the mean can be reached, and in four waves at most', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }).chain((n) => fc.tuple(verdicts(n), fc.integer({ min: 0, max: n }), fc.nat(n))),
      ([all, asked, part]) => {
        const reach = { analyses: all.length, leastMean: part / all.length };
        const scores = all.slice(0, asked);
        const best = meanScore(countVerdicts([...scores, ...Array<MaybeScore>(all.length - asked).fill(1)]));
        const more = verdictsToAsk(reach, scores);
        expect(more > 0).toBe(asked < all.length && (best ?? 0) >= reach.leastMean);
        expect(more).toBeLessThanOrEqual(all.length - asked);
        let waves = 0;
        for (let had = 0, next = verdictsToAsk(reach, []); next > 0; waves += 1) {
          had += next;
          next = verdictsToAsk(reach, all.slice(0, had));
        }
        expect(waves).toBeLessThanOrEqual(4);
      },
    ),
  );
});

test.each([
  ['before it can be out of reach', 0.9, [], 16],
  ['while it is within reach', 0.9, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0], 16],
  ['never of what is out of reach', 0.9, [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], 0],
  ['at once where it is seldom out of reach', 0.5, [], 33],
] as const)('64 verdicts are asked for %s', (_, leastMean, scores, more) => {
  expect(verdictsToAsk({ analyses: 64, leastMean }, scores)).toBe(more);
});

describe('halving', () => {
  test('asks all about an eighth, and half as often about each half before', () => {
    expect(rungsOf(64)).toEqual([8, 16, 32, 64]);
    expect(rungsOf(6)).toEqual([1, 2, 3, 6]);
    expect(rungsOf(1)).toEqual([1]);
  });

  test('goes on with half of the rows, rounded up, none of them worse than one that is left behind', () => {
    const row = fc.record({ scores: fc.array(fc.constantFrom<MaybeScore>(0, 0.5, 1, undefined), { maxLength: 5 }) });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 12 }), (rows) => {
        const better = betterHalf(rows);
        expect(better).toHaveLength(Math.ceil(rows.length / 2));
        const mean = ({ scores }: (typeof rows)[number]) => meanScore(countVerdicts(scores)) ?? -1;
        const left = rows.filter((each) => !better.includes(each));
        for (const one of better) for (const other of left) expect(mean(one)).toBeGreaterThanOrEqual(mean(other));
        expect(better).toEqual(rows.filter((each) => better.includes(each)));
      }),
    );
  });
});
