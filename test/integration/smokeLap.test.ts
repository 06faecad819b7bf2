import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { FileStore } from '../../activities/store/files.ts';
import { madeUri } from '../../activities/store/types.ts';
import { parseAnswer } from '../../shared/answers.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import { idOf, type Lineage } from '../../shared/figures/lineage.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { uri } from '../../shared/ids.ts';
import type { ArtifactRef } from '../../shared/records.ts';
import { expectDeclared } from '../declared.ts';
import { allOutcomes, attemptsOf, lapWorld, type LapWorld } from '../lapWorld.ts';

const LAP = 'main/lap-0001';
const SECOND = 'main/lap-0002';
let world: LapWorld;
let exit: number;
let said: string;

beforeAll(async () => {
  world = await lapWorld();
  const command = world.start('lap', '--preset', 'smoke', '--laps', '2');
  exit = await command.exit;
  said = command.output();
}, 600_000);
afterAll(() => world.dispose(), 60_000);

test('one command runs laps that are real in every phase', () => {
  expect([exit, exit === 0 ? '' : said]).toEqual([0, '']);
  const manifest = world.manifest(LAP);
  expect(manifest.phases.map(({ name }) => name)).toEqual([
    'open',
    'coldStart',
    'verifierV1',
    'metaData',
    'metaVerifier',
    'verifierV2',
    'generator',
    'selfVerification',
    'scaleVerification',
    'evaluation',
  ]);
  expect(manifest.stages.map(({ jobKey }) => attemptsOf(world, jobKey))).toEqual([1, 1, 1, 1, 1]);
  expect(new Set([manifest.base.sha256, ...manifest.stages.map(({ checkpoint }) => checkpoint.sha256)]).size).toBe(6);
});

test('the second lap consolidates both skills and trains the verifier on all of the grown D_v', () => {
  const [first, second] = [world.manifest(LAP), world.manifest(SECOND)];
  expect(second.phases.map(({ name }) => name)).toEqual([
    'open',
    'consolidation',
    'verifierV2',
    'generator',
    'selfVerification',
    'scaleVerification',
    'evaluation',
  ]);
  expect(second.consolidation?.init).toEqual(first.models.generator);
  expect(second.consolidation?.skills.map(({ skill }) => skill)).toEqual([
    'proofs',
    'selfAnalyses',
    'analyses',
    'metaAnalyses',
  ]);
  expect(second.consolidation?.checkpoint.sha256).not.toBe(first.models.generator.sha256);
  expect(second.proofScores.train).toEqual([...first.proofScores.train, first.proofScores.grown]);
  expect(second.analysisScores).toEqual(first.analysisScores);
  expect(second.models.metaVerifier).toEqual(first.models.metaVerifier);
});

test('laps form a chain by the digest of the manifest, on the same held-out problems', () => {
  const [first, second] = [world.manifest(LAP), world.manifest(SECOND)];
  expect(second.parent?.lap).toBe(LAP);
  expect(second.parent?.manifest.sha256).toBe(
    createHash('sha256')
      .update(readFileSync(world.path('store', second.parent?.manifest.uri ?? '')))
      .digest('hex'),
  );
  expect(second.problems.heldOut).toEqual(first.problems.heldOut);
  expect(second.evaluation.proofs).toEqual(first.evaluation.proofs);
});

test.each([LAP, SECOND])('the sets, reviews and trainings of %s are those that its recipe declares', (lap) => {
  expectDeclared(world.manifest(lap));
});

test.each([LAP, SECOND])(
  'all that the manifest of %s names says what it was made of, and that is there',
  async (lap) => {
    const store = new FileStore(world.path('store'));
    const named: ArtifactRef[] = [await store.refOf(uri.manifest(lap))];
    JSON.parse(await store.readText(uri.manifest(lap)), (_, value: Partial<ArtifactRef> | null) => {
      if (value?.uri !== undefined && value.sha256 !== undefined) named.push(value as ArtifactRef);
      return value;
    });
    expect(named.length).toBeGreaterThan(20);
    for (const ref of named) {
      const made = await store.readMade(ref.uri);
      expect([ref.uri, made?.sha256]).toEqual([ref.uri, ref.sha256]);
      for (const source of made?.from ?? [])
        expect([ref.uri, source.as, await store.exists(idOf(source))]).toEqual([ref.uri, source.as, true]);
    }
  },
);

test('no dataset and no file of labels lacks what it was made of', async () => {
  const store = new FileStore(world.path('store'));
  const written: string[] = [];
  for (const folder of ['datasets/', 'labels/'])
    for await (const at of store.list(folder)) if (!at.endsWith(madeUri(''))) written.push(at);
  const said = await store.listMade('datasets/', 'labels/');
  expect(said.map((made) => made.uri).sort()).toEqual(written.sort());
});

