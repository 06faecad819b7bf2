import { setTimeout as sleep } from 'node:timers/promises';
import type { Place } from '../../../../shared/ids.ts';
import { bench, checkpointModel, endAll, MODEL, OTHER, whoAnswers, type More, type View } from '../fixture.ts';

jest.setTimeout(60_000); // machines under load start processes slowly

const opened: View[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map(endAll));
});

async function pooled(pool: object, { mode, more = {} }: { mode?: string; more?: More } = {}) {
  const { open, starts, folder } = await bench(mode === undefined ? {} : { mode });
  const view = open({ pool, ...more });
  opened.push(view);
  const engine = view.engine('pool');
  const other = open({ pool, ...more });
  const load = (waiting: number, inFlight: Readonly<Record<string, number>> = {}) =>
    engine.look?.(MODEL, { waiting, inFlight }) ?? Promise.reject(new Error('no look'));
  /** Looks until so many serve. */
  const until = async (count: number, waiting = 0): Promise<readonly string[]> => {
    for (;;) {
      const urls = (await load(waiting)).map(({ baseUrl }) => baseUrl);
      if (urls.length === count) return urls;
      await sleep(100);
    }
  };
  /** Waits until so many jobs are left. */
  const leaves = async (count: number): Promise<void> => {
    while ((await view.cluster.running()).length !== count) await sleep(50);
  };
  return {
    view,
    leaves,
    open,
    folder,
    starts,
    engine,
    other: other.engine('pool'),
    load,
    until,
    jobs: () => view.cluster.running(),
  };
}
const pidAt = async (url: string) => (await whoAnswers(url)).pid;

test('all replicas serve the model under its digest, and every process knows the same', async () => {
  const { engine, other, until } = await pooled({ replicas: { min: 3 }, concurrency: 7 });
  await engine.ensure(MODEL);
  const urls = await until(3);
  const elsewhere = await other.ensure(MODEL);
  expect(elsewhere.map(({ baseUrl }) => baseUrl)).toEqual(urls);
  expect(elsewhere[0]).toMatchObject({ model: MODEL.checkpoint.sha256, maxConcurrency: 7, lookEveryMs: 100 });
  expect(new Set(await Promise.all(urls.map(pidAt))).size).toBe(3);
});

test('a replica that dies is replaced, and the others go on', async () => {
  const { engine, until, starts } = await pooled({ replicas: { min: 2 } });
  await engine.ensure(MODEL);
  const [first, second] = (await until(2)) as [string, string];
  const [killed, stays] = await Promise.all([pidAt(first), pidAt(second)]);
  process.kill(killed, 'SIGKILL');
  expect((await engine.ensure(MODEL)).map(({ baseUrl }) => baseUrl)).toEqual([second]);
  const pids = await Promise.all((await until(2)).map(pidAt));
  expect(pids).toContain(stays);
  expect(pids).not.toContain(killed);
  expect(await starts()).toHaveLength(3);
});

test('grows when calls wait, and lets go of what is not needed after its cool-down', async () => {
  const { engine, until, jobs } = await pooled({ replicas: { min: 1, max: 3 }, concurrency: 2, coolDownSeconds: 0.5 });
  await engine.ensure(MODEL);
  const grown = await until(3, 6);
  const left = await until(1);
  expect(grown).toContain(left[0]);
  while ((await jobs()).length > 1) await until(1);
});

test('a replica that leaves gets no new calls, and ends when the last one has ended there', async () => {
  const { engine, load, until, jobs } = await pooled({
    replicas: { min: 1, max: 2 },
    concurrency: 2,
    coolDownSeconds: 0,
  });
  await engine.ensure(MODEL);
  const [stays, leaves] = (await until(2, 4)) as [string, string];
  const busy = { [leaves]: 1 };
  for (let looks = 0; looks < 12; looks += 1, await sleep(100)) await load(0, busy);
  expect((await load(0, busy)).map(({ baseUrl }) => baseUrl)).toEqual([stays]);
  expect(await pidAt(leaves)).toBeGreaterThan(0);
  while ((await jobs()).length > 1) await until(1);
  await expect(pidAt(leaves)).rejects.toThrow();
  expect(await pidAt(stays)).toBeGreaterThan(0);
});

test('one lap that ends leaves what another one holds, and the last takes all with it', async () => {
  const { view, open, jobs } = await pooled({ replicas: { min: 2 } });
  const elsewhere = open({ pool: { replicas: { min: 2 } } });
  const hold = (holder: string, models = [MODEL]) => ({
    models,
    holding: { holder: holder as Place, engine: 'pool', hours: 1 },
  });
  const [one, two] = [hold('main/lap-0001/verifier'), hold('seed-2/lap-0001/verifier', [MODEL, OTHER])];
  await view.serving.hold(one.models, one.holding);
  await elsewhere.serving.hold(two.models, two.holding);
  await view.serving.letGo(one.holding.holder);
  const [endpoint] = await elsewhere.serving.endpoints(MODEL);
  expect(await pidAt(endpoint?.baseUrl ?? '')).toBeGreaterThan(0);
  await view.serving.letGo(two.holding.holder);
  expect(await jobs()).toEqual([]);
});

