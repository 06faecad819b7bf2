import {
  freeSlots,
  restartPauseMs,
  scaled,
  surplus,
  type Demand,
  type Scale,
} from '../../../shared/sampling/replicas.ts';

const LIMITS = { min: 1, max: 4, concurrency: 10, coolDownMs: 300 };
const low = (wanted: number, since: number, most: number): Scale => ({ wanted, low: { since, most } });
const asks = (waiting: number, inFlight: number): Demand => ({ waiting, inFlight });

test.each<[string, Scale | undefined, Demand, number, Scale]>([
  ['begins with the least', undefined, asks(0, 0), 0, { wanted: 1 }],
  ['grows when calls wait that it has no room for', { wanted: 1 }, asks(10, 10), 0, { wanted: 2 }],
  ['grows by several at once', { wanted: 1 }, asks(25, 10), 0, { wanted: 4 }],
  ['never grows beyond the most', { wanted: 4 }, asks(900, 40), 0, { wanted: 4 }],
  ['does not grow for calls that have a place', { wanted: 1 }, asks(0, 12), 0, { wanted: 1 }],
  ['notes since when fewer would do', { wanted: 3 }, asks(0, 8), 50, low(3, 50, 1)],
  ['keeps in mind the most that were needed since', low(4, 50, 1), asks(0, 25), 100, low(4, 50, 3)],
  ['shrinks to that once the cool-down is over', low(4, 50, 3), asks(0, 0), 350, { wanted: 3 }],
  ['begins the cool-down anew when all are needed', low(2, 50, 1), asks(0, 20), 349, { wanted: 2 }],
  ['never shrinks below the least', low(2, 0, 0), asks(0, 0), 400, { wanted: 1 }],
  ['keeps to limits that were changed since', { wanted: 9 }, asks(0, 40), 0, { wanted: 4 }],
])('a pool %s', (_, before, demand, now, after) => {
  expect(scaled(before, demand, LIMITS, now)).toEqual(after);
});

test('of too many replicas those are let go that do not serve yet, then the last', () => {
  const replicas = [
    { slot: 0, isReady: true },
    { slot: 1, isReady: false },
    { slot: 2, isReady: true },
    { slot: 3, isReady: true },
  ];
  expect(surplus(replicas, 2).map(({ slot }) => slot)).toEqual([3, 1]);
  expect(surplus(replicas, 4)).toEqual([]);
});

test('new replicas take the first places that nothing is left in', () => {
  expect(freeSlots(new Set([0, 2]), 3)).toEqual([1, 3, 4]);
  expect(freeSlots(new Set(), 0)).toEqual([]);
});

test('two starts follow each other at once, further ones after pauses that double up to ten minutes', () => {
  expect([0, 1, 2, 3, 4, 20].map(restartPauseMs)).toEqual([0, 0, 5_000, 10_000, 20_000, 600_000]);
});
