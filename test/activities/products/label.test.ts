import { readLabel } from '../../../activities/products/label/open.ts';
import { nameOf, RELEASED_SAMPLING, SMALL_SAMPLING } from '../../../activities/products/open.ts';
import { domains } from '../../../domains/index.ts';
import { LABELLING } from '../../../shared/label/policies.ts';
import type { LapModels } from '../../../shared/lap/manifest.ts';
import type { LabelInput } from '../../../shared/products/labels.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import { modelKey } from '../../../shared/records.ts';
import { MemoryStore } from '../store/memoryStore.ts';

const VERIFIER = { endpoint: 'http://127.0.0.1:1/v1', model: 'judge' };
const PROOFS = 'imports/mine.jsonl';
const checkpoint = (digit: string) => ({ uri: `checkpoints/${digit.repeat(64)}`, sha256: digit.repeat(64) });
const [GENERATOR, JUDGE, META] = ['a', 'b', 'c'].map(checkpoint) as [
  LapModels['generator'],
  LapModels['verifier'],
  LapModels['verifier'],
];

async function store(
  metaJudge: Recipe['rewards']['metaJudge'] = 'verifier',
  models: Partial<LapModels> = { metaVerifier: META },
) {
  const memory = new MemoryStore();
  await memory.writeJsonl(PROOFS, [{ id: 'a', problem: 'Prove A.', proof: 'So.' }]);
  const rehearsal = domains.presets['rehearsal'] as Recipe;
  const recipe = { ...rehearsal, rewards: { ...rehearsal.rewards, metaJudge } };
  const manifest = { lap: 'main/lap-0001', recipe, models: { generator: GENERATOR, verifier: JUDGE, ...models } };
  await memory.writeJson('laps/main/lap-0001/manifest.json', manifest);
  return memory;
}

const read = async (input: Partial<LabelInput>, from?: MemoryStore) =>
  readLabel({ store: from ?? (await store()) }, { proofs: PROOFS, ...input });

test('a lap’s models judge as they did when it labelled: who judged its analyses judges them again', async () => {
  const lap = 'main/lap-0001';
  const both = await read({ lap }, await store('verifier'));
  expect([both.verifier.ref, both.metaVerifier.ref]).toEqual([
    { role: 'verifier', checkpoint: JUDGE },
    { role: 'metaVerifier', checkpoint: JUDGE },
  ]);
  const apart = await read({ lap }, await store('metaVerifier'));
  expect(apart.metaVerifier.ref).toEqual({ role: 'metaVerifier', checkpoint: META });
  expect(both.labelling).toEqual(LABELLING.rehearsal);
  expect(both.sampling.verify).toEqual((domains.presets['rehearsal'] as Recipe).sampling.verify);
});

test('a lap without meta-verification labels without, unless somebody says how many', async () => {
  const without = await store('verifier', {});
  expect((await read({ lap: 'main/lap-0001' }, without)).labelling.metaAnalysesPerAnalysis).toBe(0);
  const { labelling, metaVerifier } = await read(
    { lap: 'main/lap-0001', policy: { metaAnalysesPerAnalysis: 4 } },
    without,
  );
  expect([labelling.metaAnalysesPerAnalysis, metaVerifier.ref]).toEqual([
    4,
    { role: 'metaVerifier', checkpoint: JUDGE },
  ]);
});

test('of an endpoint the verifier judges analyses, too, unless another is named', async () => {
  const one = await read({ verifier: VERIFIER });
  expect([one.metaVerifier.ref.role, modelKey(one.metaVerifier.ref)]).toEqual(['metaVerifier', 'judge@1']);
  const two = await read({ verifier: VERIFIER, metaVerifier: { ...VERIFIER, model: 'other', revision: '2' } });
  expect(modelKey(two.metaVerifier.ref)).toBe('other@2');
});

test('the paper’s rule is asked for with the released code’s lengths', async () => {
  expect((await read({ verifier: VERIFIER })).sampling).toEqual(SMALL_SAMPLING);
  expect((await read({ verifier: VERIFIER, policy: 'paper' })).sampling).toEqual(RELEASED_SAMPLING);
  const like = await read({ verifier: VERIFIER, policy: { like: 'paper', analysesPerProof: 32 } });
  expect([like.sampling, like.labelling.analysesPerProof]).toEqual([RELEASED_SAMPLING, 32]);
});

test('the same by another way of saying it is the same product; another rule, seed or file is another', async () => {
  const from = await store();
  const name = async (input: Partial<LabelInput>) =>
    nameOf((await read({ verifier: VERIFIER, ...input }, from)).asked, 'proofs.jsonl');
  const usual = await name({});
  const team = { like: 'team', ...LABELLING.team } as const;
  for (const same of [
    { policy: 'team' },
    { policy: {} },
    { policy: team },
    { ask: { seats: 1 } },
    { caps: { calls: 5 } },
    { concurrency: 2 },
  ] as const)
    expect(await name(same)).toBe(usual);
  for (const other of [{ policy: 'rehearsal' }, { seed: 2 }, { policy: { minValidAnalyses: 2 } }] as const)
    expect(await name(other)).not.toBe(usual);
  await from.writeJsonl(PROOFS, [{ id: 'a', problem: 'Prove A.', proof: 'Otherwise.' }]);
  expect(await name({})).not.toBe(usual);
});

test('money is capped only where all who are asked have a price', async () => {
  const caps = { cost: 1 };
  await expect(read({ verifier: VERIFIER, caps })).rejects.toThrow(/caps\.cost.*expected a price of judge/);
});
