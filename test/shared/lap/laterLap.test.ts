import { hasOwnVerifier } from '../../../shared/lap/orders.ts';
import { resolveRecipe } from '../../../shared/lap/lapInput.ts';
import { bandOf, possibleInits } from '../../../shared/lap/laterLap.ts';
import { orderOf, stagesOf } from '../../../shared/lap/phases.ts';
import { domains } from '../../../domains/index.ts';
import { rehearsal, smoke } from '../../../domains/rehearsal/presets.ts';

const later = (input: object) =>
  resolveRecipe(domains, { from: 'lap-0001', ...input }, { turn: 1, recipe: { ...smoke, seed: 7 } });

test('a later lap goes on with its parent’s recipe, and in its run', () => {
  const { run, from, turn, recipe } = later({ labelling: { proofs: 9 } });
  expect({ run, from, turn }).toEqual({ run: 'main', from: 'main/lap-0001', turn: 2 });
  expect(recipe.seed).toBe(7);
  expect(recipe.labelling).toEqual({ ...smoke.labelling, proofs: 9 });
});

test('a later lap’s verifier starts from the consolidation, its generator from the verifier (paper 3.1)', () => {
  const { stages } = later({}).recipe;
  expect([stages.verifierV2.init, stages.generator.init, stages.selfVerification.init]).toEqual([
    'consolidation',
    'verifierV2',
    'generator',
  ]);
});

test('with a frozen verifier the generator starts as in the other arm, from a v2 that is trained for it', () => {
  const [full, frozen] = [later({}), later({ retrainVerifier: false })];
  expect(frozen.recipe.stages).toEqual(full.recipe.stages);
  expect(orderOf(frozen, 'verifierV2', 'train', 'verifierV2')).toEqual(
    orderOf(full, 'verifierV2', 'train', 'verifierV2'),
  );
  expect([full, frozen].map(hasOwnVerifier)).toEqual([true, false]);
});

test('a generator that starts from the consolidation needs no v2 beside a frozen verifier', () => {
  const stages = { generator: { init: 'consolidation' } };
  expect(stagesOf(later({ retrainVerifier: false, stages }))).toEqual(['generator', 'selfVerification']);
});

test('lap 1 has no consolidation to start from', () => {
  expect(possibleInits({ recipe: smoke, turn: 1 }, 'verifierV2')).toEqual(['base', 'verifierV1', 'metaVerifier']);
  expect(() => resolveRecipe(domains, { stages: { generator: { init: 'consolidation' } } })).toThrow(
    'stages.generator.init: expected base, verifierV1, metaVerifier, verifierV2 (what exists by then), got ' +
      '"consolidation"',
  );
});

test('the curriculum moves on to the next band with each lap, and its last one stays', () => {
  const bands = [
    [2, 3],
    [4, 5],
    [6, 8],
  ] as const;
  expect([1, 2, 3, 4].map((turn) => bandOf(bands, 'harder', turn))).toEqual([
    [2, 3],
    [4, 5],
    [6, 8],
    [6, 8],
  ]);
  expect([1, 2, 3].map((turn) => bandOf(bands, 'none', turn))).toEqual([
    [2, 3],
    [2, 3],
    [2, 3],
  ]);
});

test('the short name of a lap means the run main, and a name that is none is refused', () => {
  expect(resolveRecipe(domains, { from: 'seed-2/lap-0003' }, { turn: 3, recipe: rehearsal })).toMatchObject({
    run: 'seed-2',
    turn: 4,
  });
  expect(() => resolveRecipe(domains, { from: 'lap 1' })).toThrow(
    'Invalid lap input: from: expected the name of a finished lap such as main/lap-0001, got "lap 1"',
  );
});
