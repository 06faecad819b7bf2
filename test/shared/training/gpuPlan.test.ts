import * as fc from 'fast-check';
import { gpuPlan, type Gpus, type GpuTraining } from '../../../shared/training/gpuPlan.ts';
import { shapeOfSize } from '../../../shared/training/modelShape.ts';

const training = (billions: number, over: Partial<GpuTraining> = {}): GpuTraining => ({
  shape: shapeOfSize(billions * 1e9),
  longest: 8_192,
  longestCompletion: Math.floor(0.75 * (over.longest ?? 8_192)),
  wholeLogits: false,
  reference: false,
  asked: {},
  ...over,
});
const gpus = (gpusPerNode: number, memoryGb: number, nodes = 1): Gpus => ({ nodes, gpusPerNode, memoryGb });

/** `whole` on each GPU, `fsdp2`, or nothing. */
function fit(billions: number, on: Gpus, over: Partial<GpuTraining> = {}): string {
  const plan = gpuPlan(training(billions, over), on);
  if (plan.kind === 'refused') return '–';
  return plan.options.sharding === 'none' ? 'whole' : 'fsdp2';
}

test.each<[Gpus, Readonly<Record<string, string>>]>([
  [gpus(1, 24), { 0.135: 'whole', 1.5: '–', 4: '–', 8: '–', 14: '–', 32: '–', 70: '–' }],
  [gpus(8, 24), { 0.135: 'whole', 1.5: '–', 4: '–', 8: '–', 14: '–', 32: '–', 70: '–' }],
  [gpus(8, 24, 2), { 0.135: 'whole', 1.5: 'fsdp2', 4: '–', 8: '–', 14: '–', 32: '–', 70: '–' }],
  [gpus(1, 80), { 0.135: 'whole', 1.5: 'whole', 4: '–', 8: '–', 14: '–', 32: '–', 70: '–' }],
  [gpus(8, 80), { 0.135: 'whole', 1.5: 'whole', 4: 'fsdp2', 8: 'fsdp2', 14: 'fsdp2', 32: '–', 70: '–' }],
  [gpus(8, 80, 2), { 0.135: 'whole', 1.5: 'whole', 4: 'fsdp2', 8: 'fsdp2', 14: 'fsdp2', 32: 'fsdp2', 70: '–' }],
  [gpus(1, 141), { 0.135: 'whole', 1.5: 'whole', 4: 'whole', 8: '–', 14: '–', 32: '–', 70: '–' }],
  [gpus(8, 141), { 0.135: 'whole', 1.5: 'whole', 4: 'whole', 8: 'fsdp2', 14: 'fsdp2', 32: 'fsdp2', 70: '–' }],
  [gpus(8, 141, 2), { 0.135: 'whole', 1.5: 'whole', 4: 'whole', 8: 'fsdp2', 14: 'fsdp2', 32: 'fsdp2', 70: 'fsdp2' }],
])('what full fine-tuning of rows of 8 K tokens fits by on %j', (on, fits) => {
  const found = Object.keys(fits).map((billions) => [billions, fit(Number(billions), on)]);
  expect(Object.fromEntries(found)).toEqual(fits);
});

test('what fits is said in a sentence, with what the next size would take', () => {
  expect(gpuPlan(training(8.19), gpus(8, 80))).toEqual({
    kind: 'fits',
    options: {
      processesPerNode: 8,
      sharding: 'fsdp2',
      precision: 'bf16',
      gradientCheckpointing: true,
      microBatchTokens: 65_536,
      sampling: { by: 'vllmColocate', tensorParallel: 1, memoryShare: 0.3 },
    },
    text:
      '8 × 80 GB: full fine-tuning of 8.2 B fits with FSDP2, bf16, gradient checkpointing, micro-batches of 65,536 ' +
      'tokens, vLLM on 30 % of each GPU; 33 B needs LoRA or 2 nodes',
  });
});

