import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { basesByTrainer, importBase, importModel, type Bases } from '../../../activities/imports/bases.ts';
import { openLap } from '../../../activities/laps/open.ts';
import { checkpointDigest } from '../../../activities/store/checkpoints.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { projectEngines } from '../../../activities/training/engines.ts';
import { domains } from '../../../domains/index.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import { config } from '../../../temporal.config.ts';
import { localCluster } from '../clusters/fixture.ts';
import { checkpointFolder } from '../store/checkpointFixture.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const PINNED = `hf:test/tiny@${COMMIT}`;
const rehearsal = domains.of('rehearsal');
const shipped = path.join(config.root, rehearsal.bases['rehearsal'] ?? '');

let store: FileStore;
beforeEach(async () => {
  store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-store-')));
});
afterEach(() => rm(store.root, { recursive: true }));

/** A hub of one model, and what it was asked. */
function hub(folder: string, faults: readonly string[] = []): Bases & { asked: string[]; inspected: string[] } {
  const asked: string[] = [];
  const inspected: string[] = [];
  return {
    asked,
    inspected,
    async fetch(name, revision) {
      asked.push(`${name}@${revision}`);
      return { commit: COMMIT, folder };
    },
    async inspect(at) {
      inspected.push(at);
      return faults;
    },
  };
}

const baseOf = (bases: Bases, base: string) => importBase(store, { root: config.root, bases }, rehearsal, base);

test.each([
  ['hf:test/tiny@main', 'test/tiny@main'],
  ['test/tiny@main', 'test/tiny@main'],
  ['hf:test/tiny', 'test/tiny@main'],
  [`test/tiny@${COMMIT}`, `test/tiny@${COMMIT}`],
  ['hf:org-1/Model_2.5@refs/pr/1', 'org-1/Model_2.5@refs/pr/1'],
])('%s is a model of a hub, known by its commit from then on', async (base, asked) => {
  const folder = await checkpointFolder();
  const bases = hub(folder);
  const { checkpoint, name } = await baseOf(bases, base);
  expect(bases.asked).toEqual([asked]);
  expect(name).toBe(`hf:${asked.split('@')[0]}@${COMMIT}`);
  expect(checkpoint.sha256).toBe(await checkpointDigest(folder));
  expect((await store.readMade(checkpoint.uri))?.from).toEqual([{ as: 'hub', model: name }]);
  // It lies in the store: no hub is needed any more.
  expect(await baseOf(bases, name)).toEqual({ checkpoint, name });
  expect(bases.asked).toHaveLength(1);
});

test('a folder of the store comes before a hub, and a hub is asked only where the name says so', async () => {
  const bases = hub(await checkpointFolder());
  await expect(baseOf(bases, 'imports/tiny')).rejects.toThrow(
    'domain.base: expected rehearsal, weakVerifier, seesMisses, a checkpoint folder in the store or a model of a hub ' +
      '(hf:org/name@revision), got "imports/tiny"',
  );
  for (const name of ['hf:tiny', 'hf:', 'test/tiny@', 'a/b/c@main'])
    await expect(baseOf(bases, name)).rejects.toThrow('domain.base');
  const source = new FileStore(await checkpointFolder());
  for await (const name of source.list('')) await store.write(`imports/tiny@main/${name}`, source.read(name));
  expect((await baseOf(bases, 'imports/tiny@main')).name).toBe('imports/tiny@main');
  expect(bases.asked).toEqual([]);
});

test('what inspection finds is refused before it is taken in, and what lies there is not inspected', async () => {
  const folder = await checkpointFolder();
  const faulty = hub(folder, ['config.json is of tomorrow', 'the chat template refused the messages']);
  await expect(baseOf(faulty, 'hf:test/tiny')).rejects.toThrow(
    `Expected ${folder} to be a checkpoint that can be trained and served: config.json is of tomorrow; the chat ` +
      'template refused the messages',
  );
  expect(await store.exists('checkpoints')).toBe(false);
  const good = hub(folder);
  await baseOf(good, 'hf:test/tiny');
  await baseOf(good, 'hf:test/tiny');
  await baseOf(good, 'rehearsal');
  expect(good.inspected).toEqual([folder]);
});

test('a checkpoint of the store is taken as it is, by its digest, without being looked at again', async () => {
  const bases = hub(await checkpointFolder());
  const { checkpoint } = await importModel(store, bases, await checkpointFolder());
  expect(bases.inspected).toHaveLength(1);
  for (const base of [checkpoint.uri, `${checkpoint.uri}/`])
    expect(await baseOf(bases, base)).toEqual({ checkpoint, name: checkpoint.uri });
  expect(bases.inspected).toHaveLength(1);
  await store.write(`${checkpoint.uri}/config.json`, '{}');
  await expect(baseOf(bases, checkpoint.uri)).rejects.toThrow(`to have the digest ${checkpoint.sha256}, got`);
  const none = `checkpoints/${'0'.repeat(64)}`;
  await expect(baseOf(bases, none)).rejects.toThrow(
    `domain.base: expected a checkpoint of the store, got ${none}, which is not there: \`flywheel import base\``,
  );
});

