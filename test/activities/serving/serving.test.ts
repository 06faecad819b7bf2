import { MockActivityEnvironment } from '@temporalio/testing';
import { createServingActivities } from '../../../activities/serving/activities.ts';
import type { Serving } from '../../../activities/serving/serving.ts';
import { placeOf, type Place } from '../../../shared/ids.ts';
import type { ModelRef } from '../../../shared/records.ts';
import { bench, HOSTED, MODEL, OTHER, whoAnswers, type View } from './fixture.ts';

jest.setTimeout(60_000); // machines under load start processes slowly

const opened: View[] = [];
afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(opened.splice(0).map(({ servers }) => servers.stop()));
});

/** Two processes, each with a Serving of its own. */
async function served() {
  const { open, starts } = await bench();
  const [view, elsewhere] = [open(), open()];
  opened.push(view);
  const running = async () => (await view.servers.list()).map(({ name }) => name).sort();
  return { one: view.serving, other: elsewhere.serving, running, starts };
}
const hold = (serving: Serving, holder: string, models: readonly ModelRef[] = [MODEL], hours = 1) =>
  serving.hold(models, { holder: holder as Place, engine: 'command', hours });
const letGo = (serving: Serving, holder: string) => serving.letGo(holder as Place);
const hoursPass = (hours: number) =>
  jest.useFakeTimers({ doNotFake: ['setTimeout', 'setImmediate', 'nextTick'], now: Date.now() + hours * 3_600_000 });
const NAMES = [`command-${'a'.repeat(16)}`, `command-${'b'.repeat(16)}`];

describe('a server', () => {
  test('stays when one of two holders of its model lets go, and ends with the last', async () => {
    const { one, other, running, starts } = await served();
    await hold(one, 'main/lap-0001/verifier-v2');
    await hold(other, 'seed-2/lap-0001/verifier-v2');
    await letGo(one, 'main/lap-0001/verifier-v2');
    expect(await running()).toEqual(NAMES.slice(0, 1));
    await letGo(one, 'seed-2/lap-0001/verifier-v2'); // from whatever process
    expect(await running()).toEqual([]);
    expect(await starts()).toHaveLength(1);
  });

  test('of another model that the same holder held ends too; what others hold of them stays', async () => {
    const { one, other, running } = await served();
    await hold(one, 'a', [MODEL, OTHER]);
    await hold(other, 'b', [OTHER]);
    await letGo(one, 'a');
    expect(await running()).toEqual(NAMES.slice(1));
  });

  test('is not ended by a holder who lets go twice, or who never held it', async () => {
    const { one, running } = await served();
    await hold(one, 'a');
    await letGo(one, 'nobody');
    await hold(one, 'a'); // an activity that is tried again
    await hold(one, 'b');
    await letGo(one, 'a');
    await letGo(one, 'a');
    expect(await running()).toEqual(NAMES.slice(0, 1));
  });

  test('that only a dead holder held ends once its hold has lapsed, when another comes or goes', async () => {
    const { one, other, running } = await served();
    await hold(one, 'terminated', [MODEL], 2);
    await hold(other, 'b', [OTHER], 8);
    expect(await running()).toEqual(NAMES);
    hoursPass(3);
    await hold(other, 'c', [OTHER]);
    expect(await running()).toEqual(NAMES.slice(1));
    await hold(one, 'd'); // and one that has lapsed once ends nothing more
    await letGo(other, 'c');
    expect(await running()).toEqual(NAMES);
  });

  test('whose hold has lapsed is still asked of the engine that held it', async () => {
    const { one, other, running } = await served();
    await hold(one, 'slow');
    hoursPass(2);
    await letGo(other, 'nobody');
    expect(await running()).toEqual([]);
    await other.endpoints(MODEL);
    expect(await running()).toEqual(NAMES.slice(0, 1));
  });

  test('that nobody holds is there for who asks, by the first engine', async () => {
    const { one, running } = await served();
    const [endpoint] = await one.endpoints(MODEL);
    expect((await whoAnswers(endpoint?.baseUrl)).pid).toBeGreaterThan(0);
    expect(await running()).toEqual(['batcher']);
  });
});

describe('where a model is served', () => {
  test('is believed until somebody says that it is gone', async () => {
    const { one, starts } = await served();
    const [before] = await one.endpoints(MODEL, { engine: 'command' });
    process.kill((await whoAnswers(before?.baseUrl)).pid, 'SIGKILL');
    expect(await one.endpoints(MODEL, { engine: 'command' })).toEqual([before]);
    const [after] = await one.endpoints(MODEL, { engine: 'command', refresh: true });
    expect((await whoAnswers(after?.baseUrl)).pid).toBeGreaterThan(0);
    expect(await starts()).toHaveLength(2);
  });

  test('is its own endpoint for a model that names one, whichever engine is asked for', async () => {
    const { one } = await served();
    for (const engine of ['batcher', 'command', 'external'])
      for (const endpoint of ['http://gpu:8000', 'http://other:8000'])
        expect(await one.endpoints({ ...HOSTED, endpoint }, { engine })).toMatchObject([
          { baseUrl: endpoint, model: 'big' },
        ]);
  });

  test('cannot be asked of an engine that is not there', async () => {
    const { one } = await served();
    const unknown = { type: 'EngineNotConfigured', message: expect.stringContaining('batcher, command, external') };
    await expect(one.endpoints(MODEL, { engine: 'none' })).rejects.toMatchObject(unknown);
    await expect(one.hold([MODEL], { holder: 'a' as Place, engine: 'none', hours: 1 })).rejects.toMatchObject(unknown);
    await letGo(one, 'a');
  });
});

test('a stage has its judges served, other processes ask the same engine, and they end with the stage', async () => {
  const { one, other, running } = await served();
  const activities = createServingActivities({ serving: one });
  const stage = { models: [MODEL, OTHER], holder: placeOf('main/lap-0001', 'verifierV2'), engine: 'command', hours: 1 };
  await new MockActivityEnvironment().run(() => activities.ensureServed(stage));
  const [endpoint] = await other.endpoints(MODEL);
  expect((await whoAnswers(endpoint?.baseUrl)).args[1]).toBe(MODEL.checkpoint.sha256);
  expect(await running()).toEqual(NAMES);
  await new MockActivityEnvironment().run(() => activities.releaseServed({ holder: stage.holder }));
  expect(await running()).toEqual([]);
});
