import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { lineage } from '../../../reports/lineage/lineage.ts';
import { lineageTree } from '../../../reports/lineage/lineageTree.ts';
import type { Lineage } from '../../../shared/figures/lineage.ts';
import { writeChain } from './chainFixture.ts';
import type { Chain } from './chainFixture.ts';

const walk = ({ store }: Chain, asked: string, lap?: string): Promise<Lineage> =>
  lineage(store, asked, { weights: true, ...(lap && { lap }) });
const nodeOf = (found: Lineage, id: string) => found.nodes.find((node) => node.id === id);
const sources = (found: Lineage, id: string) => nodeOf(found, id)?.from.map(({ as, id: from }) => `${as}: ${from}`);

describe('a chain of two laps', () => {
  let chain: Chain;
  beforeAll(async () => {
    chain = await writeChain();
  });

  test("a verifier of lap 2 goes back to the base and the first expert's score", async () => {
    const { second, base } = chain;
    const found = await walk(chain, second.models.verifier.sha256.slice(0, 12));
    expect(found.subject).toBe(second.models.verifier.uri);
    expect(found.chain.map(({ lap }) => lap)).toEqual(['main/lap-0002', 'main/lap-0001']);
    expect(sources(found, 'main/lap-0002/verifier-v2')).toEqual([
      `started from: ${second.consolidation?.checkpoint.uri}`,
      'trained on: datasets/main/lap-0002/verifier-v2/1-verify.jsonl',
    ]);
    expect(sources(found, 'datasets/main/lap-0002/verifier-v2/1-verify.jsonl')).toEqual([
      'rendered from: datasets/main/lap-0001/proof-scores/grown.jsonl',
    ]);
    expect(nodeOf(found, 'datasets/main/lap-0001/proof-scores/grown.jsonl')?.facts).toMatchObject({
      bySource: { expert: 0, program: 0, auto: 1 },
      byLap: { 'main/lap-0001': 1 },
    });
    expect(nodeOf(found, base.uri)).toMatchObject({ lap: null, facts: { base: true }, from: [] });
    expect(found.firstScore).toMatchObject({
      annotator: 'ada',
      source: 'expert',
      score: 0,
      review: 'main/lap-0001/cold-start/experts',
      question: 'p0-r0-0',
    });
  });

  test('a generator names the judge of its rewards', async () => {
    const found = await walk(chain, 'lap-0001/generator');
    expect(sources(found, 'main/lap-0001/generator')).toContain(
      `rewarded by verifier: ${chain.first.models.verifier.uri}`,
    );
    expect(nodeOf(found, 'main/lap-0001/generator')?.verified).toEqual([
      'init, datasets and result: job files agree with the manifest',
      'reward spec: sha256',
    ]);
  });

  test('a dataset names the sets and reviews that it was made from', async () => {
    const found = await walk(chain, 'datasets/main/lap-0001/proof-scores/train.jsonl');
    expect(sources(found, found.subject)).toEqual([
      'scored in: reviews/main/lap-0001/cold-start/experts',
      'sampled in: ledger/main/lap-0001/cold-start/draft',
    ]);
  });

  test(
    'a proof names its call, its label with order and reason, and the trainings that learned from it ' + 'since',
    async () => {
      const { first } = chain;
      const found = await walk(chain, 'p1-r0-0');
      expect(nodeOf(found, 'p1-r0-0')?.facts).toMatchObject({
        ledger: { set: 'main/lap-0001/label/proofs', shard: 0, row: 'p1', sample: 0 },
        label: { kind: 'labelled', score: 1, stopReason: 'decided', order: ['4'] },
        score: { score: 1, source: 'auto' },
        learnedBy: [
          { training: 'main/lap-0002/consolidation', tasks: ['prove'] },
          { training: 'main/lap-0002/verifier-v2', tasks: ['verify'] },
        ],
      });
      expect(sources(found, 'p1-r0-0')?.[0]).toBe(`written by: ${first.models.generator.uri}`);
      const scored = await walk(chain, 'p0-r0-0');
      expect(nodeOf(scored, 'p0-r0-0')?.facts).toMatchObject({
        reviews: [{ verdicts: [{ annotator: 'ada', score: 0 }], result: { kind: 'scored' } }],
        score: { score: 0, source: 'expert' },
      });
    },
  );

  test("the tree shows each thing's sources once", async () => {
    const text = lineageTree(await walk(chain, 'main/lap-0002'));
    expect(text).toContain('First score: 0 by ada (expert)');
    expect(text).toContain('Chain: main/lap-0002 → main/lap-0001');
    expect(text.match(/✓ results: sha256 and 1 rows/g)).toHaveLength(1);
    expect(text).not.toMatch(/undefined|\[object/);
  });

  test.each([
    ['nothing of the kind', 'which is in no lap of main/lap-0001, main/lap-0002'],
    ['1234567', 'or 8 or more characters of a digest, got "1234567"'],
    ['datasets/main/lap-0001/other.jsonl', "Expected a dataset that a finished lap's manifest names"],
  ])('%j is refused by name', async (asked, message) => {
    await expect(walk(chain, asked)).rejects.toThrow(message);
  });
});

describe('a broken link is named:', () => {
  const v1 = 'main/lap-0001/verifier-v1';
  test.each<[string, (chain: Chain) => Promise<unknown>, RegExp]>([
    [
      'a parent that was changed',
      async ({ store, first }) => store.writeJson('laps/main/lap-0001/manifest.json', { ...first, endedAt: 'later' }),
      /expected the sha256 of .*lap-0001\/manifest.json, which main\/lap-0002 went on from, to be [0-9a-f]{64}, got/,
    ],
    [
      'a parent that is gone',
      async ({ store }) => rm(store.path('laps/main/lap-0001/manifest.json')),
      /expected laps\/main\/lap-0001\/manifest.json, which main\/lap-0002 went on from, to be in the store, got none/,
    ],
    [
      'a recipe that was changed',
      async ({ store }) => store.writeJson('laps/main/lap-0001/recipe.json', {}),
      /expected the sha256 of laps\/main\/lap-0001\/recipe.json to be/,
    ],
    [
      'a dataset that was changed',
      async ({ store }) => store.write('datasets/main/lap-0001/proof-scores/train.jsonl', ''),
      /xpected datasets\/main\/lap-0001\/proof-scores\/train.jsonl to have sha256/,
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
        store.writeJson(`jobs/${v1}/training.json`, { initCheckpoint: first.models.generator, datasets: [] }),
      /expected initCheckpoint in jobs\/main\/lap-0001\/verifier-v1\/training.json to be/,
    ],
    [
      'a reward spec that was changed',
      async ({ store }) => store.writeJson(`rewards/${v1}/spec.json`, { judges: {}, other: true }),
      /expected the sha256 of rewards\/main\/lap-0001\/verifier-v1\/spec.json to be/,
    ],
  ])('%s', async (_, breakIt, message) => {
    const chain = await writeChain();
    await breakIt(chain);
    await expect(walk(chain, 'main/lap-0002/verifier-v2')).rejects.toThrow(message);
  });

  test('a proof that its ledger does not hold', async () => {
    const chain = await writeChain();
    const { store, first } = chain;
    const dataset = await store.writeJsonl(first.labels.proofs.uri, [
      { ...(await store.readRows<object>(first.labels.proofs))[0], proof: 'another' },
    ]);
    await store.writeJson('laps/main/lap-0001/manifest.json', {
      ...first,
      labels: { ...first.labels, proofs: dataset },
    });
    await rm(store.path('laps/main/lap-0002'), { recursive: true });
    await expect(walk(chain, 'p1-r0-0')).rejects.toThrow(
      'Broken link: expected a ledger of main/lap-0001 to hold the text of proof p1-r0-0, got none',
    );
  });
});
