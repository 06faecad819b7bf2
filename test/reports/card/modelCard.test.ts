import fs from 'node:fs/promises';
import path from 'node:path';
import { frontMatter } from '../../../activities/store/card.ts';
import {
  checkpointDigest,
  checkpointRef,
  importCheckpoint,
  recordMade,
} from '../../../activities/store/checkpoints.ts';
import { FileStore } from '../../../activities/store/files.ts';
import { cardFacts, type ExportedRole } from '../../../reports/card/cardFacts.ts';
import { exportModel } from '../../../reports/card/exportModel.ts';
import { licenceOf } from '../../../reports/card/licence.ts';
import { modelCard } from '../../../reports/card/modelCard.ts';
import { measureLap } from '../../../reports/figures/measureLap.ts';
import { uri } from '../../../shared/ids.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import type { Made } from '../../../shared/records.ts';
import { checkpointFolder } from '../../activities/store/checkpointFixture.ts';
import {
  newFolder,
  newStore,
  outcome,
  problem,
  provedText,
  selfVerifiedText,
  toyChecker,
  writeLap,
} from '../figures/lapFixture.ts';
import { writeChain, type Chain } from '../lineage/chainFixture.ts';

const signal = new AbortController().signal;
let chain: Chain;
beforeAll(async () => {
  chain = await writeChain();
});

async function factsOf(
  manifest: LapManifest,
  role: ExportedRole,
  report: Parameters<typeof cardFacts>[1]['report'] = null,
) {
  const checkpoint = manifest.models[role];
  if (checkpoint === undefined) throw new Error(`Expected a ${role}, got none`);
  return cardFacts(chain.store, { manifest, role, checkpoint, report });
}

test('a card tells the way from the base to the model, by digest, and what was learned from by who scored it', async () => {
  const { second, first, base } = chain;
  const facts = await factsOf(second, 'generator');
  const made = facts.ancestry.ancestors.toReversed().map(({ by }) => by);
  expect(made).toEqual([
    'importCheckpoint',
    'main/lap-0001/verifier-v1',
    'main/lap-0001/verifier-v2',
    'main/lap-0001/generator',
    'main/lap-0001/self-verification',
    'main/lap-0002/consolidation',
    'main/lap-0002/verifier-v2',
    'main/lap-0002/generator',
    'main/lap-0002/self-verification',
  ]);
  expect(facts.data).toEqual([
    { name: 'problems (D_p)', rows: 1, by: { test: 1 } },
    { name: 'scored proofs (D_v)', rows: 2, by: { expert: 1, auto: 1 } },
  ]);
  const card = modelCard(facts);
  for (const { sha256 } of [base, first.models.generator, second.models.generator]) expect(card).toContain(sha256);
  expect(card).toContain(`main/lap-0002 (manifest \`${(await chain.store.refOf(uri.manifest(second.lap))).sha256}\`)`);
  expect(card).toContain('| scored proofs (D_v) | 2 | experts: 1; automatic labels: 1 |');
});

test('what was added to D_v since is not told of a verifier that an earlier lap trained', async () => {
  const { first, second } = chain;
  const { verifier } = first.models;
  const { data } = await factsOf({ ...second, models: { ...second.models, verifier } }, 'verifier');
  expect(data).toContainEqual({ name: 'scored proofs (D_v)', rows: 1, by: { expert: 1 } });
});

test('a lineage with a broken link is told as broken, and the model is written all the same', async () => {
  const { store, first } = await writeChain();
  await fs.appendFile(store.path(first.proofScores.train[0]?.uri ?? ''), '{}\n');
  const checkpoint = first.models.verifier;
  const facts = await cardFacts(store, { manifest: first, role: 'verifier', checkpoint, report: null });
  const folder = path.join(await newFolder(), 'model');
  await exportModel(store, facts, folder, { link: false, signal });
  const card = await fs.readFile(path.join(folder, 'README.md'), 'utf8');
  expect(card).toMatch(/could not be walked.* Broken link: .*proof-scores\/train\.jsonl to have sha256/);
  expect(card).toContain('| main/lap-0001/verifier-v1 |');
  expect(card).not.toContain('scored proofs (D_v)');
});

test("a card shows a lap's figures of its role with intervals, who says the truth, and what was not measured", async () => {
  const store = await newStore();
  const rows = ['p0', 'p1', 'p2'];
  const manifest = await writeLap(store, {
    heldOut: [problem(0), problem(1), problem(2)],
    sets: {
      'generator base sampled': rows.map((row) => outcome(row, 'prove', provedText(0))),
      'selfVerification selfVerification sampled': rows.map((row) =>
        outcome(row, 'selfVerify', selfVerifiedText(1, 1)),
      ),
    },
  });
  const report = await measureLap(manifest, store, () => toyChecker);
  const card = modelCard(await factsOf({ ...chain.first, recipe: manifest.recipe }, 'generator', report));
  expect(card).toContain('**Proofs of the held-out problems, the truth by toy checker**');
  expect(card).toMatch(/\| true score \| 0\.00 \(0\.00–0\.\d\d\), n = 3 \| 1\.00 \(0\.\d\d–1\.00\), n = 3 \|/);
  expect(card).toContain('- Not measured: generator.trueScoreAfterPhase2');
});

