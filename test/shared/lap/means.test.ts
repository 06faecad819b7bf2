import { clustersOf, engineOf, longRowsOf, meansOf } from '../../../shared/recipe/means.ts';
import type { Recipe } from '../../../shared/recipe/recipe.ts';

const training: Recipe['training'] = { cluster: 'local', nodes: 1, gpusPerNode: 0, wallHours: 1, maxAttempts: 5 };
const one = { temperature: 1, topP: 1, maxTokens: 100 };
const sampling = { prove: one, refine: one, selfVerify: one, selfRefine: one, verify: one, metaVerify: one };

test('what a template is told in sampling it is told in training, task by task', () => {
  const templateKwargs = { enable_thinking: false };
  const told = { ...sampling, verify: { ...one, templateKwargs } };
  expect(meansOf({ training, sampling: told }, 'generator').templateKwargs).toEqual({ verify: templateKwargs });
});

test('a recipe that says nothing new gives trainings what they were given', () => {
  expect(meansOf({ training, sampling }, 'generator')).toEqual({
    engine: 'small',
    engineOptions: {},
    cluster: 'local',
    maxAttempts: 5,
    resources: { nodes: 1, gpusPerNode: 0, wallSeconds: 3600 },
  });
  expect(meansOf({ training: { ...training, queue: 'night' }, sampling }, 'generator').resources.queue).toBe('night');
  expect(longRowsOf({ training })).toEqual({});
  expect(longRowsOf({ training: { ...training, maxLongRowShare: 0.1 } })).toEqual({ maxLongRowShare: 0.1 });
});

test('what trains where a recipe does not say it: small without GPUs, trl on a node of them, verl on more', () => {
  const on = (nodes: number, gpusPerNode: number, engine?: string) =>
    engineOf({ ...training, nodes, gpusPerNode, ...(engine && { engine }) });
  expect([on(1, 0), on(1, 8), on(2, 8), on(2, 8, 'trl')]).toEqual(['small', 'trl', 'verl', 'trl']);
});

test('what a recipe says of its engine stands over what follows from the GPUs', () => {
  const said = { ...training, gpusPerNode: 8, engineOptions: { microBatchTokens: 4_096 } };
  const { engineOptions } = meansOf({ training: said, sampling }, 'generator', {
    sharding: 'fsdp2',
    microBatchTokens: 65_536,
  });
  expect(engineOptions).toEqual({ sharding: 'fsdp2', microBatchTokens: 4_096 });
});

test('a training may run on another cluster than the rest of its lap', () => {
  const apart = { ...training, cluster: 'h100', clusters: { consolidation: 'debug' } };
  expect(meansOf({ training: apart, sampling }, 'consolidation').cluster).toBe('debug');
  expect(meansOf({ training: apart, sampling }, 'generator').cluster).toBe('h100');
  expect(clustersOf(apart)).toEqual(['h100', 'debug']);
});
