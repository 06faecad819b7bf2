import { cp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FileStore } from '../../../activities/store/files.ts';
import { madeUri } from '../../../activities/store/types.ts';
import { lineage } from '../../../reports/lineage/lineage.ts';
import { lineageTree } from '../../../reports/lineage/lineageTree.ts';
import { idOf, type Lineage } from '../../../shared/figures/lineage.ts';
import type { Task } from '../../../shared/records.ts';
import { newFolder } from '../figures/lapFixture.ts';
import { writeChain, type Chain } from './chainFixture.ts';

let whole: Chain;
beforeAll(async () => {
  whole = await writeChain();
});

/** The chain, for a test that changes it. */
async function copied(): Promise<Chain> {
  const { store } = whole;
  const root = await newFolder();
  await cp(store.root, root, { recursive: true });
  return { ...whole, store: new FileStore(root) };
}

const walk = ({ store }: Chain, asked: string, lap?: string): Promise<Lineage> =>
  lineage(store, asked, { weights: true, ...(lap && { lap }) });
const nodeOf = (found: Lineage, id: string) => found.nodes.find((node) => node.id === id);
/** The rows about a proof that was asked about. */
const trailOf = (found: Lineage) =>
  nodeOf(found, found.subject)?.facts['trail'] as { by: string; learnedBy?: string[]; task?: Task; rows: number }[];
const sources = (found: Lineage, id: string) =>
  nodeOf(found, id)?.from.map(({ as, ...source }) => `${as}: ${idOf(source)}`);

