import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createServingActivities, type Serving } from '../../../activities/serving/activities.ts';
import { bench, MODEL, OTHER } from './fixture.ts';

jest.setTimeout(60_000); // machines under load start processes slowly

const opened: Serving[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((serving) => serving.stop()));
});

async function served(
  options: Parameters<typeof bench>[0] = {},
  more: Parameters<Awaited<ReturnType<typeof bench>>['open']>[0] = {},
) {
  const { open, starts, folder } = await bench(options);
  const serving = open(more);
  opened.push(serving);
  return { open, starts, folder, serving };
}

async function whoAnswers(baseUrl: string | undefined): Promise<{ pid: number; args: string[]; threads: string }> {
  return (await (await fetch(`${baseUrl}/who`)).json()) as { pid: number; args: string[]; threads: string };
}

describe('the batcher', () => {
  test('serves every checkpoint of the store from one process, with one thread', async () => {
    const { serving, starts, folder } = await served();
    const [one] = await serving.endpoints(MODEL);
    const [two] = await serving.endpoints(OTHER);
    expect(one).toEqual({ baseUrl: two?.baseUrl, model: MODEL, maxConcurrency: 128 });
    expect(two?.model).toBe(OTHER);
    const { args, threads } = await whoAnswers(one?.baseUrl);
    expect(args.slice(0, 3)).toEqual(['--checkpoints', `${folder}/store/checkpoints`, '--port']);
    expect(threads).toBe('1');
    expect(await starts()).toHaveLength(1);
  });

  test('is started once by however many ask at once', async () => {
    const { open, starts, serving } = await served();
    const views = [serving, open(), open(), open()];
    const all = await Promise.all([...views, ...views].map((view) => view.endpoints(MODEL, { refresh: true })));
    expect(new Set(all.map(([endpoint]) => endpoint?.baseUrl)).size).toBe(1);
    expect(await starts()).toHaveLength(1);
  });

  test('is started once by processes that race for it', async () => {
    const { starts, folder } = await served();
    const ports = await Promise.all(
      [1, 2, 3].map(async () => {
        const child = spawn(process.execPath, ['--import', 'tsx', 'test/activities/serving/starter.ts', folder], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let text = '';
        child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
        await once(child, 'close');
        return text.trim();
      }),
    );
    expect(new Set(ports).size).toBe(1);
    expect(ports[0]).toMatch(/^http:/);
    expect(await starts()).toHaveLength(1);
  });

  test('that was killed with -9 is started again, once, when those who miss it ask', async () => {
    const { open, serving, starts } = await served();
    const other = open();
    const [before] = await serving.endpoints(MODEL);
    await other.endpoints(MODEL);
    const { pid } = await whoAnswers(before?.baseUrl);
    process.kill(pid, 'SIGKILL');
    const all = await Promise.all(
      [serving, other, serving, other].map((view) => view.endpoints(MODEL, { refresh: true })),
    );
    const answers = await Promise.all(all.map(([endpoint]) => whoAnswers(endpoint?.baseUrl)));
    expect(new Set(answers.map((answer) => answer.pid)).size).toBe(1);
    expect(answers[0]?.pid).not.toBe(pid);
    expect(await starts()).toHaveLength(2);
  });

  test('outlives who started it, and is found again', async () => {
    const { open, serving, starts } = await served();
    const [endpoint] = await serving.endpoints(MODEL);
    expect(await open().endpoints(MODEL)).toEqual([endpoint]);
    expect(await starts()).toHaveLength(1);
  });

  test('that hangs is replaced', async () => {
    const hanging = await served({ mode: 'hung' }, { hungMs: 200, startMs: 500 });
    await expect(hanging.serving.endpoints(MODEL)).rejects.toMatchObject({ type: 'ModelServerFailed' });
    const healthy = (await bench({ folder: hanging.folder })).open({ hungMs: 200, startMs: 20_000 });
    opened.push(healthy);
    const [endpoint] = await healthy.endpoints(MODEL);
    expect((await whoAnswers(endpoint?.baseUrl)).pid).toBeGreaterThan(0);
    expect(await healthy.list()).toHaveLength(1);
  });

  test('that cannot start is an error that names its log, not an endless loop', async () => {
    const { serving, starts } = await served({ mode: 'broken' });
    await expect(serving.endpoints(MODEL)).rejects.toMatchObject({
      type: 'ModelServerFailed',
      message: expect.stringContaining('batcher.log'),
    });
    await expect(serving.endpoints(MODEL, { refresh: true })).rejects.toThrow('batcher.log');
    expect(await starts()).toHaveLength(2);
  });

  test('is waited for while it loads', async () => {
    const { serving } = await served({ mode: 'slow' });
    expect(await serving.endpoints(MODEL)).toHaveLength(1);
  });

  test('takes the port it was given if that is free, and another if not', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as { port: number };
    const { serving, open } = await served();
    const withPort = open({ batcher: { command: [process.execPath, 'test/activities/serving/fakeServer.mjs'], port } });
    const [blocked] = await withPort.endpoints(MODEL);
    expect(blocked?.baseUrl).not.toContain(`:${port}/`);
    await serving.stop();
    await new Promise((resolve) => blocker.close(resolve));
    const [free] = await withPort.endpoints(MODEL, { refresh: true });
    expect(free?.baseUrl).toContain(`:${port}/`);
  });

  test('is stopped with everything else', async () => {
    const { serving } = await served();
    const [endpoint] = await serving.endpoints(MODEL);
    expect(await serving.stop()).toMatchObject([{ name: 'batcher' }]);
    await expect(fetch(`${endpoint?.baseUrl}/who`)).rejects.toThrow();
    expect(await serving.list()).toEqual([]);
  });

  test('a model that is not in the store is refused by name', async () => {
    const { serving, starts } = await served();
    await expect(serving.endpoints('c'.repeat(64))).rejects.toMatchObject({ type: 'ModelMissing', nonRetryable: true });
    await expect(serving.endpoints('../../etc')).rejects.toMatchObject({ type: 'ModelMissing' });
    expect(await starts()).toEqual([]);
  });
});

