import {
  afterAnswer,
  afterOverload,
  afterReturn,
  startLimit,
  type ConcurrencyLimit,
} from '../../../shared/sampling/concurrency.ts';

/**
 * A server that takes `capacity` calls and refuses more; a generation is one answer to every call under way. Refusals
 * count after the first 20.
 */
function serve(
  capacity: number,
  max: number,
  generations: number,
): { limit: ConcurrencyLimit; refused: number; used: number } {
  let limit = startLimit(max);
  let refused = 0;
  let used = 0;
  for (let now = 1; now <= generations; now += 1) {
    const inFlight = Math.floor(limit.limit);
    used += Math.min(inFlight, capacity);
    for (let call = 0; call < inFlight; call += 1) {
      if (call < capacity) limit = afterAnswer(limit, Math.floor(limit.limit));
      else {
        if (now > 20) refused += 1;
        limit = afterOverload(limit, { sentAt: now, inFlight }, now);
      }
    }
  }
  return { limit, refused, used: used / (generations * Math.min(capacity, max)) };
}

test('a server that can have all is given all within a few generations', () => {
  expect(serve(10_000, 512, 5).limit.limit).toBe(512);
});

test('a small server is kept near its capacity, and seldom overloaded', () => {
  const { limit, refused, used } = serve(40, 512, 400);
  expect(limit.limit).toBeGreaterThan(28);
  expect(limit.limit).toBeLessThan(43);
  expect(used).toBeGreaterThan(0.85);
  expect(refused).toBeLessThan(20);
});

test('one overload is one decrease, however many calls it refuses', () => {
  const before = startLimit(64);
  const once = afterOverload(before, { sentAt: 10, inFlight: 64 }, 20);
  expect(once.limit).toBe(48);
  expect(afterOverload(once, { sentAt: 15, inFlight: 60 }, 21)).toBe(once);
  expect(afterOverload(once, { sentAt: 25, inFlight: 48 }, 30).limit).toBe(36);
});

test('a limit never falls below one, and one that is not in use does not grow', () => {
  let limit = startLimit(4);
  for (let now = 1; now < 50; now += 1) limit = afterOverload(limit, { sentAt: now, inFlight: 1 }, now);
  expect(limit.limit).toBe(1);
  expect(afterAnswer({ ...limit, limit: 8, max: 64 }, 3).limit).toBe(8);
});

test('a server that comes back starts anew', () => {
  expect(afterReturn({ ...startLimit(256), limit: 3, slowStart: false }).limit).toBe(128);
});