describe('a chain of two laps', () => {
  test("a verifier of lap 2 goes back to the base and the first expert's score", async () => {
    const { second, base } = whole;
    const { verifier } = second.models;
    const found = await walk(whole, verifier.sha256.slice(0, 12));
    expect(found.subject).toBe(verifier.uri);
    expect(found.chain.map(({ uri }) => uri)).toEqual([
      'laps/main/lap-0002/manifest.json',
      'laps/main/lap-0001/manifest.json',
    ]);
    expect(nodeOf(found, verifier.uri)).toMatchObject({ by: 'main/lap-0002/verifier-v2', facts: { steps: 2 } });
    expect(sources(found, verifier.uri)).toEqual([
      `started from: ${second.consolidation?.checkpoint.uri}`,
      'trained on: datasets/main/lap-0002/verifier-v2/1-verify.jsonl',
      'rewards: rewards/main/lap-0002/verifier-v2/spec.json',
      'job: jobs/main/lap-0002/verifier-v2/job-1.json',
    ]);
    expect(sources(found, 'datasets/main/lap-0002/verifier-v2/1-verify.jsonl')).toEqual([
      'rows: datasets/main/lap-0001/proof-scores/grown.jsonl',
      `prompts: prompts/${second.prompts.sha256}`,
    ]);
    expect(nodeOf(found, 'datasets/main/lap-0001/proof-scores/grown.jsonl')?.facts).toMatchObject({
      rows: 1,
      counts: { 'auto of main/lap-0001': 1 },
    });
    expect(nodeOf(found, base.uri)).toMatchObject({ by: 'importCheckpoint', from: [] });
    expect(found.firstScore).toMatchObject({
      annotator: 'ada',
      source: 'expert',
      score: 0,
      review: 'main/lap-0001/cold-start/experts',
      question: 'p0-r0-0',
    });
  });

  test('a generator names the judge of its rewards', async () => {
    const found = await walk(whole, 'lap-0001/generator');
    const spec = 'rewards/main/lap-0001/generator/spec.json';
    expect(sources(found, found.subject)).toContain(`rewards: ${spec}`);
    expect(sources(found, spec)).toContain(`verifier: ${whole.first.models.verifier.uri}`);
    expect(nodeOf(found, spec)?.verified).toEqual(['sha256']);
  });

  test('a dataset names the sets and reviews that it was made from', async () => {
    const found = await walk(whole, 'datasets/main/lap-0001/proof-scores/train.jsonl');
    expect(sources(found, found.subject)).toEqual([
      'subject: datasets/main/lap-0001/cold-start/round-0.jsonl',
      'results: reviews/main/lap-0001/cold-start/experts.jsonl',
      'held back: datasets/main/lap-0001/problems/validation.jsonl',
    ]);
    expect(sources(found, 'datasets/main/lap-0001/cold-start/round-0.jsonl')).toContain(
      'answers: ledger/main/lap-0001/cold-start/draft',
    );
    expect(nodeOf(found, 'reviews/main/lap-0001/cold-start/experts')?.facts).toMatchObject({
      verdicts: 1,
      annotators: ['ada'],
    });
  });

  test('a proof names its call, its label with order and reason, and the trainings that learned from it', async () => {
    const found = await walk(whole, 'p1-lap1-0');
    expect(nodeOf(found, 'p1-lap1-0')?.facts).toMatchObject({
      problem: 'p1',
      model: whole.first.models.generator.sha256,
      ledger: { set: 'main/lap-0001/label/proofs', row: 'p1', sample: 0 },
    });
    const trail = trailOf(found);
    expect(trail.find(({ by }) => by === 'collectLabels')).toMatchObject({
      in: 'labels/main/lap-0001/label/verdicts/labels.jsonl',
      decision: { kind: 'labelled', score: 1 },
      stopReason: 'decided',
      order: ['4'],
    });
    expect(trail.find(({ by }) => by === 'growProofScores')).toMatchObject({ score: 1, source: 'auto' });
    expect(trail.flatMap(({ learnedBy = [], task, rows }) => learnedBy.map((by) => `${by}: ${rows} ${task}`))).toEqual([
      'main/lap-0002/consolidation: 2 prove',
      'main/lap-0002/verifier-v2: 1 verify',
    ]);
    expect(nodeOf(found, whole.first.models.generator.uri)).toBeDefined();
    expect(nodeOf(found, whole.first.models.verifier.uri)).toBeDefined();
  });

  test('a proof names who scored it', async () => {
    const found = await walk(whole, 'p0-r0-0');
    expect(trailOf(found).find(({ by }) => by === 'collectReviews')).toMatchObject({
      verdicts: [{ annotator: 'ada', score: 0 }],
      result: { kind: 'scored' },
    });
    expect(trailOf(found).find(({ by }) => by === 'recordProofScores')).toMatchObject({ score: 0, source: 'expert' });
  });

  test("the tree shows each thing's sources once", async () => {
    const text = lineageTree(await walk(whole, 'main/lap-0002'));
    expect(text).toContain('First score: 0 by ada (expert)');
    expect(text).toContain('Chain: main/lap-0002 → main/lap-0001');
    expect(text.match(/scored: 1/g)).toHaveLength(1);
    expect(text).not.toMatch(/undefined|\[object/);
  });

  test.each([
    ['nothing of the kind', 'which is in nothing that was looked at'],
    ['1234567', 'or 8 or more characters of a digest, got "1234567"'],
    ['datasets/main/lap-0001/other.jsonl', 'got "datasets/main/lap-0001/other.jsonl"'],
  ])('%j is refused by name', async (asked, message) => {
    await expect(walk(whole, asked)).rejects.toThrow(message);
  });
});

test('of proofs with one id the lap says which is meant', async () => {
  const { store, ...chain } = await copied();
  const other = 'datasets/other/lap-0001/label/candidates.jsonl';
  await store.writeJsonl(other, [{ id: 'p1-lap1-0' }], { by: 'collectProofs', from: [] });
  await expect(walk({ store, ...chain }, 'p1-lap1-0')).rejects.toThrow(
    'got "p1-lap1-0", which main/lap-0001 and other/lap-0001 both have; say which with --lap',
  );
  expect((await walk({ store, ...chain }, 'p1-lap1-0', 'main/lap-0002')).subject).toBe('p1-lap1-0');
});

test('what was written before steps said what they read ends the walk, and the tree says so', async () => {
  const chain = await copied();
  const { uri } = chain.first.proofScores.grown;
  await rm(chain.store.path(madeUri(uri)));
  const found = await walk(chain, 'main/lap-0002/verifier-v2');
  expect(nodeOf(found, uri)).toMatchObject({ by: null, from: [], verified: ['sha256'] });
  expect(lineageTree(found)).toContain('by a step that did not say what it read: the walk ends here');
});

describe('a broken link is named:', () => {
  const v1 = 'main/lap-0001/verifier-v1';
  test.each<[string, (chain: Chain) => Promise<unknown>, RegExp]>([
    [
      'a parent that was changed',
      async ({ store, first }) => store.writeJson('laps/main/lap-0001/manifest.json', { ...first, endedAt: 'later' }),
      /expected the sha256 of .*lap-0001\/manifest.json to be [0-9a-f]{64}, got/,
    ],
    [
      'a parent that is gone',
      async ({ store }) => rm(store.path('laps/main/lap-0001/manifest.json')),
      /expected .*laps\/main\/lap-0001\/manifest.json to be there, got none/,
    ],
    [
      'a recipe that was changed',
      async ({ store }) => store.writeJson('laps/main/lap-0001/recipe.json', {}),
      /expected the sha256 of laps\/main\/lap-0001\/recipe.json to be/,
    ],
    [
      'a dataset that was changed',
      async ({ store }) => store.write('datasets/main/lap-0001/proof-scores/train.jsonl', ''),
      /Broken link: Expected datasets\/main\/lap-0001\/proof-scores\/train.jsonl to have sha256/,
    ],
    [
      'a dataset that was changed together with what was said of it',
      async ({ store, second }) => {
        const { uri, sha256 } = second.stages[0]!.datasets[0]!;
        const { by = '', from = [] } = (await store.readMade(uri)) ?? {};
        const changed = await store.writeJsonl(uri, [{ itemId: 'other' }], { by, from });
        const made = madeUri(second.models.verifier.uri);
        await store.write(made, (await store.readText(made)).replaceAll(sha256, changed.sha256));
      },
      /expected the sha256 of datasets\/main\/lap-0002\/verifier-v2\/1-verify.jsonl to be [0-9a-f]{64}, got/,
    ],
    [
      'a checkpoint that was changed',
      async ({ store, base }) => writeFile(path.join(store.path(base.uri), 'config.json'), 'other'),
      /to have the digest [0-9a-f]{64}, got/,
    ],
    [
      'a checkpoint that is gone',
      async ({ store, base }) => rm(store.path(base.uri), { recursive: true }),
      /to be a checkpoint folder, got an empty one or none/,
    ],
    [
      'a job that started elsewhere',
      async ({ store, first }) =>
        store.writeJson(`jobs/${v1}/job-1.json`, { initCheckpoint: first.models.generator, datasets: [] }),
      /expected the sha256 of jobs\/main\/lap-0001\/verifier-v1\/job-1.json to be/,
    ],
    [
      'a job that came to something else',
      async ({ store, first }) =>
        store.writeJson(`jobs/${v1}/result.json`, { status: 'succeeded', checkpoint: first.models.generator }),
      /expected the checkpoint in jobs\/main\/lap-0001\/verifier-v1\/result.json to be/,
    ],
    [
      'a reward spec that was changed',
      async ({ store }) => store.writeJson(`rewards/${v1}/spec.json`, { judges: {}, other: true }),
      /expected the sha256 of rewards\/main\/lap-0001\/verifier-v1\/spec.json to be/,
    ],
  ])('%s', async (_, breakIt, message) => {
    const chain = await copied();
    await breakIt(chain);
    await expect(walk(chain, 'main/lap-0002/verifier-v2')).rejects.toThrow(message);
  });

  test('a proof that its ledger does not hold', async () => {
    const chain = await copied();
    const { store, first } = chain;
    const { uri } = first.labels.proofs;
    const [row] = await store.readRows<object>(first.labels.proofs);
    const { by = '', from = [] } = (await store.readMade(uri)) ?? {};
    await store.writeJsonl(uri, [{ ...row, proof: 'another' }], { by, from });
    await expect(walk(chain, 'p1-lap1-0')).rejects.toThrow(
      'Broken link: expected main/lap-0001/label/proofs to hold the text of proof p1-lap1-0, got none',
    );
  });
});