test("the second lap's generator goes back to the base and to the first score of an expert", async () => {
  const { base, reviews, proofScores } = world.manifest(LAP);
  const command = world.start('lineage', world.manifest(SECOND).models.generator.sha256, '--json');
  expect([await command.exit, command.output()]).toEqual([0, expect.stringMatching(/^{/)]);
  const { nodes, chain, firstScore } = JSON.parse(command.output()) as Lineage;
  expect(chain.map((ref) => ref.uri)).toEqual([SECOND, LAP].map(uri.manifest));
  const ids = nodes.map(({ id }) => id);
  const experts = reviews.map(({ setId }) => uri.reviews(setId)).slice(0, 2);
  expect(ids).toEqual(expect.arrayContaining([base.uri, proofScores.grown.uri, ...experts]));
  expect(firstScore).toMatchObject({ review: reviews[0]?.setId, source: 'program' });
  expect(nodes.filter(({ kind, by }) => by === null && kind === 'dataset')).toEqual([]);
});

test.each([LAP, SECOND])('each model call of %s is paid once', (lap) => {
  const keys = allOutcomes(world, lap).map(({ key }) => key);
  expect(new Set(keys).size).toBe(keys.length);
});

test(
  'the lap took what was planned: nearly to the call where little depends on answers, about as much elsewhere, ' +
    'never more than without early stops',
  () => {
    const { ledger, ledgerTotal, rates } = JSON.parse(
      readFileSync(world.path('store', 'laps', LAP, 'report.json'), 'utf8'),
    ) as LapReport;
    const plan = JSON.parse(readFileSync(world.path('store', 'laps', LAP, 'plan.json'), 'utf8')) as LapPlan;
    for (const phase of ['coldStart', 'metaData', 'evaluation']) {
      const { planned, used } = ledger.find((row) => row.phase === phase)!;
      // Fewer where an answer was malformed, or too few held-out proofs are of a score.
      expect([phase, used.calls <= planned!.calls, used.calls >= 0.9 * planned!.calls]).toEqual([phase, true, true]);
      expect([phase, used.verdicts]).toEqual([phase, planned!.verdicts]);
    }
    expect(ledgerTotal.ratio!.calls).toBeGreaterThan(0.8);
    expect(ledgerTotal.ratio!.calls).toBeLessThan(1.25);
    expect(ledgerTotal.ratio!.tokens).toBeGreaterThan(0.6);
    expect(ledgerTotal.ratio!.tokens).toBeLessThan(1.6);
    expect(ledgerTotal.used.calls).toBeLessThanOrEqual(plan.total.bound.calls);
    expect(ledgerTotal.used.calls).toBe(allOutcomes(world, LAP).length);
    expect(Object.keys(rates.trainings)).toEqual([
      'verifierV1',
      'metaVerifier',
      'verifierV2',
      'generator',
      'selfVerification',
    ]);
  },
);

test('the report is recomputed from what is stored', async () => {
  const command = world.start('report', 'lap-0001', '--json');
  expect(await command.exit).toBe(0);
  const report = JSON.parse(command.output()) as LapReport;
  expect(report).toEqual(JSON.parse(readFileSync(world.path('store', 'laps', LAP, 'report.json'), 'utf8')));
  expect(report.labels?.total).toBe((report.labels?.auto ?? 0) + (report.labels?.contested ?? 0));
  expect(existsSync(world.path('store', 'laps', LAP, 'report.html'))).toBe(true);
});

test('a bad field is refused by name, with what was expected and what came', async () => {
  const command = world.start('lap', '--preset', 'smoke', '--run', 'bad', '--set', 'labelling.analysesPerProof=-3');
  expect(await command.exit).not.toBe(0);
  expect(command.output()).toMatch(/labelling\.analysesPerProof: .*>=1, got -3/);
  expect(command.output()).not.toMatch(/\n\s+at /);
}, 120_000);

describe('the generator of the second lap, exported', () => {
  const folder = () => world.path('generator');
  let told: { readonly checkpoint: ArtifactRef };
  beforeAll(async () => {
    const command = world.start('export', SECOND, 'generator', folder(), '--json');
    expect([await command.exit, command.output()]).toEqual([0, expect.stringContaining('"lap"')]);
    told = JSON.parse(/^\{.*\}$/m.exec(command.output())?.[0] ?? '') as typeof told;
  }, 60_000);

  test('is the checkpoint of its manifest, and has a card that says where it comes from', () => {
    expect(told.checkpoint).toEqual(world.manifest(SECOND).models.generator);
    const card = readFileSync(world.path('generator', 'README.md'), 'utf8');
    for (const lap of [LAP, SECOND]) expect(card).toContain(world.manifest(lap).models.generator.sha256);
    expect(card).toContain('unknown: nobody said');
    expect(card).toMatch(/\| true score \| \d\.\d\d \(.*\), n = \d+ \|/);
  });

  test('is loaded by transformers, and answers by its own prompts and chat template', () => {
    const load = [
      'import sys',
      'from transformers import AutoModelForCausalLM, AutoTokenizer',
      'tokenizer, model = [kind.from_pretrained(sys.argv[1]) for kind in (AutoTokenizer, AutoModelForCausalLM)]',
      'prompt = open(sys.argv[1] + "/prompts/prove.md").read().strip().replace("{{problem}}", sys.argv[2])',
      'asked = tokenizer.apply_chat_template([{"role": "user", "content": prompt}], add_generation_prompt=True,',
      '    return_dict=True, return_tensors="pt")',
      'written = model.generate(**asked, max_new_tokens=128, do_sample=False)[0]',
      'print(tokenizer.decode(written[asked["input_ids"].shape[1]:], skip_special_tokens=True))',
    ];
    const [line = ''] = readFileSync(world.path('store', world.manifest(LAP).problems.train.uri), 'utf8').split('\n');
    const { statement } = JSON.parse(line) as { readonly statement: string };
    const { status, stdout, stderr } = spawnSync(
      process.env['FLYWHEEL_TRAINER_PYTHON'] ?? '',
      ['-c', load.join('\n'), folder(), statement],
      { encoding: 'utf8', env: { ...process.env, OMP_NUM_THREADS: '1' } },
    );
    expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
    expect(parseAnswer('prove', stdout)).toMatchObject({ kind: 'wellFormed' });
  }, 120_000);

  test('is the same checkpoint when it is imported', async () => {
    const command = world.start('import', 'base', folder(), '--json');
    expect([await command.exit, command.output()]).toEqual([0, expect.stringContaining(told.checkpoint.sha256)]);
  }, 60_000);
});
