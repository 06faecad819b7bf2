import type { Priority } from '@temporalio/common';
import fc from 'fast-check';
import { rankedFor } from '../../../shared/sampling/rendezvous.ts';
import { Line } from '../../../activities/inference/line.ts';
import type { PromptTurn, Waiter } from '../../../activities/inference/slots.ts';

const HERE = {};
const THERE = {};

interface Call extends Waiter {
  readonly name: string;
  readonly turn: PromptTurn | undefined;
}

/** Calls of prompts: `a0`, `a1` share one, `-` is of none. */
function lineOf(...names: readonly string[]) {
  const line = new Line(() => undefined);
  const calls = new Map<string, Call>();
  const add = (name: string, again = false): Call => {
    const known = calls.get(name);
    const turn = known?.turn ?? (name.startsWith('-') ? undefined : line.join(name[0] as string));
    const call: Call = { name, turn, again, since: 0, tokens: { prompt: 1, answer: 1 }, resolve: () => undefined };
    calls.set(name, call);
    line.add(call, 8);
    return call;
  };
  /** Gives servers all that they may have at that time, in order. */
  const go = (now: number, most = Infinity, server: object = HERE): string[] => {
    const gone: string[] = [];
    const nextFor = () => line.nextAt(server) ?? line.next(now);
    for (let next = nextFor(); next !== undefined && gone.length < most; next = nextFor()) {
      line.delete(next);
      line.sent(next, server, now);
      gone.push((next as Call).name);
    }
    return gone;
  };
  for (const name of names) add(name);
  return { line, add, go, turn: (name: string) => calls.get(name)?.turn as PromptTurn };
}

test('of calls that share a prompt one goes first, and the others once it has begun to be answered', () => {
  const { go, turn } = lineOf('a0', 'a1', 'a2', 'b0', 'b1', '-');
  expect(go(0)).toEqual(['a0', 'b0', '-']);
  turn('b0').begun();
  expect(go(1)).toEqual(['b1']);
  turn('a0').begun();
  expect(go(2)).toEqual(['a1', 'a2']);
});

test('the first call of a prompt goes before others that are new, and after those on their way again', () => {
  const { add, go } = lineOf('-0', '-1', 'a0', 'a1');
  add('-2', true);
  expect(go(0)).toEqual(['-2', 'a0', '-0', '-1']);
});

test('a server that has nothing else to do does not wait for longer than a small part of an answer', () => {
  const { line, go } = lineOf('a0', 'a1', 'a2');
  line.answered(1_000);
  expect(go(0)).toEqual(['a0']);
  expect(line.dueInMs(0)).toBe(50);
  expect(go(49)).toEqual([]);
  expect(go(50)).toEqual(['a1', 'a2']);
});

test('where answers begin early, it waits for twice as long as one lately took to begin, and half an answer at most', () => {
  const { line, go, turn } = lineOf('a0', 'b0', 'b1');
  line.answered(1_000_000);
  const now = Date.now();
  expect(go(now - 60_000, 1)).toEqual(['a0']);
  turn('a0').begun();
  expect(go(now)).toEqual(['b0']);
  expect(line.dueInMs(now)).toBeGreaterThanOrEqual(120_000);
  for (let answers = 0; answers < 200; answers += 1) line.answered(200_000);
  expect(line.dueInMs(now)).toBeLessThanOrEqual(101_000);
});

test('while there is something else, held calls stay', () => {
  const { line, add, go } = lineOf('a0', 'a1');
  expect(go(0)).toEqual(['a0']);
  add('-');
  expect(line.dueInMs(60_000)).toBeUndefined();
  expect(go(60_000, 1)).toEqual(['-']);
});

test('of a first call that comes to nothing the others do not wait for', () => {
  const { go, turn } = lineOf('a0', 'a1', 'a2');
  expect(go(0)).toEqual(['a0']);
  turn('a0').end();
  expect(go(0)).toEqual(['a1', 'a2']);
});

test('a first call on its way again is waited for', () => {
  const { add, go } = lineOf('a0', 'a1');
  expect(go(0)).toEqual(['a0']);
  add('a0', true);
  expect(go(1)).toEqual(['a0']);
});

test('what is known of a prompt holds for later calls, until many others have gone', () => {
  const { line, add, go, turn } = lineOf('a0', 'a1');
  go(0);
  turn('a0').begun();
  go(0);
  for (const name of ['a0', 'a1']) turn(name).end();
  for (const name of ['a2', 'a3']) add(name);
  expect(go(1)).toEqual(['a2', 'a3']);
  for (let other = 0; other < 17; other += 1) add(`-${other}`);
  go(2);
  for (const name of ['a4', 'a5']) add(name);
  expect(go(3)).toEqual(['a4']);
  expect(line.size).toBe(1);
});

test('where there are several servers, those that share a prompt go where it has been read', () => {
  const { add, go, turn } = lineOf('a0', 'a1', 'a2');
  expect(go(0, 1, HERE)).toEqual(['a0']);
  turn('a0').begun();
  add('-0');
  expect(go(1, 1, THERE)).toEqual(['-0']);
  expect(go(1, 1, HERE)).toEqual(['a1']);
  // Better another server than none.
  expect(go(1, 1, THERE)).toEqual(['a2']);
});

