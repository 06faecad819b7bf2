import { openLap, type OpenedLap } from '../../../activities/laps/open.ts';
import { readLap } from '../../../activities/laps/read.ts';
import { importCheckpoint } from '../../../activities/store/checkpoints.ts';
import { smoke } from '../../../domains/rehearsal/presets.ts';
import type { LapInput } from '../../../shared/lap/lapInput.ts';
import { ordersOf } from '../../../shared/lap/phases.ts';
import { STAGE_NAMES } from '../../../shared/stages.ts';
import type { DatasetRef, Problem, ScoredProof } from '../../../shared/records.ts';
import { config } from '../../../temporal.config.ts';
import { lineage } from '../../../reports/lineage/lineage.ts';
import { newStore } from '../../reports/figures/lapFixture.ts';
import { here, smokeProblems } from './fixture.ts';

let store: Awaited<ReturnType<typeof newStore>>;
let problems: Readonly<Record<'train' | 'validation' | 'heldOut', readonly Problem[]>>;
beforeEach(async () => {
  store = await newStore();
  problems = await smokeProblems();
});

const graded = (problem: Problem, text: string): object => ({
  id: `given-${problem.id}-${text}`,
  problem,
  proof: text,
  model: 'unknown',
  score: 1,
  source: 'given',
  grader: 'jury',
  grade: '7',
});
const own = (index: number): Problem => ({
  id: `own-${index}`,
  statement: `Prove own ${index}.`,
  topic: 'algebra',
  source: 'ours',
});
const put = (rows: readonly object[], kind = 'proofs'): Promise<DatasetRef> =>
  store.writeJsonl(`imports/${kind}/abc.jsonl`, rows);
const open = (input: LapInput): Promise<OpenedLap> => openLap(store, here, { preset: 'smoke', ...input }, 'me');
const rowsOf = (refs: readonly DatasetRef[] = []) => store.readRows<ScoredProof>(...refs);

test('graded proofs are D_v, split as the problems are: rows of held-out problems are left out', async () => {
  const [train, validation, heldOut] = [problems.train[0], problems.validation[0], problems.heldOut[0]] as Problem[];
  const renamed = { ...(train as Problem), id: 'other', statement: ` ${train?.statement} ` };
  const { uri } = await put(
    [train, validation, heldOut, renamed].map((problem, index) => graded(problem as Problem, `So ${index}.`)),
  );
  const { given, recipe, lap } = await open({ coldStart: 'given', given: { proofs: uri } });
  const parts = given?.proofScores;
  expect((await rowsOf(parts?.train)).map(({ problem, proof }) => [problem, proof])).toEqual([
    [train, 'So 0.'],
    [train, 'So 3.'],
  ]);
  expect(await rowsOf(parts && [parts.validation])).toEqual([
    { ...graded(validation as Problem, 'So 1.'), lap: 'main/lap-0001' },
  ]);
  expect(recipe.coldStart).toEqual(smoke.coldStart);
  expect(ordersOf({ recipe, turn: 1 }).map(({ phase }) => phase)).not.toContain('coldStart');
  expect(await store.readMade(parts?.train[0]?.uri ?? '')).toMatchObject({
    by: 'openLap',
    from: [{ as: 'given', uri }],
  });
  expect(lap).toBe('main/lap-0001');
  // Where it comes from is told, too: a person's file, and no model's answer.
  const { nodes } = await lineage(store, `given-${train?.id}-So 0.`, { weights: false });
  expect(nodes[0]).toMatchObject({ kind: 'proof', by: 'openLap', verified: [] });
  expect(nodes[0]?.facts).not.toHaveProperty('ledger');
  expect(nodes.map(({ id }) => id)).toContain(uri);
});