describe('a process per checkpoint', () => {
  test(
    'is started from the command, told its checkpoint, port and name, and ended when its model is ' + 'released',
    async () => {
      const { serving, open, starts, folder } = await served();
      const activities = createServingActivities({ serving });
      const models = [MODEL, OTHER].map((sha256) => ({
        role: 'verifier' as const,
        checkpoint: { uri: `checkpoints/${sha256}`, sha256 },
      }));
      await new MockActivityEnvironment().run(() => activities.ensureServed({ models, engine: 'command' }));
      const [one] = await open().endpoints(MODEL); // another process asks the same engine, though nobody told it
      const [two] = await serving.endpoints(OTHER);
      expect((await whoAnswers(one?.baseUrl)).args.slice(0, 4)).toEqual([
        '--served',
        MODEL,
        '--from',
        `${folder}/store/checkpoints/${MODEL}`,
      ]);
      expect((await whoAnswers(two?.baseUrl)).args[1]).toBe(OTHER);
      await new MockActivityEnvironment().run(() => activities.releaseServed({ models: models.slice(0, 1) }));
      expect((await serving.list()).map(({ name }) => name)).toEqual([`command-${OTHER.slice(0, 16)}`]);
      expect(await starts()).toHaveLength(2);
    },
  );

  test('needs a command', async () => {
    const { serving } = await served({}, { serveCommand: undefined });
    await expect(serving.endpoints(MODEL, { engine: 'command' })).rejects.toMatchObject({
      type: 'EngineNotConfigured',
      message: expect.stringContaining('FLYWHEEL_SERVE_COMMAND'),
    });
  });
});

describe('endpoints that others run', () => {
  test('are handed out for the models they serve, under the names they have there, with their keys', async () => {
    const externalEndpoints = JSON.stringify([
      { baseUrl: 'http://one:8000/v1', models: { [MODEL]: 'prover' }, maxConcurrency: 256, apiKeyEnv: 'ONE_KEY' },
      { baseUrl: 'http://two:8000', models: { '*': 'any' } },
      { baseUrl: 'http://three:8000' },
    ]);
    const { serving } = await served({}, { externalEndpoints, env: { ONE_KEY: 'k' }, engine: 'external' });
    expect(await serving.endpoints(MODEL)).toEqual([
      { baseUrl: 'http://one:8000/v1', model: 'prover', maxConcurrency: 256, apiKey: 'k' },
      { baseUrl: 'http://two:8000', model: 'any', maxConcurrency: 64 },
      { baseUrl: 'http://three:8000', model: MODEL, maxConcurrency: 64 },
    ]);
    expect((await serving.endpoints(OTHER)).map(({ model }) => model)).toEqual(['any', OTHER]);
  });

  test.each([
    ['nothing', undefined, 'FLYWHEEL_ENDPOINTS to be set'],
    ['no JSON', 'http://gpu', 'FLYWHEEL_ENDPOINTS to be JSON'],
    ['no URL', '[{"baseUrl":"gpu-1"}]', 'FLYWHEEL_ENDPOINTS[0].baseUrl'],
    ['no concurrency', '[{"baseUrl":"http://gpu","maxConcurrency":0}]', 'got 0'],
    ['an unknown field', '[{"baseUrl":"http://gpu","url":1}]', 'FLYWHEEL_ENDPOINTS[0]'],
    ['a key that is not there', '[{"baseUrl":"http://gpu","apiKeyEnv":"NO_KEY"}]', 'NO_KEY'],
    ['other models only', `[{"baseUrl":"http://gpu","models":{"${OTHER}":"x"}}]`, MODEL],
  ])('refuse %s by name', async (_what, externalEndpoints, words) => {
    const { serving } = await served({}, { externalEndpoints });
    await expect(serving.endpoints(MODEL, { engine: 'external' })).rejects.toMatchObject({
      type: 'EngineNotConfigured',
      message: expect.stringContaining(words),
    });
  });
});