test('each call is given once, whatever comes of the others', () => {
  const step = fc.record({
    kind: fc.constantFrom('add', 'go', 'begin', 'end', 'cancel'),
    name: fc.tuple(fc.constantFrom('a', 'b', '-'), fc.nat(6)).map(([prompt, at]) => `${prompt}${at}`),
    ms: fc.nat(3_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { line, add, go, turn } = lineOf();
      const waiting = new Map<string, Waiter>();
      const seen = new Set<string>();
      const given: string[] = [];
      let now = 0;
      const take = (names: readonly string[]) => {
        given.push(...names);
        for (const name of names) expect(waiting.delete(name)).toBe(true);
      };
      for (const { kind, name, ms } of steps) {
        now += ms;
        if (kind === 'add' && !seen.has(name)) {
          seen.add(name);
          waiting.set(name, add(name));
        } else if (kind === 'go') take(go(now, 2));
        else if (kind === 'begin' && given.includes(name)) turn(name)?.begun();
        else if (kind === 'end' && given.includes(name)) turn(name)?.end();
        else if (kind === 'cancel' && waiting.has(name)) {
          line.delete(waiting.get(name) as Waiter);
          waiting.delete(name);
          turn(name)?.end();
        }
        expect(line.size).toBe(waiting.size);
        expect(line.all.length).toBe(waiting.size);
      }
      take(go(now + 10_000));
      take(go(now + 20_000));
      expect(line.size).toBe(0);
    }),
  );
});

describe('of several servers', () => {
  const places = new Map<object, string>([
    [HERE, 'http://a'],
    [THERE, 'http://b'],
  ]);
  const homeOf = (digest: string) =>
    rankedFor(digest, [HERE, THERE], (place) => places.get(place) as string)[0] as object;
  const [here, there] = [HERE, THERE].map((place) => 'abcdefgh'.split('').find((digest) => homeOf(digest) === place));

  test('a prompt is read at its home, whichever has room first', () => {
    const { line } = lineOf(`${here}0`, `${there}0`);
    line.spread(places);
    expect((line.nextAt(THERE) as Call).name).toBe(`${there}0`);
    expect((line.nextAt(HERE) as Call).name).toBe(`${here}0`);
  });

  test('its other calls follow to where it was read, at home or not', () => {
    const { line, add, go, turn } = lineOf(`${here}0`);
    line.spread(places);
    expect(line.nextAt(THERE)).toBeUndefined();
    expect(go(0, 1, THERE)).toEqual([`${here}0`]);
    turn(`${here}0`).begun();
    const next = add(`${here}1`);
    expect(line.nextAt(HERE)).toBeUndefined();
    expect(line.nextAt(THERE)).toBe(next);
    expect(line.placeFor(next, [HERE])).toBe(HERE);
    expect(line.placeFor(next, [HERE, THERE])).toBe(THERE);
  });

  test('of a server that is gone its prompts are read anew, by one call first', () => {
    const { line, add, go, turn } = lineOf(`${there}0`);
    line.spread(places);
    expect(go(0, 1, THERE)).toEqual([`${there}0`]);
    turn(`${there}0`).begun();
    turn(`${there}0`).end();
    line.spread(new Map([[HERE, 'http://a']]));
    add(`${there}1`);
    add(`${there}2`);
    expect(go(0, 9, HERE)).toEqual([`${there}1`]);
  });
});

/** A line of calls without prompts, of parts. */
function partedLine(parts: Readonly<Record<string, Priority>>) {
  const line = new Line(() => undefined);
  const names = new Map<Waiter, string>();
  return {
    line,
    add: (name: string, calls: number): void => {
      for (let call = 0; call < calls; call += 1) {
        const tokens = { prompt: 1, answer: 1 };
        const part = { fairnessKey: name, ...parts[name] };
        const waiter: Waiter = { again: false, since: 0, tokens, part, resolve: () => undefined };
        names.set(waiter, name);
        line.add(waiter, 8);
      }
    },
    go: (calls: number): string => {
      const gone: string[] = [];
      for (let next = line.next(0); next !== undefined && gone.length < calls; next = line.next(0)) {
        line.delete(next);
        line.sent(next, HERE, 0);
        gone.push(names.get(next) ?? '');
      }
      return gone.join('');
    },
  };
}

test('laps take turns, whatever each has waiting, and one that had nothing to ask has saved up nothing', () => {
  const { add, go } = partedLine({});
  add('a', 40);
  expect(go(10)).toBe('aaaaaaaaaa');
  add('b', 4);
  expect(go(10)).toBe('babababaaa');
  add('c', 2);
  add('b', 2);
  expect(go(6).split('').sort().join('')).toBe('aabbcc');
});

test('a weight is so many turns beside one of another', () => {
  const { add, go } = partedLine({ a: { fairnessWeight: 3 } });
  add('a', 40);
  add('b', 40);
  expect(go(40).replaceAll('b', '')).toHaveLength(30);
});

test('what has a lower priority key goes before all others', () => {
  const { add, go } = partedLine({ b: { priorityKey: 2 } });
  add('a', 3);
  add('b', 3);
  expect(go(6)).toBe('bbbaaa');
});

test('work comes in for the lap that is behind, counting what it has waiting', () => {
  const { line, add } = partedLine({});
  const outside = ['a', 'a', 'b'].map((fairnessKey) => ({ part: { fairnessKey } }));
  expect(line.neediest(outside)?.part.fairnessKey).toBe('a');
  add('a', 2);
  expect(line.neediest(outside)?.part.fairnessKey).toBe('b');
  add('b', 3);
  expect(line.neediest(outside)?.part.fairnessKey).toBe('a');
});
