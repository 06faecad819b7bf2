import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { modelKey } from '../../../shared/records.ts';
import { engineContract } from './contract.ts';
import { bench, checkpointModel, endAll, HOSTED, MODEL, OTHER, whoAnswers, type More, type View } from './fixture.ts';

jest.setTimeout(60_000); // machines under load start processes slowly

const opened: View[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map(endAll));
});

async function served(options: Parameters<typeof bench>[0] = {}, more: More = {}) {
  const { open, starts, folder } = await bench(options);
  const view = open(more);
  opened.push(view);
  return { open, starts, folder, view, batcher: view.engine('batcher') };
}

for (const name of ['batcher', 'command', 'pool'])
  engineContract(name, name === 'batcher', async () => {
    const { open, starts, folder } = await bench();
    return {
      open: () => open().engine(name),
      models: [MODEL, OTHER],
      missing: checkpointModel('c'.repeat(64)),
      who: async (url) => (await whoAnswers(url)).pid,
      kill: (pid) => process.kill(pid, 'SIGKILL'),
      async askAndEnd(model) {
        const child = spawn(
          process.execPath,
          ['--import', 'tsx', 'test/activities/serving/starter.ts', folder, name, modelKey(model)],
          { stdio: ['ignore', 'pipe', 'inherit'] },
        );
        let text = '';
        child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
        await once(child, 'close');
        return text.trim();
      },
      starts: async () => (await starts()).length,
      close: () => endAll(open()),
    };
  });

describe('the batcher', () => {
  test('is told the folder of all checkpoints', async () => {
    const { batcher, folder } = await served();
    const [one] = await batcher.ensure(MODEL);
    const [two] = await batcher.ensure(OTHER);
    expect(one).toEqual({
      baseUrl: two?.baseUrl,
      model: modelKey(MODEL),
      maxConcurrency: 128,
      separates: true,
      sharesAtOnce: true,
    });
    expect(two?.model).toBe(modelKey(OTHER));
    const { args } = await whoAnswers(one?.baseUrl);
    expect(args.slice(0, 3)).toEqual(['--checkpoints', `${folder}/store/checkpoints`, '--port']);
  });

  test('that hangs is replaced', async () => {
    const hanging = await served({ mode: 'hung' }, { hungMs: 200, startMs: 500 });
    await expect(hanging.batcher.ensure(MODEL)).rejects.toMatchObject({ type: 'ModelServerFailed' });
    const healthy = (await bench({ folder: hanging.folder })).open({ hungMs: 200, startMs: 20_000 });
    opened.push(healthy);
    const [endpoint] = await healthy.engine('batcher').ensure(MODEL);
    expect((await whoAnswers(endpoint?.baseUrl)).pid).toBeGreaterThan(0);
    expect(await healthy.servers.list()).toHaveLength(1);
  });

  test('that cannot start is an error that names its log, not an endless loop', async () => {
    const { batcher, starts } = await served({ mode: 'broken' });
    await expect(batcher.ensure(MODEL)).rejects.toMatchObject({
      type: 'ModelServerFailed',
      message: expect.stringContaining('batcher.log'),
    });
    await expect(batcher.ensure(MODEL)).rejects.toThrow('batcher.log');
    expect(await starts()).toHaveLength(2);
  });

  test('is waited for while it loads', async () => {
    const { batcher } = await served({ mode: 'slow' });
    expect(await batcher.ensure(MODEL)).toHaveLength(1);
  });

  test('takes the port it was given if that is free, and another if not', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const { view, open } = await served();
    const withPort = open({ port }).engine('batcher');
    const [blocked] = await withPort.ensure(MODEL);
    expect(blocked?.baseUrl).not.toContain(`:${port}/`);
    await view.servers.stop();
    await new Promise((resolve) => blocker.close(resolve));
    const [free] = await withPort.ensure(MODEL);
    expect(free?.baseUrl).toContain(`:${port}/`);
  });

  test('is stopped with everything else', async () => {
    const { view, batcher } = await served();
    const [endpoint] = await batcher.ensure(MODEL);
    expect(await view.servers.stop()).toMatchObject([{ name: 'batcher' }]);
    await expect(fetch(`${endpoint?.baseUrl}/who`)).rejects.toThrow();
    expect(await view.servers.list()).toEqual([]);
  });

  test.each([
    ['a path', checkpointModel('../../etc')],
    ['a model that others run', HOSTED],
  ])('does not serve %s', async (_what, model) => {
    const { batcher, starts } = await served();
    await expect(batcher.ensure(model)).rejects.toMatchObject({ type: 'ModelMissing' });
    expect(await starts()).toEqual([]);
  });
});