describe('the licence of a model', () => {
  const SAID = '---\nlicense: gemma\nlicense_link: https://example.org/terms\n---\n';
  test.each([
    ['nobody said', {}, { id: null, terms: [] }],
    ['a card says', { 'README.md': SAID }, { id: 'gemma', link: 'https://example.org/terms', terms: [] }],
    ['a file of terms', { LICENSE: 'free' }, { id: 'other', link: 'LICENSE', terms: ['LICENSE'] }],
    ['a card, and files', { 'README.md': SAID, 'NOTICE.txt': '©' }, { id: 'gemma', terms: ['NOTICE.txt'] }],
    ['a card that does not know', { 'README.md': '---\nlicense: unknown\n---\n' }, { id: null, terms: [] }],
  ])('%s', async (_, files, { terms, ...said }) => {
    const store = await newStore();
    const base = await importCheckpoint(store, await checkpointFolder(files));
    const trained = await importCheckpoint(store, await checkpointFolder({ 'merges.txt': 'more' }));
    const licence = await licenceOf(store, [trained, base]);
    expect(licence).toMatchObject({ ...said, terms: terms.map((name) => `${base.uri}/${name}`) });
    if (licence.id !== null) expect(licence.of).toEqual(base);
  });
});

/** A base of a hub and a model that was trained from it; the folder that it is exported to. */
async function exported(files: Readonly<Record<string, string>>) {
  const store = await newStore();
  const hub = { as: 'hub', model: `hf:org/base@${'a'.repeat(40)}` };
  const base = await importCheckpoint(store, await checkpointFolder(files), { from: [hub] });
  const trained = await importTrained(store, { as: 'started from', ...base });
  const manifest = { ...chain.first, base, models: { generator: trained, verifier: trained } };
  await copyPrompts(store, manifest);
  const facts = await cardFacts(store, { manifest, role: 'generator', checkpoint: trained, report: null });
  const folder = path.join(await newFolder(), 'model');
  await exportModel(store, facts, folder, { link: false, signal });
  return { folder, trained, card: await fs.readFile(path.join(folder, 'README.md'), 'utf8') };
}

async function importTrained(store: FileStore, from: Made['from'][number]) {
  const folder = await checkpointFolder({ 'generation_config.json': '{"eos_token_id":1}' });
  const ref = checkpointRef(await checkpointDigest(folder));
  await recordMade(store, ref, { by: 'main/lap-0001/generator', from: [from] });
  return importCheckpoint(store, folder);
}

async function copyPrompts(store: FileStore, { prompts, problems, proofScores }: LapManifest): Promise<void> {
  const parts = [problems.train.uri, ...proofScores.train.map((part) => part.uri), uri.promptSet(prompts.sha256)];
  for (const part of parts) await fs.cp(chain.store.path(part), store.path(part), { recursive: true });
}

test('a folder has the model, its card, the prompts and the terms of its base; the card is as the Hub wants it', async () => {
  const { folder, card, trained } = await exported({ LICENSE: 'free' });
  expect((await fs.readdir(folder)).sort()).toEqual(
    [
      'LICENSE',
      'README.md',
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'prompts',
      'tokenizer.json',
      'tokenizer_config.json',
    ].sort(),
  );
  expect(await fs.readdir(path.join(folder, 'prompts'))).toContain('prove.md');
  expect(Object.fromEntries(frontMatter(card))).toMatchObject({
    license: ['other'],
    license_link: ['LICENSE'],
    base_model: ['org/base'],
    library_name: ['transformers'],
    pipeline_tag: ['text-generation'],
    flywheel_checkpoint: [trained.sha256],
  });
});

test('a model that was exported is the same checkpoint where it is taken in again, with its licence', async () => {
  const { folder, trained } = await exported({ LICENSE: 'free' });
  const elsewhere = await newStore();
  expect(await importCheckpoint(elsewhere, folder)).toEqual(trained);
  expect(await licenceOf(elsewhere, [trained])).toMatchObject({ id: 'other', link: 'LICENSE' });
});

test('an exported model that was changed since is another, with its card', async () => {
  const { folder, trained } = await exported({});
  await fs.appendFile(path.join(folder, 'config.json'), '\n');
  const elsewhere = await newStore();
  const ref = await importCheckpoint(elsewhere, folder);
  expect(ref.sha256).not.toBe(trained.sha256);
  expect(await elsewhere.exists(`${ref.uri}/README.md`)).toBe(true);
});