test('what does not fit is refused with what would, each of which does', () => {
  const plan = gpuPlan(training(32.8), gpus(8, 80));
  expect(plan).toEqual({
    kind: 'refused',
    expected: 'GPUs that hold full fine-tuning of 33 B with rows of 8,192 tokens',
    got: '8 × 80 GB',
    remedy:
      'training.engineOptions.lora={"rank":64} (LoRA) in place of all weights, or training.nodes=2 ' +
      '(training.engine=verl), or GPUs of 141 GB (training.gpuMemoryGb), or a smaller base',
  });
  expect(fit(32.8, gpus(8, 80), { asked: { lora: { rank: 64 } } })).toBe('fsdp2');
  expect(fit(32.8, gpus(8, 80, 2))).toBe('fsdp2');
  expect(fit(32.8, gpus(8, 141))).toBe('fsdp2');
});

test('vLLM is spread over several GPUs where one has not room for it beside what is trained', () => {
  const plan = gpuPlan(training(32.8), gpus(8, 141));
  expect(plan.kind === 'fits' && plan.options.sampling).toMatchObject({ tensorParallel: 2 });
});

test('a row has to fit with all its logits; where entropy is measured, a micro-batch has', () => {
  const rows = { longest: 65_536, longestCompletion: 16_384 };
  expect(fit(4.02, gpus(8, 80), rows)).toBe('fsdp2');
  expect(fit(4.02, gpus(8, 80), { ...rows, longestCompletion: 49_152 })).toBe('–');
  const tokensOf = (wholeLogits: boolean): number => {
    const plan = gpuPlan(training(8.19, { wholeLogits }), gpus(8, 80));
    return plan.kind === 'fits' ? (plan.options.microBatchTokens ?? 0) : 0;
  };
  expect([tokensOf(false), tokensOf(true)]).toEqual([65_536, 18_432]);
});

test('what the recipe says stays, and the rest follows from it', () => {
  const asked = {
    sharding: 'fsdp2',
    gradientCheckpointing: true,
    microBatchTokens: 8_192,
    sampling: { by: 'vllmServer', url: 'http://127.0.0.1:8000' },
  } as const;
  const plan = gpuPlan(training(1.54, { asked }), gpus(8, 80));
  expect(plan).toMatchObject({ kind: 'fits', options: { ...asked, precision: 'bf16', processesPerNode: 8 } });
  expect(fit(14.8, gpus(4, 80), { longest: 4_096 })).toBe('–');
  expect(fit(14.8, gpus(4, 80), { longest: 4_096, asked: { sampling: asked.sampling } })).toBe('fsdp2');
});

const sizes = fc.constantFrom(0.135, 0.6, 1.54, 4.02, 8.19, 14.8, 32.8, 70.6);
const lengths = fc.integer({ min: 256, max: 131_072 });
const memories = fc.integer({ min: 16, max: 192 });
const counts = fc.constantFrom(1, 2, 4, 8);
const nodes = fc.constantFrom(1, 2, 4);
const doesFit = (billions: number, longest: number, on: Gpus, reference = false): boolean =>
  gpuPlan(training(billions, { longest, reference }), on).kind === 'fits';

test('more memory, more GPUs, more nodes, shorter rows and no reference never fit less', () => {
  fc.assert(
    fc.property(sizes, lengths, memories, counts, nodes, (size, longest, memory, count, node) => {
      const on = gpus(count, memory, node);
      if (!doesFit(size, longest, on)) {
        expect(doesFit(size, longest, on, true)).toBe(false);
        return;
      }
      expect(doesFit(size, longest, gpus(count, memory * 1.17, node))).toBe(true);
      expect(doesFit(size, longest, gpus(2 * count, memory, node))).toBe(true);
      expect(doesFit(size, longest, gpus(count, memory, 2 * node))).toBe(true);
      expect(doesFit(size, Math.ceil(longest * 0.7), on)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('vLLM leaves room, and a micro-batch has tokens', () => {
  fc.assert(
    fc.property(sizes, lengths, memories, counts, (size, longest, memory, count) => {
      const plan = gpuPlan(training(size, { longest }), gpus(count, memory));
      if (plan.kind === 'refused') return;
      const { microBatchTokens, sampling } = plan.options;
      expect(microBatchTokens).toBeGreaterThanOrEqual(1);
      expect(sampling?.by === 'vllmColocate' && sampling.memoryShare).toBeLessThanOrEqual(0.6);
    }),
  );
});