test('problems that the domain has not are split by the same shares, each on one side, and some validate', async () => {
  const rows = Array.from({ length: 20 }, (_, index) => [graded(own(index), 'So.'), graded(own(index), 'No.')]).flat();
  const { uri } = await put(rows);
  const { given, problems: splits } = await open({ given: { proofs: uri } });
  const [trained, validating] = [await rowsOf(given?.proofScores.train), await rowsOf([given!.proofScores.validation])];
  expect(trained.length + validating.length).toBe(40);
  const [one, other] = [trained, validating].map((rows) => new Set(rows.map(({ problem }) => problem.id)));
  expect([...(one ?? [])].filter((id) => other?.has(id))).toEqual([]);
  const share = problems.validation.length / (problems.validation.length + problems.train.length);
  expect(other?.size).toBe(Math.round(20 * share));
  // What is said of their analyses is held back by the same list.
  const held = (await store.readRows<Problem>(splits.validation)).map(({ id }) => id);
  expect(held).toEqual([...problems.validation.map(({ id }) => id), ...(other ?? [])]);
  const two = await put([graded(own(1), 'So.'), graded(own(2), 'So.')]);
  expect((await open({ given: { proofs: two.uri } })).given?.proofScores.validation.rows).toBe(1);
});

test('in a domain of statements, rows of what is near-equal to a held-out problem are left out', async () => {
  const file = Array.from({ length: 20 }, (_, index) => ({ ...own(index), statement: `Prove $n > ${index}$.` }));
  const { uri: path } = await store.writeJsonl('imports/problems/p.jsonl', file);
  const domain = {
    name: 'proofs',
    settings: { path },
    base: 'imports/base',
    checker: 'none',
    experts: 'people',
  } as const;
  await importCheckpoint(store, `${config.root}/domains/rehearsal/checkpoints/weakVerifier`);
  const [{ uri: base } = { uri: '' }] = await store.listMade('checkpoints/');
  const room = { maxPromptTokens: 800 };
  const stages = Object.fromEntries(STAGE_NAMES.map((stage) => [stage, room]));
  const lap = { domain: { ...domain, base }, stages };
  const { problems: splits } = await open(lap);
  const [heldOut, validating, trained] = await Promise.all(
    [splits.heldOut, splits.validation, splits.train].map(async (ref) => (await store.readRows<Problem>(ref))[0]),
  );
  const inOtherWords = (problem: Problem | undefined): Problem => ({
    ...own(99),
    id: `again-${problem?.id}`,
    statement: `7. ${problem?.statement.replaceAll('$n', '$ m').replaceAll('Prove', 'PROVE')}`,
  });
  const rows = [heldOut, validating, trained].map((problem) => graded(inOtherWords(problem), 'So.'));
  const { given } = await open({ ...lap, given: { proofs: (await put(rows)).uri } });
  const ids = async (refs: readonly DatasetRef[] = []) => (await rowsOf(refs)).map(({ problem }) => problem.id);
  expect(await ids(given?.proofScores.train)).toEqual([`again-${trained?.id}`]);
  expect(await ids(given && [given.proofScores.validation])).toEqual([`again-${validating?.id}`]);
});

test('a plan counts the rows, and has neither a cold start nor, with graded analyses, its experts', async () => {
  const proofs = await put(Array.from({ length: 10 }, (_, index) => graded(own(index), 'So.')));
  const analyses = await put(
    Array.from({ length: 10 }, (_, index) => ({
      ...graded(own(index), 'So.'),
      proofId: 'p',
      analysis: 'Fine.',
      analysisScore: 1,
      quality: 0.5,
    })),
    'analyses',
  );
  const given = { proofs: proofs.uri, analyses: analyses.uri };
  const { plan, facts } = await readLap(store, here, { preset: 'smoke', coldStart: 'given', given });
  expect(plan.phases.map(({ phase }) => phase)).toEqual([
    'open',
    'verifierV1',
    'metaVerifier',
    'verifierV2',
    'generator',
    'selfVerification',
    'scaleVerification',
    'evaluation',
  ]);
  expect(facts.given).toMatchObject({ proofs: { leftOut: 0 }, analyses: { leftOut: 0 } });
  expect(facts.notes?.[0]).toMatch(/^given\.proofs: \d rows train, \d validate$/);
  const { given: split } = await open({ given });
  const ids = async (refs: readonly DatasetRef[] = []) => (await rowsOf(refs)).map(({ problem }) => problem.id);
  expect(await ids(split?.analysisScores?.train)).toEqual(await ids(split?.proofScores.train));
});

