import { smoke } from '../../../domains/rehearsal/presets.ts';
import { mendedPhases, type Held, type LaidOut } from '../../../shared/lap/mending.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';

const none = { calls: 0, answers: 0 };
const held: Held = {
  coldStart: { calls: 48, answers: 16 },
  verifierV1: { ...none, training: { steps: 2, done: true } },
  metaData: { calls: 32, answers: 3 },
  metaVerifier: { ...none, training: { steps: 4, done: false } },
  verifierV2: { calls: 12, answers: 0, training: { steps: 0, done: false } },
  evaluation: { calls: 158, answers: 0 },
};

function told(change: (recipe: Recipe) => Recipe): Record<string, string> {
  const phases = mendedPhases({ recipe: smoke, turn: 1 }, { recipe: change(smoke), turn: 1 }, held);
  return Object.fromEntries(phases.map(({ phase, does, text }) => [phase, `${does}: ${text}`]));
}

test('with an unchanged recipe all is taken that there is', () => {
  expect(told((recipe) => recipe)).toMatchObject({
    open: 'takes: the same problems',
    coldStart: 'takes: 48 calls, 16 answers of experts',
    verifierV1: 'takes: the checkpoint after 2 steps',
    metaData: 'takes: 32 calls, 3 answers of experts',
    metaVerifier: 'goes on: from its state after 4 steps',
    verifierV2: 'begins: it had no state yet; takes 12 calls',
    generator: 'begins: it had not come so far',
    evaluation: 'takes: 158 calls',
  });
});

test('machines, prices, patience and how often a state is saved reach no phase', () => {
  const all = told((recipe) => recipe);
  expect(
    told((recipe) => ({
      ...recipe,
      training: { ...recipe.training, wallHours: 9, maxAttempts: 9, queue: 'night' },
      inference: { ...recipe.inference, shardRows: 3, patienceHours: 1 },
      prices: { ...recipe.prices, perGpuHour: 5 },
      experts: { ...recipe.experts, deadlineHours: 1 },
      rewards: { ...recipe.rewards, maxUnscorableShare: 0.9, maxLossShare: 0.9, outageMinutes: 1 },
      stages: { ...recipe.stages, metaVerifier: { ...recipe.stages.metaVerifier, checkpointEverySteps: 1 } },
    })),
  ).toEqual(all);
});

test.each<[string, (recipe: Recipe) => Recipe, Record<string, string>]>([
  [
    "a stage's sizes repeat it, and what follows is taken where it comes out equal",
    (recipe) => ({ ...recipe, stages: { ...recipe.stages, verifierV1: { ...recipe.stages.verifierV1, maxSteps: 3 } } }),
    {
      coldStart: 'takes: 48 calls, 16 answers of experts',
      verifierV1: 'repeats: stages.verifierV1.maxSteps 2 → 3',
      metaData: 'takes: 32 calls, 3 answers of experts, where verifierV1 comes out as it did',
      metaVerifier: 'goes on: from its state after 4 steps, where verifierV1 comes out as it did',
    },
  ],
  [
    'how many are asked leaves equal questions equal',
    (recipe) => ({ ...recipe, coldStart: { ...recipe.coldStart, expertProofs: 9 } }),
    { coldStart: 'takes: what is equal of 48 calls, 16 answers of experts; coldStart.expertProofs 16 → 9' },
  ],
  [
    'a seed reaches everything',
    (recipe) => ({ ...recipe, seed: 99 }),
    { open: `repeats: seed ${smoke.seed} → 99`, coldStart: `repeats: seed ${smoke.seed} → 99` },
  ],
  [
    'more tokens for analyses reach who writes them, and who judges',
    (recipe) => ({
      ...recipe,
      sampling: { ...recipe.sampling, metaVerify: { ...recipe.sampling.metaVerify, maxTokens: 999 } },
    }),
    {
      coldStart: 'takes: 48 calls, 16 answers of experts',
      metaVerifier: 'goes on: from its state after 4 steps',
      verifierV2: `repeats: sampling.metaVerify.maxTokens ${smoke.sampling.metaVerify.maxTokens} → 999`,
    },
  ],
])('%s', (_, change, expected) => {
  expect(told(change)).toMatchObject(expected);
});

test('other GPUs repeat trainings where their layout is another, or their engine', () => {
  const on = (gpusPerNode: number) => ({ ...smoke, training: { ...smoke.training, gpusPerNode } });
  const phases = (now: LaidOut, before: LaidOut) =>
    Object.fromEntries(mendedPhases(before, now, held).map(({ phase, does, text }) => [phase, `${does}: ${text}`]));
  const laid = (processesPerNode: number) => ({ recipe: on(processesPerNode), turn: 1, layout: { processesPerNode } });
  expect(phases(laid(4), laid(8))).toMatchObject({
    coldStart: 'takes: 48 calls, 16 answers of experts',
    verifierV1: 'repeats: training.engineOptions.processesPerNode 8 → 4',
    metaVerifier: 'repeats: training.engineOptions.processesPerNode 8 → 4',
    evaluation: 'takes: 158 calls, of models that come out as they did',
  });
  expect(phases(laid(8), { recipe: on(0), turn: 1 })['verifierV1']).toBe(
    'repeats: training.engine "small" → "trl", training.engineOptions.processesPerNode nothing → 8',
  );
  expect(phases({ ...laid(4), layout: { processesPerNode: 8 } }, laid(8))['verifierV1']).toBe(
    'takes: the checkpoint after 2 steps',
  );
});
