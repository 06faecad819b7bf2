import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { projectEngines } from '../../../activities/training/engines.ts';
import { openLap } from '../../../activities/laps/open.ts';
import { domains } from '../../../domains/index.ts';
import { FileStore } from '../../../activities/store/files.ts';
import type { LapPlan } from '../../../shared/cost/plan.ts';
import { config } from '../../../temporal.config.ts';
import { localCluster } from '../clusters/fixture.ts';

const here = {
  root: config.root,
  domains,
  clusters: [localCluster('/nowhere')],
  servingEngines: ['batcher', 'external'],
  isUnderWay: () => Promise.resolve(false),
  trainingEngines: projectEngines('python3'),
  bases: { fetch: () => Promise.reject(new Error('no hub is asked here')), inspect: () => Promise.resolve([]) },
};
let store: FileStore;
beforeEach(() => {
  store = new FileStore(mkdtempSync(path.join(os.tmpdir(), 'flywheel-store-')));
});
afterEach(() => rmSync(store.root, { recursive: true }));

test('a lap over its budget does not start: it gets no name, and its failure is final', async () => {
  await expect(openLap(store, here, { preset: 'smoke', budget: { tokens: 1000 } }, 'me')).rejects.toMatchObject({
    type: 'OverBudget',
    nonRetryable: true,
    message: expect.stringMatching(
      /^Invalid lap input: budget\.tokens: expected a plan of at most 1,000, got [\d,]+ \(tokens\): raise the limit/,
    ) as string,
  });
  expect(existsSync(store.path('laps'))).toBe(false);
});

test('an opened lap has its plan in the store, and a few numbers of it at hand', async () => {
  const opened = await openLap(store, here, { preset: 'smoke', budget: { calls: 1_000_000 } }, 'me');
  const plan = await store.readJson<LapPlan>(`laps/${opened.lap}/plan.json`);
  expect(opened.plan?.ref.uri).toBe(`laps/${opened.lap}/plan.json`);
  expect(opened.plan?.phases.map(({ phase, calls }) => [phase, calls])).toEqual(
    plan.phases.map(({ phase, expected }) => [phase, expected.calls]),
  );
  expect(JSON.stringify(opened.plan).length).toBeLessThan(2_000);
});

test('what the cluster cannot hold is refused with the number of planned calls', async () => {
  await expect(openLap(store, here, { preset: 'paper' }, 'me')).rejects.toThrow(
    /^Preset paper needs 32 nodes of 8 GPUs for training and plans \d,\d{3},\d{3} model calls\. Expected training\.cl/,
  );
  await expect(openLap(store, here, { preset: 'paper' }, 'me')).rejects.toThrow(
    'Expected training.cluster to be one that this installation has (local), got "slurm"',
  );
  await expect(openLap(store, here, { preset: 'smoke', training: { gpusPerNode: 2 } }, 'me')).rejects.toThrow(
    /^Preset smoke needs 1 node of 2 GPUs .* model calls\. Expected a cluster .* local has 1 node with 0 GPUs each/,
  );
  const gpus = { ...here, clusters: [localCluster('/nowhere', { capacity: { nodes: 1, gpusPerNode: 2 } })] };
  const opened = await openLap(store, gpus, { preset: 'smoke', training: { gpusPerNode: 2 } }, 'me');
  expect(opened.recipe.training.gpusPerNode).toBe(2);
});

test('an engine that does not serve here is refused by name', async () => {
  await expect(openLap(store, here, { preset: 'smoke', inference: { engine: 'pool' } }, 'me')).rejects.toThrow(
    'Invalid lap input: inference.engine: expected one of batcher, external, got "pool"',
  );
});

test('an engine that is not there is refused by the field, with those that are', async () => {
  await expect(openLap(store, here, { preset: 'smoke', training: { engine: 'large' } }, 'me')).rejects.toMatchObject({
    type: 'InvalidLap',
    message: 'Expected training.engine to be one that trains by grpo (small), got "large"',
  });
  const known = { engine: 'small', engineOptions: { anything: [1, 2] } };
  const opened = await openLap(store, here, { preset: 'smoke', training: known }, 'me');
  expect(opened.recipe.training).toMatchObject(known);
});

test('a cluster that is away refuses nothing: the lap is opened when it answers', async () => {
  const away = Object.assign(localCluster('/nowhere'), { capacity: () => Promise.reject(new Error('no route')) });
  await expect(openLap(store, { ...here, clusters: [away] }, { preset: 'smoke' }, 'me')).rejects.toMatchObject({
    message: 'no route',
    nonRetryable: false,
  });
  expect(existsSync(store.path('laps'))).toBe(false);
});

test('a base is one that is shipped, by name, or a folder of the store; another is refused by the field', async () => {
  const baseOf = (base: string) =>
    openLap(store, here, { preset: 'smoke', domain: { base } }, base).then((opened) => opened.base.sha256);
  expect(await baseOf('weakVerifier')).not.toBe(await baseOf('rehearsal'));
  expect(existsSync(store.path('laps/main/lap-0003'))).toBe(false);
  await expect(baseOf('weakverifier')).rejects.toThrow(
    'Invalid lap input: domain.base: expected rehearsal, weakVerifier, a checkpoint folder in the store or a ' +
      'model of ' +
      'a hub (hf:org/name@revision), got ' +
      '"weakverifier"',
  );
  expect(existsSync(store.path('laps/main/lap-0003'))).toBe(false);
});

test('what cannot fit is refused with all fields, before the lap has a name', async () => {
  const stages = { generator: { maxPromptTokens: 5, maxCompletionTokens: 1020 } };
  const sampling = { prove: { maxTokens: 9000 } };
  await expect(openLap(store, here, { preset: 'smoke', stages, sampling }, 'me')).rejects.toMatchObject({
    type: 'InvalidLap',
    message: expect.stringMatching(
      /^Invalid lap input: stages\.generator\.maxPromptTokens: expected at least 11, .*; stages\.\w+\.maxComp.*; samp/,
    ) as string,
  });
  const full = { ...here, free: () => Promise.resolve({ bytes: 1e6, of: '/state' }) };
  await expect(openLap(store, full, { preset: 'smoke' }, 'me')).rejects.toThrow(
    /^Invalid lap input: disk: expected 22\.2 MB free in \/state \(checkpoints 10\.9 MB, .*, got 1 MB: make room/,
  );
  expect(existsSync(store.path('laps'))).toBe(false);
});
