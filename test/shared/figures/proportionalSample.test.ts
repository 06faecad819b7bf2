import { proportionalSample } from '../../../shared/statistics/proportionalSample.ts';

describe('a proportional sample', () => {
  const sizesIn = (rows: readonly { readonly group: string }[]) =>
    ['algebra', 'combinatorics', 'geometry'].map((name) => rows.filter(({ group }) => group === name).length);
  const of = (...sizes: readonly number[]) =>
    ['algebra', 'combinatorics', 'geometry'].flatMap((group, index) =>
      Array.from({ length: sizes[index] ?? 0 }, (_, id) => ({ id, group })),
    );
  const sample = (rows: ReturnType<typeof of>, count: number, least: number, seed = 1) =>
    proportionalSample(rows, count, least, ({ group }) => group, seed);

  it.each([
    ['is as the groups are', [80, 60, 60], 20, 0, [8, 6, 6]],
    ['has the least number of a small group', [180, 15, 5], 20, 4, [12, 4, 4]],
    ['has all of a group that is smaller than that', [97, 2, 1], 10, 4, [7, 2, 1]],
    ['shares what is less than the least of all', [50, 30, 20], 7, 5, [3, 2, 2]],
    ['is all there are where more are asked for', [3, 2, 1], 20, 5, [3, 2, 1]],
  ])('%s', (_, sizes, count, least, expected) => {
    expect(sizesIn(sample(of(...sizes), count, least))).toEqual(expected);
  });

  it('takes no item twice, and is the same for equal seeds alone', () => {
    const rows = of(50, 30, 20);
    const chosen = sample(rows, 40, 3);
    expect(new Set(chosen).size).toBe(40);
    expect(sample(rows, 40, 3)).toEqual(chosen);
    expect(sample(rows, 40, 3, 2)).not.toEqual(chosen);
  });

  it('does not tell the groups by its order', () => {
    const order = sample(of(50, 50), 40, 5).map(({ group }) => group);
    expect(order).not.toEqual([...order].sort());
    expect(order).not.toEqual([...order].sort().toReversed());
  });
});