describe('a process per checkpoint', () => {
  test('is started from the command, and told its checkpoint, port and name', async () => {
    const { view, folder } = await served();
    const [endpoint] = await view.engine('command').ensure(MODEL);
    const sha256 = modelKey(MODEL);
    expect((await whoAnswers(endpoint?.baseUrl)).args.slice(0, 4)).toEqual([
      '--served',
      sha256,
      '--from',
      `${folder}/store/checkpoints/${sha256}`,
    ]);
    expect((await view.servers.list()).map(({ name }) => name)).toEqual([`command-${sha256.slice(0, 16)}`]);
  });

  test('needs a command', async () => {
    const { view } = await served({}, { serveCommand: undefined });
    await expect(view.engine('command').ensure(MODEL)).rejects.toMatchObject({
      type: 'EngineNotConfigured',
      message: expect.stringContaining('FLYWHEEL_SERVE_COMMAND'),
    });
    await view.engine('command').release?.(MODEL);
  });
});

describe('endpoints that others run', () => {
  const endpoints = JSON.stringify([
    { baseUrl: 'http://one:8000/v1', models: { [modelKey(MODEL)]: 'prover' }, maxConcurrency: 256, apiKeyEnv: 'KEY' },
    { baseUrl: 'http://two:8000', models: { [modelKey(OTHER)]: 'any' }, answersAs: ['any-v2'] },
    { baseUrl: 'http://three:8000' },
  ]);

  test('are handed out for the models they serve, under the names they have there, with their keys', async () => {
    const external = (await served({}, { endpoints, env: { KEY: 'k' } })).view.engine('external');
    expect(await external.ensure(MODEL)).toEqual([
      { baseUrl: 'http://one:8000/v1', model: 'prover', maxConcurrency: 256, apiKey: 'k' },
      { baseUrl: 'http://three:8000', model: modelKey(MODEL), maxConcurrency: 64 },
    ]);
    expect(await external.ensure(OTHER)).toEqual([
      { baseUrl: 'http://two:8000', model: 'any', maxConcurrency: 64, answersAs: ['any-v2'] },
      { baseUrl: 'http://three:8000', model: modelKey(OTHER), maxConcurrency: 64 },
    ]);
  });

  test('are where a model says that it is, whatever else is configured', async () => {
    const external = (await served({}, { endpoints, env: { KEY: 'k' } })).view.engine('external');
    expect(await external.ensure(HOSTED)).toEqual([{ baseUrl: HOSTED.endpoint, model: 'big', maxConcurrency: 64 }]);
    expect(await external.ensure({ ...HOSTED, endpoint: 'http://one:8000/v1' })).toEqual([
      { baseUrl: 'http://one:8000/v1', model: 'big', maxConcurrency: 256, apiKey: 'k' },
    ]);
    const bare = (await served()).view.engine('external');
    expect(await bare.ensure(HOSTED)).toEqual([{ baseUrl: HOSTED.endpoint, model: 'big', maxConcurrency: 64 }]);
  });

  test('say how their replies hold thinking, where the model itself does not', async () => {
    const marks = { open: '<mull>', close: '</mull>' };
    const text = JSON.stringify([{ baseUrl: 'http://one', thinking: marks, thinkingBudgetField: 'thinking_budget' }]);
    const [endpoint] = await (await served({}, { endpoints: text })).view.engine('external').ensure(HOSTED);
    expect(endpoint?.thinking).toBeUndefined();
    const [known] = await (await served({}, { endpoints: text })).view.engine('external').ensure(MODEL);
    expect(known?.thinking?.(undefined)).toEqual(marks);
    expect(known?.budgetField).toBe('thinking_budget');
  });

  test.each([
    ['nothing', undefined, 'FLYWHEEL_ENDPOINTS to be set'],
    ['no JSON', 'http://gpu', 'FLYWHEEL_ENDPOINTS to be JSON'],
    ['no URL', '[{"baseUrl":"gpu-1"}]', 'FLYWHEEL_ENDPOINTS[0].baseUrl'],
    ['no concurrency', '[{"baseUrl":"http://gpu","maxConcurrency":0}]', 'got 0'],
    ['a name for all checkpoints', '[{"baseUrl":"http://gpu","models":{"*":"prover"}}]', 'got "*"'],
    [
      'one name for two checkpoints',
      JSON.stringify(
        ['a', 'b'].map((digit, one) => ({
          baseUrl: one === 0 ? 'http://gpu' : 'http://gpu/v1/',
          models: { [digit.repeat(64)]: 'prover' },
        })),
      ),
      'a name for each checkpoint, got "prover"',
    ],
    ['an unknown field', '[{"baseUrl":"http://gpu","url":1}]', 'FLYWHEEL_ENDPOINTS[0]'],
    ['marks without an end', '[{"baseUrl":"http://gpu","thinking":{"open":"<mull>"}}]', 'expected none, field or'],
    ['a key that is not there', '[{"baseUrl":"http://gpu","apiKeyEnv":"NO_KEY"}]', 'NO_KEY'],
    [
      'names that answers do not tell apart',
      `[{"baseUrl":"http://gpu","models":{"${'a'.repeat(64)}":"org/prover","${'b'.repeat(64)}":"Prover"}}]`,
      `got "Prover" for ${'b'.repeat(64)} and "org/prover"`,
    ],
    [
      'a name of one checkpoint for all answers',
      `[{"baseUrl":"http://gpu","answersAs":["one"],"models":{"${'a'.repeat(64)}":"one","${'b'.repeat(64)}":"two"}}]`,
      'got "one"',
    ],
    ['other models only', `[{"baseUrl":"http://gpu","models":{"${modelKey(OTHER)}":"x"}}]`, modelKey(MODEL)],
  ])('refuse %s by name', async (_what, text, words) => {
    const { view } = await served({}, { endpoints: text as string });
    await expect(view.engine('external').ensure(MODEL)).rejects.toMatchObject({
      type: 'EngineNotConfigured',
      message: expect.stringContaining(words),
    });
  });
});

