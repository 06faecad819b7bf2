import fc from 'fast-check';
import { Budget } from '../../../activities/sets/budget.ts';
import { SpentSum } from '../../../activities/sets/spent.ts';
import type { ModelCall } from '../../../activities/inference/types.ts';
import type { Place } from '../../../shared/ids.ts';
import type { Outcome, Usage } from '../../../shared/outcomes.ts';
import { modelKey, type ModelRef } from '../../../shared/records.ts';
import type { SetCaps } from '../../../shared/sampling/caps.ts';

const place = 'solve/putnam' as Place;
const model = { role: 'generator', name: 'm', revision: '1', endpoint: 'http://x' } as const satisfies ModelRef;
const PRICE = { perMillionPromptTokens: 1e6, perMillionCompletionTokens: 1e6 };

const callOf = (key: string, maxTokens = 100): ModelCall => ({
  key,
  row: key,
  sample: 0,
  seed: 1,
  model,
  task: 'prove',
  messages: [],
  sampling: { temperature: 1, topP: 1, maxTokens },
});

const outcomeOf = (
  { key, row, sample, seed, task }: ModelCall,
  usage?: Usage,
  more: Partial<Outcome> = {},
): Outcome => ({
  key,
  row,
  sample,
  seed,
  task,
  kind: 'answered',
  model: modelKey(model),
  latencyMs: 1,
  requests: 1,
  ...(usage && { usage }),
  ...more,
});

const tokens = (completionTokens: number): Usage => ({ promptTokens: 0, completionTokens });

/** Lets what can go on do so. */
const settle = () => new Promise((resolve) => void setImmediate(resolve));

/** What a budget says to a call. */
function asking(budget: Budget, caps: SetCaps, call: ModelCall, again = false) {
  const asked = { said: 'wait' as 'wait' | 'go' | 'no', error: undefined as Error | undefined, release: () => {} };
  budget.reserve(caps, call, again).then(
    (release) => Object.assign(asked, { said: 'go', release }),
    (error: Error) => Object.assign(asked, { said: 'no', error }),
  );
  return asked;
}

