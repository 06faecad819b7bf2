import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSameName } from '../../../activities/inference/address.ts';
import { Identity } from '../../../activities/inference/identity.ts';
import { distanceOf, TOLERANCE, type Position } from '../../../activities/inference/probe.ts';
import { Server } from '../../../activities/inference/server.ts';
import { startStub, type Stub } from '../../stub-server/start.ts';
import { MODEL, openWorld, quiet, type World } from './world.ts';

jest.setTimeout(60_000);

const DIGEST = 'a'.repeat(64);

test.each([
  ['prover', 'prover', true],
  ['prover', 'Prover', true],
  [DIGEST, `/store/checkpoints/${DIGEST}`, true],
  ['acme/prover', 'prover', true],
  ['prover', 'prover@main', true],
  ['prover', '/models/prover.gguf', true],
  ['prover', 'prover-base', false],
  ['prover', 'prover-2025-08-06', false],
  ['acme/prover', 'other/prover', false],
  ['checkpoint-1', 'checkpoint-12', false],
  [DIGEST, 'b'.repeat(64), false],
])('asked for %s, a server that says %s is it: %s', (asked, said, same) => {
  expect(isSameName(asked, said)).toBe(same);
});

test.each([
  ['big-2025-08-06', 'big', true],
  ['big', 'big-2025-08-06', true],
  ['big-latest', 'big-2508', true],
  ['big', 'big-mini', false],
  ['big', 'bigger', false],
])('a model that others run and that is asked for as %s may call itself %s: %s', (asked, said, same) => {
  expect(isSameName(asked, said, true) || isSameName(said, asked, true)).toBe(same);
});

const at = (token: string, ...shares: readonly [string, number][]): Position => ({
  token,
  top: Object.fromEntries(shares.map(([word, share]) => [word, Math.log(share)])),
});

test('probes are as far apart as their likeliest tokens are, up to where their answers part', () => {
  const one = [at('a', ['a', 0.7], ['b', 0.3]), at('c', ['c', 0.9], ['d', 0.05])];
  expect(distanceOf([one], [one])).toEqual({ mean: 0, any: 0 });
  const rounded = [at('a', ['a', 0.704], ['b', 0.296]), at('c', ['c', 0.898], ['e', 0.05])];
  const near = distanceOf([one], [rounded]);
  expect(near?.mean).toBeLessThan(TOLERANCE.mean);
  const parted = [at('b', ['b', 0.6], ['a', 0.4]), at('x', ['x', 1])];
  expect(distanceOf([one], [parted])).toEqual({ mean: expect.closeTo(0.3), any: expect.closeTo(0.3) });
  expect(distanceOf([[]], [one])).toBeUndefined();
});

