import { longRowsOf, meansOf } from '../../../shared/recipe/means.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';

const training: Recipe['training'] = { cluster: 'local', nodes: 1, gpusPerNode: 0, wallHours: 1, maxAttempts: 5 };
const one = { temperature: 1, topP: 1, maxTokens: 100 };
const sampling = { prove: one, refine: one, selfVerify: one, selfRefine: one, verify: one, metaVerify: one };

test('what a template is told in sampling it is told in training, task by task', () => {
  const templateKwargs = { enable_thinking: false };
  const told = { ...sampling, verify: { ...one, templateKwargs } };
  expect(meansOf({ training, sampling: told }).templateKwargs).toEqual({ verify: templateKwargs });
});

test('a recipe that says nothing new gives trainings what they were given', () => {
  expect(meansOf({ training, sampling })).toEqual({
    engine: 'small',
    engineOptions: {},
    cluster: 'local',
    maxAttempts: 5,
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 3600 },
  });
  expect(longRowsOf({ training })).toEqual({});
  expect(longRowsOf({ training: { ...training, maxLongRowShare: 0.1 } })).toEqual({ maxLongRowShare: 0.1 });
});
