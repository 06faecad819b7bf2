import fc from 'fast-check';
import { RateLimit, type RateLimits, type RequestTokens } from '../../../shared/sampling/rateLimit.ts';

interface Sent extends RequestTokens {
  readonly at: number;
}

/** Sends all as soon as each may go, by a clock that is counted; timers are late by up to so many milliseconds. */
function sendAll(limits: RateLimits, requests: readonly RequestTokens[], late: (at: number) => number = () => 0) {
  const rate = new RateLimit(limits);
  const sent: Sent[] = [];
  let now = 0;
  for (const [at, tokens] of requests.entries()) {
    for (let wait = rate.waitMs(tokens, now); wait > 0; wait = rate.waitMs(tokens, now)) now += wait + late(at);
    rate.take(tokens, now);
    sent.push({ at: now, ...tokens });
  }
  return { sent, minutes: now / 60_000 };
}

/** The most that any window of so many milliseconds has. */
function most(sent: readonly Sent[], ms: number, of: (one: Sent) => number): number {
  let [highest, sum, from] = [0, 0, 0];
  for (const one of sent) {
    sum += of(one);
    for (; (sent[from] as Sent).at <= one.at - ms; from += 1) sum -= of(sent[from] as Sent);
    highest = Math.max(highest, sum);
  }
  return highest;
}
const tokensOf = ({ prompt, answer }: RequestTokens) => prompt + answer;

const requests = fc.array(fc.record({ prompt: fc.nat(300), answer: fc.integer({ min: 1, max: 700 }) }), {
  minLength: 1,
  maxLength: 400,
});

test('in no minute are there more requests or tokens than the limits say, wherever it begins', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1_000, max: 50_000 }),
      requests,
      fc.infiniteStream(fc.nat(20)),
      (requestsPerMinute, tokensPerMinute, all, late) => {
        const { sent } = sendAll({ requestsPerMinute, tokensPerMinute }, all, () => late.next().value as number);
        expect(most(sent, 60_000, () => 1)).toBeLessThanOrEqual(requestsPerMinute);
        expect(most(sent, 60_000, tokensOf)).toBeLessThanOrEqual(tokensPerMinute);
        // Who counts by the second allows a second's share; what a late timer held up comes in its own second.
        expect(most(sent, 1_000, () => 1)).toBeLessThanOrEqual(Math.ceil((requestsPerMinute / 60) * 1.07));
      },
    ),
  );
});

test.each([
  ['requests', { requestsPerMinute: 600 }, 600],
  ['many requests, though timers are late', { requestsPerMinute: 30_000 }, 30_000],
  ['tokens', { tokensPerMinute: 100_000 }, 100],
])('a limit of %s is used up', (_, limits, perMinute) => {
  const all = Array.from({ length: 5 * perMinute }, () => ({ prompt: 200, answer: 800 }));
  const { minutes } = sendAll(limits, all, () => 1);
  expect((5 * perMinute) / minutes / perMinute).toBeGreaterThan(0.95);
});

test('a request of more tokens than a minute has, has one to itself', () => {
  const { sent } = sendAll({ tokensPerMinute: 100 }, [
    { prompt: 10, answer: 10 },
    { prompt: 10, answer: 900 },
    { prompt: 10, answer: 10 },
  ]);
  expect(sent.map(({ at }) => at)).toEqual([0, 61_000, 122_000]);
});

describe('by what was used', () => {
  const asked = { prompt: 100, answer: 900 };
  const came = { prompt: 100, answer: 150 };

  test('an answer that stays below its limit makes room for others', () => {
    const rate = new RateLimit({ tokensPerMinute: 2_000, counts: 'used' });
    const told = [rate.take(asked, 0), rate.take(asked, 0)];
    expect(rate.waitMs(asked, 10)).toBe(60_990);
    for (const tell of told) tell(came);
    expect(rate.waitMs(asked, 20)).toBe(0);
  });

  test('a request counts as the mean of the answers before it', () => {
    const rate = new RateLimit({ tokensPerMinute: 4_000, counts: 'used' });
    for (let at = 0; at < 8; at += 1) rate.take(asked, at)(came);
    let more = 0;
    for (; rate.waitMs(asked, 100) === 0; more += 1) rate.take(asked, 100);
    expect(more).toBe((4_000 - 8 * 250) / 250);
  });

  test('is no way of counting what was asked', () => {
    const rate = new RateLimit({ tokensPerMinute: 1_000 });
    rate.take(asked, 0)(came);
    expect(rate.waitMs(asked, 10)).toBeGreaterThan(0);
  });
});

test('a prompt of more tokens than was guessed counts as what the server says', () => {
  const rate = new RateLimit({ tokensPerMinute: 1_000 });
  rate.take({ prompt: 10, answer: 90 }, 0)({ prompt: 800, answer: 50 });
  expect(rate.waitMs({ prompt: 10, answer: 101 }, 10)).toBeGreaterThan(0);
  expect(rate.waitMs({ prompt: 10, answer: 99 }, 10)).toBe(0);
});

test('what was not sent does not count as tokens', () => {
  const rate = new RateLimit({ tokensPerMinute: 1_000 });
  rate.take({ prompt: 10, answer: 900 }, 0)('not sent');
  expect(rate.waitMs({ prompt: 10, answer: 900 }, 10)).toBe(0);
});