test('a model is brought from a folder of this machine or a hub; the same one twice is one', async () => {
  const folder = await checkpointFolder();
  const bases = hub(folder);
  const sha256 = await checkpointDigest(folder);
  const brought = { checkpoint: { uri: `checkpoints/${sha256}`, sha256 }, name: `checkpoints/${sha256}` };
  expect(await importModel(store, bases, folder)).toEqual(brought);
  expect(await importModel(store, bases, path.relative('.', folder))).toEqual(brought);
  expect(await importModel(store, bases, brought.name)).toEqual(brought);
  expect(await importModel(store, bases, 'hf:test/tiny')).toEqual({ ...brought, name: PINNED });
  expect(bases.inspected).toHaveLength(1);
  await expect(importModel(store, bases, 'not/there')).rejects.toThrow(
    'Expected a folder with a model, or a model of a hub (hf:org/name@revision), got "not/there", which is not there',
  );
  const broken = await checkpointFolder({ 'tokenizer.json': undefined });
  await expect(importModel(store, bases, broken)).rejects.toThrow('tokenizer.json is missing');
});

const installation = (bases: Bases) => ({
  root: config.root,
  domains,
  clusters: [localCluster('/nowhere')],
  servingEngines: ['batcher'],
  isUnderWay: () => Promise.resolve(false),
  trainingEngines: projectEngines('python3'),
  bases,
});

test('a lap records the commit of its base, whatever its recipe called it', async () => {
  const input = { preset: 'smoke', domain: { base: 'test/tiny@main' } } as const;
  const opened = await openLap(store, installation(hub(shipped)), input, 'me');
  expect(opened.recipe.domain.base).toBe(PINNED);
  expect((await store.readJson<Recipe>(`laps/${opened.lap}/recipe.json`)).domain.base).toBe(PINNED);
  expect(opened.base.sha256).toBe(await checkpointDigest(shipped));
});

describe("the trainer's Python", () => {
  let server: ChildProcess;
  let endpoint: string;
  let cache: string;
  const python = process.env['FLYWHEEL_TRAINER_PYTHON'] ?? 'python3';
  const bases = (more: Readonly<Record<string, string>> = {}) =>
    basesByTrainer({
      python,
      root: config.root,
      env: {
        ...process.env,
        OMP_NUM_THREADS: '1',
        HF_ENDPOINT: endpoint,
        HF_HOME: cache,
        HF_HUB_OFFLINE: '0',
        ...more,
      },
    });

  beforeAll(async () => {
    cache = await mkdtemp(path.join(tmpdir(), 'flywheel-hub-'));
    server = spawn(python, ['-m', 'trainer.tests.fake_hub', shipped, COMMIT], {
      cwd: config.root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: server.stdout ?? process.stdin });
    const [port] = (await once(lines, 'line')) as [string];
    endpoint = `http://127.0.0.1:${port}`;
  }, 120_000);
  afterAll(async () => {
    server.kill();
    await rm(cache, { recursive: true, force: true });
  });

  test('fetches a base from a hub that is reached, and refuses the lap where none is', async () => {
    const opened = await openLap(
      store,
      installation(bases()),
      { preset: 'smoke', domain: { base: 'hf:test/tiny' } },
      'me',
    );
    expect(opened.base.sha256).toBe(await checkpointDigest(shipped));
    expect(opened.recipe.domain.base).toBe(PINNED);
    const away = installation(bases({ HF_ENDPOINT: 'http://127.0.0.1:9' }));
    const input = { preset: 'smoke', domain: { base: 'hf:test/other@main' } } as const;
    await expect(openLap(store, away, input, 'other')).rejects.toMatchObject({
      type: 'InvalidLap',
      nonRetryable: true,
      message: expect.stringMatching(
        /domain\.base: test\/other@main at http:\/\/127\.0\.0\.1:9 cannot be fetched .*put the model's folder into the/,
      ) as string,
    });
  }, 240_000);

  test('is not everywhere: without it no hub is asked, and the store’s folders are taken as they say', async () => {
    const none = basesByTrainer({ python: '/no/such/python', root: config.root, env: {} });
    await expect(none.fetch('test/tiny', 'main')).rejects.toThrow('/no/such/python is not there');
    expect(await none.inspect('/anywhere')).toEqual([]);
  });
});