test('what is held is seen to while nobody asks it anything', async () => {
  const { view, open, engine, until } = await pooled({ replicas: { min: 2 } });
  const holder = 'main/lap-0001/verifier' as Place;
  await view.serving.hold([MODEL], { holder, engine: 'pool', hours: 1 });
  const [first] = (await until(2)) as [string, string];
  const killed = await pidAt(first);
  process.kill(killed, 'SIGKILL');
  const other = open({ pool: { replicas: { min: 2 } } }).serving;
  const pids = async () => Promise.all(((await engine.look?.(MODEL)) ?? []).map(({ baseUrl }) => pidAt(baseUrl)));
  for (let seen = [killed]; seen.length !== 2 || seen.includes(killed); seen = await pids().catch(() => [])) {
    await other.tend();
    await sleep(50);
  }
});

test('what was asked for and is held by nobody ends some time after the last call', async () => {
  const { engine, jobs, load } = await pooled({});
  await engine.ensure(MODEL);
  expect(await engine.idle?.(60_000)).toEqual([]);
  await load(1);
  const idle = (await engine.idle?.(0)) ?? [];
  expect(idle).toMatchObject([{ checkpoint: MODEL.checkpoint }]);
  for (const model of idle) await engine.release?.(model);
  expect(await jobs()).toEqual([]);
  expect(await engine.idle?.(0)).toEqual([]);
});

test('a model that is released while it is waited for is not started again', async () => {
  const { engine, jobs } = await pooled({}, { mode: 'hung' });
  const waits = expect(engine.ensure(MODEL)).rejects.toThrow('it was released');
  while ((await jobs()).length === 0) await sleep(20);
  await engine.release?.(MODEL);
  await waits;
  expect(await jobs()).toEqual([]);
});

test('a look starts nothing for a model that was released', async () => {
  const { engine, load, jobs } = await pooled({});
  await engine.ensure(MODEL);
  await engine.release?.(MODEL);
  expect(await load(5)).toEqual([]);
  expect(await jobs()).toEqual([]);
});

test('a server of another model is not asked, and the words say what it serves', async () => {
  const { engine, leaves } = await pooled({}, { mode: 'other' });
  await expect(engine.ensure(MODEL)).rejects.toMatchObject({
    type: 'ModelServerFailed',
    message: expect.stringContaining('"another"'),
  });
  await leaves(0);
});

test('an engine that cannot start is an error that names its log, and is not started again at once', async () => {
  const { engine, starts } = await pooled({}, { mode: 'broken' });
  for (let asked = 0; asked < 2; asked += 1)
    await expect(engine.ensure(MODEL)).rejects.toMatchObject({
      type: 'ModelServerFailed',
      message: expect.stringMatching(/pool judges .* ended before it did.*replica\.log/),
    });
  expect(await starts()).toHaveLength(2);
});

test('an engine that never serves is given up after the time it was given', async () => {
  const { engine, leaves } = await pooled({ startSeconds: 1 }, { mode: 'hung' });
  await expect(engine.ensure(MODEL)).rejects.toThrow(/it did not serve within 1 s/);
  await leaves(0);
});

describe('settings', () => {
  const command = ['serve', '{checkpoint}', '{model}', '{port}'];
  test.each([
    ['a cluster that is not there', { cluster: 'h100' }, /judges\.cluster of FLYWHEEL_POOLS .*\(local\), got "h100"/],
    [
      'a command without a port',
      { command: ['serve', '{checkpoint}', '{model}'] },
      /judges\.command: expected \{port\}/,
    ],
    ['less at most than at least', { command, replicas: { min: 3, max: 2 } }, /expected max to be at least min/],
    ['a field that is none', { gpu: 1 }, /FLYWHEEL_POOLS\.judges\.gpu: no such field/],
    ['a key that is not there', { apiKeyEnv: 'NO_KEY' }, /variable NO_KEY to hold the key of pool judges/],
    ['roles of others alone', { roles: ['generator'] }, /serves models of the role verifier, got judges \(generator\)/],
  ])('refuse %s by name', async (_what, settings, words) => {
    const { engine } = await pooled(settings);
    await expect(engine.ensure(MODEL)).rejects.toThrow(words);
  });

  test('hand the key to the engine and to the calls by the same variable', async () => {
    const { engine } = await pooled({ apiKeyEnv: 'A_KEY' }, { more: { env: { A_KEY: 'secret' } } });
    expect((await engine.ensure(MODEL))[0]?.apiKey).toBe('secret');
  });

  test('a model that is nowhere is refused before anything starts', async () => {
    const { engine, jobs } = await pooled({});
    await expect(engine.ensure(checkpointModel('c'.repeat(64)))).rejects.toMatchObject({ type: 'ModelMissing' });
    expect(await jobs()).toEqual([]);
  });
});
