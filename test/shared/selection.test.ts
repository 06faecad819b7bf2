import fc from 'fast-check';
import { balancedSample, distinctBy } from '../../shared/selection.ts';
import { seedOf, shuffled } from '../../shared/seeds.ts';

const items = fc.array(fc.record({ id: fc.nat(), group: fc.constantFrom('algebra', 'geometry', 'combinatorics') }), {
  maxLength: 60,
});

describe('a balanced sample', () => {
  it('takes no more than asked, no item twice, and all there are when asked for more', () => {
    fc.assert(
      fc.property(items, fc.nat(80), fc.nat(), (all, count, seed) => {
        const chosen = balancedSample(all, count, ({ group }) => group, seed);
        expect(chosen).toHaveLength(Math.min(count, all.length));
        expect(new Set(chosen).size).toBe(chosen.length);
      }),
    );
  });

  it('gives no group two more than another that still had items', () => {
    fc.assert(
      fc.property(items, fc.nat(80), fc.nat(), (all, count, seed) => {
        const chosen = balancedSample(all, count, ({ group }) => group, seed);
        const size = (rows: typeof all, name: string) => rows.filter(({ group }) => group === name).length;
        const unfinished = [...new Set(all.map(({ group }) => group))].filter(
          (name) => size(chosen, name) < size(all, name),
        );
        const most = Math.max(0, ...all.map(({ group }) => size(chosen, group)));
        for (const name of unfinished) expect(most - size(chosen, name)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('depends on nothing but its seed', () => {
    const all = Array.from({ length: 30 }, (_, id) => ({ id, group: String(id % 3) }));
    expect(balancedSample(all, 10, ({ group }) => group, 7)).toEqual(balancedSample(all, 10, ({ group }) => group, 7));
    expect(balancedSample(all, 10, ({ group }) => group, 7)).not.toEqual(
      balancedSample(all, 10, ({ group }) => group, 8),
    );
  });
});

describe('distinct items', () => {
  it('are the first of each key', () => {
    expect(distinctBy(['a1', 'b1', 'a2'], (text) => text[0] ?? '')).toEqual(['a1', 'b1']);
  });
});

describe('seeds', () => {
  it('fit 31 bits and tell their parts apart', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.integer())), (parts) => {
        const seed = seedOf(...parts);
        expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31).toBe(true);
      }),
    );
    const seeds = new Set(Array.from({ length: 2000 }, (_, index) => seedOf('call', index)));
    expect(seeds.size).toBeGreaterThan(1995);
  });

  it('shuffle without losing anything', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.nat(), (all, seed) => {
        expect([...shuffled(all, seed)].sort((a, b) => a - b)).toEqual([...all].sort((a, b) => a - b));
      }),
    );
  });
});