describe('a server that is swapped for another checkpoint’s in the middle of a set', () => {
  let stub: Stub;
  let world: World;
  beforeEach(async () => {
    stub = await startStub({ medianMs: 40, sigma: 0.3, checkpoint: 1 });
    world = await openWorld({ resolve: stub.url, verify: true, maxConcurrency: 8 });
  });
  afterEach(async () => {
    await world.close();
    await stub.kill();
  });

  const asking = async () => {
    const rows = await world.rows(100);
    const before = (await stub.stats()).answered;
    const under = world.sample({ rows });
    under.catch(() => undefined);
    while ((await stub.stats()).answered < before + 30) await sleep(20);
    return { rows, under };
  };
  const texts = async () => (await world.outcomes()).map(({ text }) => /Checkpoint (\d)/.exec(text ?? '')?.[1]);

  /** What a set comes to that is run again, as Temporal would, when answers were taken back. */
  const finished = async (under: Promise<unknown>) => {
    const error = await under.then(
      () => undefined,
      (reason: Error) => reason,
    );
    if (error !== undefined) expect(error.name).toBe('WrongModel');
    expect((await world.sample({ rows: await world.rows(100) })).counts.answered).toBe(100);
    expect(new Set(await texts())).toEqual(new Set(['1']));
  };

  test('and says another name: what it says is nobody’s answer, and the right one is waited for', async () => {
    const { under } = await asking();
    await stub.change({ checkpoint: 2, says: 1 });
    await sleep(1_000);
    await stub.change({ checkpoint: 1, says: 0 });
    await finished(under);
  });

  test('and says another build: its first answer is held back until it is checked', async () => {
    await stub.change({ says: 2 });
    const { under } = await asking();
    await stub.change({ checkpoint: 2 });
    await sleep(1_000);
    await stub.change({ checkpoint: 1 });
    await finished(under);
  });

  test('and says nothing: its answers since the last check are taken back before the set is sealed', async () => {
    const { under, rows } = await asking();
    await stub.change({ checkpoint: 2 });
    await expect(under).rejects.toThrow('may be of another one that was served in its place');
    await expect(world.outcomes()).rejects.toThrow('is not sealed yet');

    const beats: unknown[] = [];
    const stop = new AbortController();
    const waiting = world.sample(
      { rows },
      { ...quiet(), signal: stop.signal, heartbeat: (beat) => void beats.push(beat) },
    );
    while (beats.length === 0) await sleep(50);
    expect(beats.at(-1)).toMatchObject({ waitingForServers: { last: expect.stringContaining('log-probabilities') } });
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');

    await stub.change({ checkpoint: 1 });
    await finished(world.sample({ rows }));
    expect(await world.store.exists(`probes/${DIGEST}.json`)).toBe(true);
  });
});

describe('a server that lists its models', () => {
  const checked = async (lists: readonly object[], listsThen = lists) => {
    let list = lists;
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        response.writeHead(request.method === 'GET' ? 200 : 400, { 'content-type': 'application/json' });
        response.end(JSON.stringify(request.method === 'GET' ? { object: 'list', data: list } : { error: 'no' }));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const asked = new Server({ baseUrl, model: 'prover', maxConcurrency: 1 }, 1);
    const identity = new Identity(undefined as never);
    const first = await identity.check(asked, MODEL);
    list = listsThen;
    const then = await identity.check(asked, MODEL);
    await asked.close();
    server.closeAllConnections();
    server.close();
    return [first, then].map((each) => (each.kind === 'known' ? each.by : each.cause));
  };

  test.each<[string, object[], object[] | undefined, string[]]>([
    ['the one that is asked for is known by that', [{ id: 'prover' }], undefined, ['listing', 'listing']],
    ['its folder says the digest', [{ id: 'x', root: `/c/${DIGEST}` }], undefined, ['listing', 'listing']],
    [
      'its folder says another digest',
      [{ id: 'prover', root: `/c/${'b'.repeat(64)}` }],
      undefined,
      ['wrong model', 'wrong model'],
    ],
    ['others by their digests', [{ id: 'b'.repeat(64) }], undefined, ['wrong model', 'wrong model']],
    ['none', [], undefined, ['name', 'name']],
    ['one of another name, which takes any', [{ id: '/models/m' }], undefined, ['name', 'name']],
    ['and then another one', [{ id: '/models/m' }], [{ id: '/models/n' }], ['name', 'wrong model']],
    ['and then not the one that is asked for', [{ id: 'prover' }], [{ id: 'other' }], ['listing', 'wrong model']],
    ['and then more', [{ id: 'prover' }], [{ id: 'prover' }, { id: 'other' }], ['listing', 'listing']],
  ])('%s', async (_, lists, then, by) => {
    expect(await checked(lists, then)).toEqual(by);
  });
});

test('a server without log-probabilities is known by its name, and nothing is recorded of it', async () => {
  const stub = await startStub({ medianMs: 5 });
  const world = await openWorld({ resolve: stub.url, verify: true });
  expect((await world.sample({ rows: await world.rows(5) })).counts.answered).toBe(5);
  expect(await world.store.exists(`probes/${DIGEST}.json`)).toBe(false);
  await world.close();
  await stub.kill();
});
