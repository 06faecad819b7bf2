import { domains } from '../../../domains/index.ts';
import { resolveRecipe, type LapInput } from '../../../shared/lap/lapInput.ts';
import type { LapFacts } from '../../../shared/lap/facts.ts';
import { trainingLayout } from '../../../shared/lap/layout.ts';
import { parametersInName, shapeIn } from '../../../shared/training/modelShape.ts';

const layout = (input: LapInput, facts: LapFacts = {}) =>
  trainingLayout(resolveRecipe(domains, { preset: 'team', ...input }).recipe, facts);
const node = { gpusPerNode: 8, nodes: 1 };
const base = { parameters: 8.19e9, bytes: 16e9, context: 40_960 };

test('without GPUs there is nothing to lay out, and other engines say it themselves', () => {
  expect(layout({})).toBeUndefined();
  expect(layout({ training: { ...node, engine: 'small' } })).toEqual({
    text: 'small, on 1 × 8 GPUs: how its trainings lie on them is its own to say',
  });
  expect(layout({ training: { ...node, nodes: 4 } })?.text).toMatch(/^verl, on 4 × 8 GPUs/);
});

test('on the GPUs of one node it is trl, laid out by the base and the longest rows of all trainings', () => {
  const found = layout({ training: node }, { base });
  expect(found?.text).toMatch(/^trl, 8 × 80 GB: full fine-tuning of 8\.2 B fits with FSDP2/);
  expect(found?.options).toMatchObject({ sharding: 'fsdp2', processesPerNode: 8 });
  const long = { stages: { generator: { maxPromptTokens: 2_048, maxCompletionTokens: 131_072 } } };
  expect(layout({ training: { ...node, gpuMemoryGb: 24 }, ...long }, { base })?.refusal).toMatchObject({
    field: 'training.gpusPerNode',
    // No row is longer than the base's positions.
    expected: 'GPUs that hold full fine-tuning of 8.2 B with rows of 40,960 tokens',
    got: '8 × 24 GB',
  });
});

test('a base that is not there has the size that its name says, or is warned of', () => {
  const domain = { name: 'proofs', base: 'hf:Qwen/Qwen3-8B@main' };
  expect(layout({ training: node, domain })?.text).toMatch(/full fine-tuning of 8 B fits .*by the base’s name/);
  const untold = layout({ training: node });
  expect(untold).not.toHaveProperty('options');
  expect(untold?.warning).toMatch(/^training\.gpusPerNode 8: whether the trainings fit/);
});

test('a KL term that needs a second model takes room for it', () => {
  const training = { gpusPerNode: 1, nodes: 1, gpuMemoryGb: 141 };
  const small = { base: { ...base, parameters: 6.1e9 } };
  expect(layout({ training }, small)).toHaveProperty('options');
  expect(layout({ training, stages: { generator: { klCoef: 0.01 } } }, small)).toHaveProperty('refusal');
});

test('trl trains on one node, and its processes share a step evenly', () => {
  expect(layout({ training: { ...node, nodes: 2, engine: 'trl' } }, { base })?.refusal).toEqual({
    field: 'training.nodes',
    expected: '1 with training.engine trl',
    got: '2',
    remedy: 'training.engine=verl trains on more nodes',
  });
  const three = { gpusPerNode: 3, nodes: 1 };
  expect(layout({ training: three }, { base })?.refusal).toMatchObject({
    field: 'stages.verifierV1.promptsPerStep',
    expected: 'samples of a step (promptsPerStep · groupSize) to be divisible by the 3 processes of a training',
    got: '64',
  });
  const whole = { stages: { generator: { promptsPerStep: 4, variant: { resampleFlat: 1 } } } };
  expect(layout({ training: node, ...whole }, { base })?.refusal).toMatchObject({
    expected: 'prompts of a step to be divisible by the 8 processes of a training',
    got: '4',
  });
  expect(layout({ training: node, consolidation: { rowsPerStep: 12 } }, { base })?.refusal).toMatchObject({
    field: 'consolidation.rowsPerStep',
  });
});

test('a watch of entropy takes room', () => {
  const watches = [{ metric: 'entropy' as const, below: 0.01, policy: 'warn' as const }];
  const tokens = (input: LapInput) => layout({ training: node, ...input }, { base })?.options?.microBatchTokens ?? 0;
  expect(tokens({ stages: { generator: { watches } } })).toBeLessThan(tokens({}));
});

test('an option that trl does not know is refused by name', () => {
  const found = layout({ training: { ...node, engineOptions: { microBatchTokens: 0, tensorparallel: 2 } } }, { base });
  expect(found?.refusal).toMatchObject({ field: 'training.engineOptions' });
  expect(found?.text).toContain('microBatchTokens: expected number to be >=1, got 0; tensorparallel: no such field');
});

test.each<[string, number | undefined]>([
  ['hf:Qwen/Qwen3-8B@main', 8e9],
  ['hf:Qwen/Qwen3-4B-Thinking-2507', 4e9],
  ['hf:HuggingFaceTB/SmolLM2-135M-Instruct', 135e6],
  ['imports/base', undefined],
  ['models/7bridges', undefined],
])('the size in %s', (name, parameters) => {
  expect(parametersInName(name)).toBe(parameters);
});

test('a config.json says a shape, or not all of it', () => {
  const config = { hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, vocab_size: 100 };
  expect(shapeIn(config, 10)).toEqual({
    parameters: 10,
    hidden: 64,
    layers: 2,
    kvHeads: 4,
    headSize: 16,
    intermediate: 256,
    vocabulary: 100,
  });
  expect(shapeIn({ ...config, vocab_size: undefined }, 10)).toBeUndefined();
});
