import { planFrom, type AskedRates } from '../../../activities/laps/planFrom.ts';
import { domains } from '../../../domains/index.ts';
import { uri } from '../../../shared/ids.ts';
import { resolveRecipe } from '../../../shared/lap/lapInput.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';
import { MemoryStore } from '../store/memoryStore.ts';

const sha256 = 'a'.repeat(64);
const base = { sha256, parameters: 1e8, bytes: 4e8 };
const recipeOf = (more: object = {}) =>
  resolveRecipe(domains, {
    preset: 'smoke',
    domain: { name: 'proofs', settings: { path: 'problems.jsonl' }, base: `checkpoints/${sha256}` },
    ...more,
  }).recipe;

/** The sources of what a plan's tokens of proofs and its speed are measured by. */
async function measuredBy(store: MemoryStore, recipe: Recipe) {
  const { basis } = await planFrom(store, domains.of('proofs'), { recipe, turn: 1 }, undefined, { base });
  return basis
    .filter(
      ({ measured, figure, of }) => measured && (of === 'prove' ? figure.startsWith('prompt') : of === 'inference'),
    )
    .map(({ of, value, source }) => `${of} ${value} ${source}`);
}

async function finished(store: MemoryStore, lap: string, recipe: Recipe, endedAt: string, tokensPerSecond: number) {
  await store.writeJson(uri.manifest(lap), { lap, recipe, endedAt });
  const rates = { tokens: { prove: { prompt: 5, completion: 5 } }, tokensPerSecond, trainings: {}, labelling: null };
  await store.writeJson(uri.report(lap), { rates: { ...rates, rightShare: null, minutesPerVerdict: {} } });
}

test('a lap 1 is planned by the newest finished lap of its model and machines, whatever run that is of', async () => {
  const store = new MemoryStore();
  expect(await measuredBy(store, recipeOf())).toEqual([]);
  await finished(store, 'main/lap-0001', recipeOf(), '2026-01-01T00:00:00Z', 10);
  await finished(store, 'other/lap-0001', recipeOf(), '2026-01-02T00:00:00Z', 20);
  await finished(store, 'large/lap-0001', recipeOf({ inference: { engine: 'command' } }), '2026-01-03T00:00:00Z', 30);
  expect(await measuredBy(store, recipeOf())).toEqual(['prove 5 other/lap-0001', 'inference 20 other/lap-0001']);
});

test('questions to its base measure what no lap has; lengths only where they were asked alike', async () => {
  const store = new MemoryStore();
  const recipe = recipeOf();
  const { engine } = recipe.inference;
  const rates = { tokens: { prove: { prompt: 7, completion: 5 } }, tokensPerSecond: 9 };
  const asked: AskedRates = { prompts: recipe.domain.prompts, asked: recipe.sampling, rates, at: '' };
  const place = uri.rates(sha256, engine);
  await store.writeJson(place, asked);
  expect(await measuredBy(store, recipe)).toEqual([`prove 7 ${place}`, `inference 9 ${place}`]);
  const longer = recipeOf({ sampling: { prove: { maxTokens: 4096 } } });
  expect(await measuredBy(store, longer)).toEqual([`inference 9 ${place}`]);
  await finished(store, 'main/lap-0001', recipe, '2026-01-01T00:00:00Z', 10);
  expect(await measuredBy(store, longer)).toEqual(['prove 5 main/lap-0001', 'inference 10 main/lap-0001']);
});