describe('whatever comes in which order, and however often the process starts anew', () => {
  interface Step {
    readonly kind: 'ask' | 'answer' | 'fail' | 'lose' | 'restart';
    readonly which: number;
  }
  const LAST: Step = { kind: 'answer', which: 0 };
  const step = fc.record<Step>({
    kind: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Step['kind']>('ask') },
      { weight: 4, arbitrary: fc.constant<Step['kind']>('answer') },
      { weight: 1, arbitrary: fc.constantFrom<Step['kind']>('fail', 'lose', 'restart') },
    ),
    which: fc.nat(30),
  });

  test('no more calls are on the ledgers and under way than the cap, and each that fits is made in the end', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(12), fc.array(step, { maxLength: 80 }), async (cap, steps) => {
        const caps = { place, calls: cap };
        /** What outlasts the process: outcomes by key. */
        const ledger = new Map<string, Outcome>();
        const summed = () => {
          const sum = new SpentSum();
          for (const outcome of ledger.values()) sum.add(outcome, false);
          return new Budget(sum);
        };
        let budget = summed();
        let open: { readonly call: ModelCall; readonly asked: ReturnType<typeof asking> }[] = [];
        const end = (which: number, outcome?: (call: ModelCall) => Outcome) => {
          const going = open.filter(({ asked }) => asked.said === 'go');
          const one = going[which % Math.max(1, going.length)];
          if (one === undefined) return;
          open = open.filter((other) => other !== one);
          const came = outcome?.(one.call);
          if (came !== undefined) {
            budget.add(came, ledger.has(came.key));
            ledger.set(came.key, came);
          }
          one.asked.release();
        };
        for (const { kind, which } of [...steps, ...Array.from({ length: 200 }, () => LAST)]) {
          const known = ledger.get(`k${which}`);
          if (kind === 'ask' && known?.kind !== 'answered' && !open.some(({ call }) => call.key === `k${which}`)) {
            const call = callOf(`k${which}`);
            open.push({ call, asked: asking(budget, caps, call, known !== undefined) });
          } else if (kind === 'answer') end(which, (call) => outcomeOf(call, tokens(10)));
          else if (kind === 'fail') end(which, (call) => outcomeOf(call, undefined, { kind: 'failed' }));
          else if (kind === 'lose') end(which);
          else if (kind === 'restart') [budget, open] = [summed(), []];
          await settle();
          open = open.filter(({ asked }) => asked.said !== 'no');
          const going = open.filter(({ asked, call }) => asked.said === 'go' && !ledger.has(call.key));
          expect(ledger.size + going.length).toBeLessThanOrEqual(cap);
        }
        expect(open).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('a call that does not fit', () => {
  test('waits for those in flight, and none of them is lost to the cap', async () => {
    const budget = new Budget();
    const caps = { place, calls: 2 };
    const [first, second, third] = ['a', 'b', 'c'].map((key) => asking(budget, caps, callOf(key)));
    await settle();
    expect([first?.said, second?.said, third?.said]).toEqual(['go', 'go', 'wait']);
    budget.add(outcomeOf(callOf('a'), tokens(5)), false);
    first?.release();
    await settle();
    expect(third?.said).toBe('wait');
    second?.release(); // nothing came of it, and nothing is on the ledger
    await settle();
    expect(third?.said).toBe('go');
    budget.add(outcomeOf(callOf('c'), tokens(5)), false);
    third?.release();
    const fourth = asking(budget, caps, callOf('d'));
    await settle();
    expect(fourth.error).toMatchObject({ name: 'CapReached' });
    expect(fourth.error?.message).toContain('at most 2 calls together');
    expect(fourth.error?.message).toContain('taken 2 calls, 10 tokens');
  });

  test('ends what is asked under the same caps, and no other', async () => {
    const budget = new Budget();
    const none = asking(budget, { place, calls: 0 }, callOf('a'));
    await settle();
    expect(none.said).toBe('no');
    const [same, greater, failedBefore] = [
      asking(budget, { place, calls: 0 }, callOf('b')),
      asking(budget, { place, calls: 1 }, callOf('b')),
      asking(budget, { place, calls: 1 }, callOf('c'), true),
    ];
    await settle();
    expect([same.said, greater.said, failedBefore.said]).toEqual(['no', 'go', 'go']);
  });
});

describe('tokens and money', () => {
  test('are reckoned by the most that a call may take, and by the mean of its kind once there is one', async () => {
    const budget = new Budget();
    const caps = { place, tokens: 1_000 };
    const first = Array.from({ length: 12 }, (_, at) => asking(budget, caps, callOf(`first-${at}`)));
    await settle();
    expect(first.filter(({ said }) => said === 'go').length).toBe(10);
    for (let round = 0; round < 12; round += 1) {
      budget.add(outcomeOf(callOf(`first-${round}`), tokens(10)), false);
      first[round]?.release();
      await settle();
    }
    const then = Array.from({ length: 100 }, (_, at) => asking(budget, caps, callOf(`then-${at}`)));
    await settle();
    expect(then.filter(({ said }) => said === 'go').length).toBe((1_000 - 120) / 10);
  });

  test('are over their cap by no more than the calls in flight differ from the mean', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 100, max: 3_000 }),
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 80 }),
        fc.integer({ min: 1, max: 20 }),
        async (cap, sizes, atOnce) => {
          const budget = new Budget();
          const caps = { place, cost: cap, prices: { 'm@1': PRICE } };
          let open: { readonly size: number; readonly at: number; readonly asked: ReturnType<typeof asking> }[] = [];
          let cost = 0;
          for (const [at, size] of sizes.entries()) {
            open.push({ size, at, asked: asking(budget, caps, callOf(`k${at}`)) });
            await settle();
            while (open.filter(({ asked }) => asked.said === 'go').length >= atOnce || at === sizes.length - 1) {
              const one = open.find(({ asked }) => asked.said === 'go');
              if (one === undefined) break;
              open = open.filter((other) => other !== one);
              budget.add(outcomeOf(callOf(`k${one.at}`), tokens(one.size)), false);
              cost += one.size;
              one.asked.release();
              await settle();
            }
          }
          // No call takes more than 100, and no more than `atOnce` are in flight.
          expect(cost).toBeLessThanOrEqual(cap + 100 * atOnce);
          if (cost + 100 <= cap) expect(open).toEqual([]);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('of a model without a price cannot be capped', async () => {
    const asked = asking(new Budget(), { place, cost: 1 }, callOf('a'));
    await settle();
    expect(asked.error?.message).toContain('Expected caps.prices to have a price of m@1');
  });

  test('are guessed where the server does not tell', async () => {
    const sum = new SpentSum();
    sum.add(outcomeOf(callOf('a'), undefined, { text: 'x'.repeat(300) }), false);
    expect(sum.kinds).toMatchObject([{ calls: 1, usage: { completionTokens: 100 } }]);
  });
});

test('what an earlier lap paid for is taken by nobody', () => {
  const sum = new SpentSum();
  sum.add(outcomeOf(callOf('a'), tokens(5), { takenFrom: 'main/lap-0001' }), false);
  expect(sum.kinds).toEqual([]);
});
