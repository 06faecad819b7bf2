import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openLap } from '../../../activities/laps/open.ts';
import { FileStore } from '../../../activities/store/files.ts';
import type { LapPlan } from '../../../shared/cost/plan.ts';
import type { DatasetRef } from '../../../shared/records.ts';
import { uri } from '../../../shared/ids.ts';
import { localCluster } from '../clusters/fixture.ts';
import { here } from './fixture.ts';
import { EIGHT_WORDINGS } from '../../shared/problems/cases.ts';

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
  const paper = { preset: 'paper', training: { engine: 'small' } };
  const smoke = { preset: 'smoke', training: { gpusPerNode: 2, engine: 'small' } };
  await expect(openLap(store, here, paper, 'me')).rejects.toThrow(
    /^Preset paper needs 32 nodes of 8 GPUs for training and plans \d,\d{3},\d{3} model calls\. Expected training\.cl/,
  );
  await expect(openLap(store, here, paper, 'me')).rejects.toThrow(
    'Expected training.cluster to be one that this installation has (local), got "slurm"',
  );
  await expect(openLap(store, here, smoke, 'me')).rejects.toThrow(
    /^Preset smoke needs 1 node of 2 GPUs .* model calls\. Expected a cluster .* local has 1 node with 0 GPUs each/,
  );
  const gpus = { ...here, clusters: [localCluster('/nowhere', { capacity: { nodes: 1, gpusPerNode: 2 } })] };
  const opened = await openLap(store, gpus, smoke, 'me');
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
    message: expect.stringMatching(
      /^Expected training\.engine to be one that trains by grpo \(small, .*\), got "large"$/,
    ) as string,
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
    'Invalid lap input: domain.base: expected rehearsal, weakVerifier, seesMisses, a checkpoint folder in the store ' +
      'or a model of a hub (hf:org/name@revision), got "weakverifier"',
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

describe('a lap on a team’s file', () => {
  const problems = (from: number, to: number, wording: number) =>
    EIGHT_WORDINGS.slice(from, to).map((each, n) => ({
      id: `p${from + n}-${wording}`,
      statement: each[wording]!,
      topic: 'algebra',
      source: 'a contest',
    }));
  const proofOf = (problem: object) => ({ id: 'x', problem, proof: 'P', model: 'm', score: 1 });
  const ids = async (ref: DatasetRef) => (await store.readRows<{ id: string }>(ref)).map(({ id }) => id);

  test('holds out for ever, in all runs and laps, and goes on without what came too near', async () => {
    const shipped = await openLap(store, here, { preset: 'smoke', run: 'shipped' }, 'me');
    await store.writeJsonl('imports/a.jsonl', problems(0, 20, 0));
    await store.writeJsonl('imports/b.jsonl', [...problems(0, 20, 0), ...problems(0, 30, 3)]);
    const settings = { path: 'imports/a.jsonl', validationShare: 0.1, heldOutShare: 0.2 };
    const domain = {
      name: 'proofs',
      settings,
      prompts: 'rehearsal',
      base: `checkpoints/${shipped.base.sha256}`,
      experts: 'people' as const,
    };
    const first = await openLap(store, here, { preset: 'smoke', domain: { ...domain, checker: 'none' } }, 'a');
    expect(first.problems).toMatchObject({ heldOut: { rows: 4 }, validation: { rows: 2 }, train: { rows: 14 } });
    const again = { preset: 'smoke', run: 'again', seed: 7, domain: { ...domain, checker: 'none' as const } };
    const other = await openLap(store, here, again, 'b');
    expect(other.problems.heldOut.sha256).toBe(first.problems.heldOut.sha256);

    // As the first lap would leave things, had its D_v been split by ids alone.
    const held = (await ids(first.problems.heldOut)).map((id) => id.replace('-0', '-3'));
    const [copy, fine] = [problems(0, 20, 3).find(({ id }) => id === held[0])!, problems(25, 26, 3)[0]!];
    const rows = await store.writeJsonl('datasets/main/lap-0001/rows.jsonl', [copy, fine].map(proofOf));
    const { lap, recipe, base } = first;
    const manifest = {
      lap,
      turn: 1,
      recipe,
      problems: first.problems,
      base,
      proofScores: { train: [rows], grown: rows, validation: rows },
      models: { generator: base, verifier: base },
      labels: { proofs: rows, carried: rows, set: {}, expert: 0 },
      reviews: [],
      evaluation: { proofs: rows, sets: [] },
    };
    await store.writeJson(uri.manifest(lap), manifest);
    const input = { from: lap, domain: { settings: { path: 'imports/b.jsonl' } } };
    const second = await openLap(store, here, input, 'c');
    expect(second.problems).toMatchObject({ heldOut: first.problems.heldOut, validation: first.problems.validation });
    const trained = await ids(second.problems.train);
    expect(trained).toHaveLength(14 + 24);
    expect(trained.filter((id) => held.includes(id))).toEqual([]);
    const left = await store.readRows<{ id: string }>(second.problems.leftOut!);
    expect(left.map(({ id }) => id).sort()).toEqual(expect.arrayContaining([...held].sort()));
    expect(second.problems.alike?.exact).toBe(20);
    const { proofScores, labels } = second.parent!;
    for (const part of [...proofScores.train, labels.proofs, labels.carried!])
      expect((await store.readRows<{ problem: { id: string } }>(part)).map(({ problem }) => problem.id)).toEqual([
        fine.id,
      ]);
    expect(proofScores.validation).toEqual(rows);
  });
});