test.each<[what: string, input: LapInput, message: string]>([
  ['no set', { coldStart: 'given' }, 'coldStart: expected given.proofs beside "given"'],
  ['a set that is not there', { given: { proofs: 'imports/none.jsonl' } }, 'given.proofs: expected graded proofs of'],
  ['another file', { given: { proofs: 'imports/proofs/abc.jsonl' } }, 'whose row 1 has the fields id, statement'],
  ['a verifier that is not there', { verifier: `checkpoints/${'0'.repeat(64)}` }, 'verifier: expected a checkpoint'],
  ['no such model', { verifier: 'nobody' }, 'verifier: expected rehearsal, weakVerifier,'],
  [
    'gold that is not there',
    { experts: { gold: { proofs: 'imports/none.jsonl', share: 0.1 } } },
    'experts.gold.proofs: expected graded proofs of the store, got "imports/none.jsonl", which is not there',
  ],
])('%s is refused by its field, before the lap has a name', async (_, input, message) => {
  await put([{ id: 'a', statement: 'Prove.' }]);
  await expect(open(input)).rejects.toThrow(message);
  expect(await store.exists('laps')).toBe(false);
});

test('rows of held-out problems alone leave nothing to train on, which is refused', async () => {
  const { uri } = await put(problems.heldOut.slice(0, 3).map((problem) => graded(problem, 'So.')));
  await expect(open({ given: { proofs: uri } })).rejects.toThrow(
    `given.proofs: expected rows to train on, got none of the 3 in ${uri}`,
  );
});

test('a verifier that is there stands for v2: lap 1 trains the generator at once, from it', async () => {
  const folder = 'domains/rehearsal/checkpoints/weakVerifier';
  const checkpoint = await importCheckpoint(store, `${config.root}/${folder}`);
  const opened = await open({ verifier: checkpoint.uri });
  expect(opened.verifier).toEqual(checkpoint);
  expect(opened.recipe.verifier).toBe(checkpoint.uri);
  expect(opened.recipe.stages.generator.init).toBe('verifierV2');
  expect(ordersOf(opened).map(({ phase }) => phase)).toEqual([
    'open',
    'generator',
    'selfVerification',
    'scaleVerification',
    'evaluation',
  ]);
  expect(opened.given?.proofScores).toMatchObject({ train: [], validation: { rows: 0 } });
  await expect(open({ verifier: checkpoint.uri, stages: { generator: { init: 'verifierV1' } } })).rejects.toThrow(
    'stages.generator.init: expected base, verifierV2 (what exists by then), got "verifierV1"',
  );
});

test('a set that a later lap names first is a further part of D_v; what is there already is left out', async () => {
  const first = await put([graded(own(1), 'So.'), graded(own(2), 'So.')]);
  const lap = await open({ given: { proofs: first.uri } });
  const { proofScores } = lap.given as NonNullable<OpenedLap['given']>;
  const grown = await store.writeJsonl('datasets/main/lap-0001/proof-scores/grown.jsonl', []);
  const evaluation = { proofs: proofScores.validation, sets: [] };
  await store.writeJson('laps/main/lap-0001/manifest.json', {
    ...lap,
    models: { generator: lap.base, verifier: lap.base },
    proofScores: { ...proofScores, grown },
    evaluation,
    labels: {},
    reviews: [],
    sets: [],
    stages: [],
  });
  const same = await openLap(store, here, { from: 'lap-0001' }, 'me');
  expect(same.parent?.proofScores.train).toEqual([...proofScores.train, grown]);
  const trained = (await rowsOf(proofScores.train))[0] as ScoredProof;
  const more = await store.writeJsonl('imports/proofs/def.jsonl', [
    graded(trained.problem, 'So.'),
    graded(own(7), 'So.'),
  ]);
  const next = await openLap(store, here, { from: 'lap-0001', given: { proofs: more.uri } }, 'me');
  expect(next.given).toBeUndefined();
  const added = next.parent?.proofScores.train.at(-1) as DatasetRef;
  expect((await rowsOf([added])).map(({ problem, lap: by }) => [problem.id, by])).toEqual([['own-7', next.lap]]);
});
