import type { ServingEngine } from '../../../activities/serving/types.ts';
import type { ModelRef } from '../../../shared/records.ts';

/** An engine with two models that it can serve, and a third that is nowhere. */
export interface EngineUnderTest {
  /** Another process's view of the same servers. */
  readonly open: () => ServingEngine;
  readonly models: readonly [ModelRef, ModelRef];
  readonly missing: ModelRef;
  /** Asks a server, by its base URL, who it is; fails where none answers. */
  readonly who: (baseUrl: string) => Promise<number>;
  /** Kills the server that is so called, with -9. */
  readonly kill: (who: number) => void;
  /** Asks for the model from a process of its own, which ends; the base URL that it was told. */
  readonly askAndEnd: (model: ModelRef) => Promise<string>;
  /** Servers that were started so far. */
  readonly starts: () => Promise<number>;
  /** Ends all servers. */
  readonly close: () => Promise<unknown>;
}

/**
 * What every engine promises that starts servers.
 * @param shared one server serves all models, and none is ended when a model is released.
 */
export function engineContract(what: string, shared: boolean, make: () => Promise<EngineUnderTest>): void {
  let it: EngineUnderTest;
  let engine: ServingEngine;
  let model: ModelRef;
  let other: ModelRef;
  beforeEach(async () => {
    it = await make();
    engine = it.open();
    [model, other] = it.models;
  });
  afterEach(() => it.close());

  const urlOf = async (view: ServingEngine, asked: ModelRef): Promise<string> => {
    const endpoints = await view.ensure(asked);
    expect(endpoints.length).toBeGreaterThanOrEqual(1);
    return endpoints[0]?.baseUrl ?? '';
  };

  describe(`${what}, as an engine,`, () => {
    test('says where a model is served once that answers', async () => {
      const [endpoint] = await engine.ensure(model);
      expect(endpoint?.maxConcurrency).toBeGreaterThanOrEqual(1);
      expect(endpoint?.model).not.toBe('');
      expect(await it.who(endpoint?.baseUrl ?? '')).toBeGreaterThan(0);
    });

    test('shares a server among however many ask at once, and later', async () => {
      const views = [engine, it.open(), it.open()];
      const urls = await Promise.all([...views, ...views].map((view) => urlOf(view, model)));
      expect(new Set([...urls, await urlOf(it.open(), model)]).size).toBe(1);
      expect(await it.starts()).toBe(1);
    });

    test('shares it among processes that race for it, and it outlives them', async () => {
      const urls = await Promise.all([1, 2, 3].map(() => it.askAndEnd(model)));
      expect(new Set(urls).size).toBe(1);
      expect(await it.who(urls[0] ?? '')).toBeGreaterThan(0);
      expect(await urlOf(engine, model)).toBe(urls[0]);
      expect(await it.starts()).toBe(1);
    });

    test(`serves two models with ${shared ? 'one server' : 'two servers'}`, async () => {
      const [one, two] = [await urlOf(engine, model), await urlOf(engine, other)];
      expect((await it.who(one)) === (await it.who(two))).toBe(shared);
      expect(await it.starts()).toBe(shared ? 1 : 2);
    });

    test('replaces a server that was killed, once, when those who miss it ask', async () => {
      const before = await it.who(await urlOf(engine, model));
      it.kill(before);
      const views = [engine, it.open(), engine, it.open()];
      const urls = await Promise.all(views.map((view) => urlOf(view, model)));
      const now = new Set(await Promise.all(urls.map(it.who)));
      expect(now.size).toBe(1);
      expect(now.has(before)).toBe(false);
      expect(await it.starts()).toBe(2);
    });

    test('releases what serves this model and no other, and serves it again when it is asked to', async () => {
      const [one, two] = [await urlOf(engine, model), await urlOf(engine, other)];
      await it.open().release?.(model);
      await expect(
        it.who(one).then(
          () => 'answers',
          () => 'ended',
        ),
      ).resolves.toBe(shared ? 'answers' : 'ended');
      expect(await it.who(two)).toBeGreaterThan(0);
      expect(await it.who(await urlOf(engine, model))).toBeGreaterThan(0);
    });

    test('has nothing to release of a model that it does not serve', async () => {
      await engine.release?.(model);
      expect(await it.starts()).toBe(0);
    });

    test('refuses a model that is nowhere, by name, before anything starts', async () => {
      await expect(engine.ensure(it.missing)).rejects.toMatchObject({ type: 'ModelMissing', nonRetryable: true });
      expect(await it.starts()).toBe(0);
    });
  });
}