describe('the tokens that an engine takes of a base', () => {
  const base = { sha256: 'a'.repeat(64), parameters: 1, bytes: 1, context: 8192 };
  const small = { ...base, context: 1024 };

  test.each([
    [undefined, base, 8192],
    [undefined, small, 512],
    [2048, base, 2048],
    [2048, small, 1024],
  ])('the bundled server, told %p, takes what it was told or what the model takes', async (context, of, most) => {
    const { view } = await served({}, { context });
    expect(await view.engine('batcher').window?.(of)).toMatchObject({ context: most });
  });

  /** A server with this list of models; without one it says nothing at all. */
  async function listing(models?: readonly object[]): Promise<{ baseUrl: string; end: () => void }> {
    const server = createHttpServer((_, response) => {
      if (models !== undefined) response.end(JSON.stringify({ object: 'list', data: models }));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { baseUrl: `http://127.0.0.1:${port}/v1`, end: () => server.closeAllConnections() ?? server.close() };
  }

  test('servers of others say it, the shortest counts, and one that is silent is not waited for', async () => {
    const [long, short, silent] = [
      await listing([{ id: base.sha256, max_model_len: 4096 }]),
      await listing([
        { id: 'other', max_model_len: 10 },
        { id: base.sha256, max_model_len: 2048 },
      ]),
      await listing(),
    ];
    const windowBy = (...servers: readonly { readonly baseUrl: string }[]) =>
      served({}, { endpoints: JSON.stringify(servers.map(({ baseUrl }) => ({ baseUrl }))) }).then(({ view }) =>
        view.engine('external').window?.(base),
      );
    expect(await windowBy(long, short, silent)).toEqual({ context: 2048, of: short.baseUrl });
    expect(await windowBy(silent)).toEqual({ silent: expect.stringContaining(silent.baseUrl) as string });
    for (const { end } of [long, short, silent]) end();
    expect(await windowBy(long)).toEqual({ silent: expect.stringContaining('ECONNREFUSED') as string });
  });

  test('endpoints that are missing, or serve other models, are told as such', async () => {
    const { view } = await served();
    await expect(view.engine('external').window?.(base)).rejects.toMatchObject({ type: 'EngineNotConfigured' });
    const others = JSON.stringify([{ baseUrl: 'http://gpu:8000', models: { ['b'.repeat(64)]: 'prover' } }]);
    const { view: other } = await served({}, { endpoints: others });
    await expect(other.engine('external').window?.(base)).rejects.toThrow(/serves a{64}, got http:\/\/gpu:8000 for/);
  });
});
