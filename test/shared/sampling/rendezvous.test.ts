import fc from 'fast-check';
import { isBetterOff, isOverfull, rankedFor } from '../../../shared/sampling/rendezvous.ts';

const servers = (count: number) => Array.from({ length: count }, (_, index) => `http://node-${index}:8000/v1`);
const home = (digest: string, of: readonly string[]) => rankedFor(digest, of, (server) => server)[0];
const digests = Array.from({ length: 2_000 }, (_, index) => `proof-${index}`);

test('all who know the same servers, in whatever order, give a prompt the same order of servers', () => {
  fc.assert(
    fc.property(fc.string(), fc.uniqueArray(fc.webUrl(), { minLength: 1 }), (digest, urls) => {
      const there = rankedFor(digest, urls, (url) => url);
      expect(rankedFor(digest, urls.toReversed(), (url) => url)).toEqual(there);
      expect([...there].sort()).toEqual([...urls].sort());
    }),
  );
});

test('every server is the home of about as many prompts', () => {
  for (const count of [2, 4, 16]) {
    const homes = new Map<string, number>();
    for (const digest of digests) {
      const at = home(digest, servers(count)) as string;
      homes.set(at, (homes.get(at) ?? 0) + 1);
    }
    expect(homes.size).toBe(count);
    for (const held of homes.values()) expect(Math.abs(held - 2_000 / count)).toBeLessThan(600 / count);
  }
});

test('a server that goes moves its own prompts alone', () => {
  const [gone, ...left] = servers(4);
  for (const digest of digests) {
    const before = home(digest, servers(4));
    if (before !== gone) expect(home(digest, left)).toBe(before);
  }
});

test.each([
  ['a server that is half empty takes all that is its own', 31, false],
  ['one a quarter fuller than the mean is full enough', 64, true],
])('%s', (_, inFlight, is) => {
  expect(isOverfull({ inFlight, capacity: 64 }, { inFlight: inFlight + 20, servers: 4 })).toBe(is);
});

test('servers that are all full are none of them overfull', () => {
  expect(isOverfull({ inFlight: 64, capacity: 64 }, { inFlight: 256, servers: 4 })).toBe(false);
});

test('a call whose prompt was read leaves for a server that has not half as much to do', () => {
  expect(isBetterOff({ inFlight: 64 }, { inFlight: 31 })).toBe(true);
  expect(isBetterOff({ inFlight: 64 }, { inFlight: 32 })).toBe(false);
});
