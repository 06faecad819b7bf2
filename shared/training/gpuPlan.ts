import {
  ASLEEP,
  bytesPerToken,
  copiesBytes,
  logitBytes,
  RESERVE,
  samplingBytes,
  stateBytes,
  type Trained,
} from './gpuMemory.ts';
import { shapeOfSize, USUAL_SHAPES, type ModelShape } from './modelShape.ts';
import type { TrlOptions } from './trlOptions.ts';

/** The GPUs of a training. */
export interface Gpus {
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** Of one, as its name says: 80 of an 80 GB card. */
  readonly memoryGb: number;
}

/** What is to be trained. */
export interface GpuTraining {
  readonly shape: ModelShape;
  /** Tokens of the longest prompt with its completion, and of the longest completion that is rewarded. */
  readonly longest: number;
  readonly longestCompletion: number;
  /**
   * Whether the loss has the logits of a whole micro-batch at once, as it has where entropy is measured; else it has
   * those of a row (Liger's goes row by row).
   */
  readonly wholeLogits: boolean;
  /** Whether a KL term holds it to a second model. */
  readonly reference: boolean;
  /** What is said already; the rest follows from it. */
  readonly asked: TrlOptions;
}

export type GpuPlan =
  | { readonly kind: 'fits'; readonly options: TrlOptions; readonly text: string }
  | { readonly kind: 'refused'; readonly expected: string; readonly got: string; readonly remedy: string };

/** Ours: beyond it a GPU is busy anyway. */
const MOST_MICRO_BATCH = 65_536;
/** Ours: layers are kept, in place of computed again, where so many of the longest rows, and tokens, have room. */
const WELL_FILLED = { rows: 4, tokens: 16_384 };
/** Ours: vLLM's share of a GPU goes by steps, from what lets it sample many rows at once to what leaves enough. */
const SHARE = { step: 0.05, least: 0.25, most: 0.6 };

/**
 * How a training is laid out on GPUs by what it takes of memory (`gpuMemory.ts`); where it does not fit, what would.
 * Whole on each GPU before spread, layers kept before computed again, and vLLM on as few GPUs together as hold it.
 */
export function gpuPlan(training: GpuTraining, gpus: Gpus): GpuPlan {
  const { shape, longest, asked } = training;
  const layout = layoutOf(training, gpus);
  const what = `${asked.lora ? `LoRA of rank ${asked.lora.rank}` : 'full fine-tuning'} of ${billions(shape)}`;
  if (layout === undefined)
    return {
      kind: 'refused',
      expected: `GPUs that hold ${what} with rows of ${n(longest)} tokens`,
      got: sizeText(gpus),
      remedy: remedies(training, gpus, [shorterRows(training, gpus), 'a smaller base']).join(', or '),
    };
  const text = `${sizeText(gpus)}: ${what} fits with ${wordsOf(layout)}${nextText(training, gpus)}`;
  return { kind: 'fits', options: layout, text };
}

/** The first layout that fits; undefined where none does. */
function layoutOf(training: GpuTraining, gpus: Gpus): TrlOptions | undefined {
  const { shape, longest, longestCompletion, wholeLogits, reference, asked } = training;
  const { gpusPerNode, nodes, memoryGb } = gpus;
  const memory = memoryGb * 1e9;
  const trained: Trained = { loraRank: asked.lora?.rank, reference };
  const { processesPerNode = gpusPerNode, precision = 'bf16' } = asked;
  const processes = nodes * processesPerNode;
  const sharding = processes === 1 ? (['none'] as const) : (['none', 'fsdp2'] as const);
  for (const { options, bytes } of samplings(shape, longest, asked.sampling, gpus))
    for (const spread of asked.sharding ? [asked.sharding] : sharding)
      for (const checkpointing of asked.gradientCheckpointing === undefined
        ? [false, true]
        : [asked.gradientCheckpointing]) {
        const over = spread === 'none' ? 1 : processes;
        const left = memory - RESERVE - stateBytes(shape, trained, over);
        if (bytes > left) continue;
        // In fp32 all that is computed is twice as large.
        const token = bytesPerToken(shape, checkpointing) * (precision === 'fp32' ? 2 : 1);
        const ofRow = longestCompletion * logitBytes(shape);
        const room = left - copiesBytes(shape, trained, over) - (bytes > 0 ? ASLEEP : 0);
        // A row that is longer than a micro-batch is one alone.
        if (longest * token + ofRow > room) continue;
        const held = Math.floor(wholeLogits ? room / (token + logitBytes(shape)) : (room - ofRow) / token);
        const { microBatchTokens = Math.min(MOST_MICRO_BATCH, inThousands(held)) } = asked;
        if (held < Math.min(microBatchTokens, longest)) continue;
        const isGiven = asked.gradientCheckpointing !== undefined;
        if (!isGiven && !checkpointing && held < Math.max(WELL_FILLED.rows * longest, WELL_FILLED.tokens)) continue;
        return {
          processesPerNode,
          sharding: spread,
          precision,
          ...(asked.lora && { lora: asked.lora }),
          gradientCheckpointing: checkpointing,
          microBatchTokens,
          sampling: options,
        };
      }
  return undefined;
}

const inThousands = (tokens: number): number => (tokens < 1_024 ? tokens : Math.floor(tokens / 1_024) * 1_024);

type Sampling = NonNullable<TrlOptions['sampling']>;

/** Ways to sample, and the bytes of each GPU that each has beside what is trained. */
function samplings(
  shape: ModelShape,
  longest: number,
  asked: Sampling = { by: 'vllmColocate' },
  { gpusPerNode, memoryGb }: Gpus,
): { readonly options: Sampling; readonly bytes: number }[] {
  if (asked.by !== 'vllmColocate') return [{ options: asked, bytes: 0 }];
  const memory = memoryGb * 1e9;
  const together = asked.tensorParallel
    ? [asked.tensorParallel]
    : [1, 2, 4, 8, 16].filter((over) => over <= gpusPerNode && gpusPerNode % over === 0);
  return together.flatMap((tensorParallel) => {
    const needed = samplingBytes(shape, longest, tensorParallel) / memory;
    const inSteps = Math.ceil(needed / SHARE.step - 1e-9) * SHARE.step;
    const memoryShare = asked.memoryShare ?? Math.max(SHARE.least, Math.round(inSteps * 100) / 100);
    if (needed > memoryShare || (asked.memoryShare === undefined && memoryShare > SHARE.most)) return [];
    return [{ options: { by: 'vllmColocate', tensorParallel, memoryShare }, bytes: memoryShare * memory }];
  });
}

/** What of these would fit, in the words of the recipe's fields. */
function remedies(training: GpuTraining, gpus: Gpus, others: readonly (string | undefined)[]): string[] {
  const { asked } = training;
  const withLora = { ...training, asked: { ...asked, lora: asked.lora ?? { rank: LORA_RANK } } };
  const nodes = moreNodes(training, gpus);
  return [
    ...(!asked.lora && layoutOf(withLora, gpus)
      ? [`training.engineOptions.lora={"rank":${LORA_RANK}} (LoRA) in place of all weights`]
      : []),
    ...(training.wholeLogits && layoutOf({ ...training, wholeLogits: false }, gpus)
      ? ['no watch of entropy (stages.*.watches), which takes all logits of a micro-batch at once']
      : []),
    ...(nodes === undefined ? [] : [`training.nodes=${nodes} (training.engine=verl)`]),
    ...GREATER.filter((memoryGb) => memoryGb > gpus.memoryGb)
      .filter((memoryGb) => layoutOf(training, { ...gpus, memoryGb }) !== undefined)
      .slice(0, 1)
      .map((memoryGb) => `GPUs of ${memoryGb} GB (training.gpuMemoryGb)`),
    ...others.flatMap((other) => other ?? []),
  ];
}

const LORA_RANK = 64;
/** Ours: shorter rows hold no proof with its prompt. */
const LEAST_ROWS = 2_048;
const GREATER = [40, 48, 80, 141, 192];
const MORE_NODES = [2, 4, 8, 16, 32];

const moreNodes = (training: GpuTraining, gpus: Gpus): number | undefined =>
  MORE_NODES.map((times) => gpus.nodes * times).find((nodes) => layoutOf(training, { ...gpus, nodes }) !== undefined);

const shortened = (training: GpuTraining, longest: number): GpuTraining => ({
  ...training,
  longest,
  longestCompletion: Math.floor((training.longestCompletion * longest) / training.longest),
});

/** The longest rows, by halves, that would fit. */
function shorterRows(training: GpuTraining, gpus: Gpus): string | undefined {
  for (let longest = Math.floor(training.longest / 2); longest >= LEAST_ROWS; longest = Math.floor(longest / 2))
    if (layoutOf(shortened(training, longest), gpus) !== undefined) return `rows of ${n(longest)} tokens at most`;
  return undefined;
}

/** The next common size, and what it would take, where it does not fit. */
function nextText(training: GpuTraining, gpus: Gpus): string {
  const { shape, asked } = training;
  if (asked.lora) return '';
  for (const { parameters } of USUAL_SHAPES.filter((each) => each.parameters > 1.2 * shape.parameters)) {
    const next = { ...training, shape: shapeOfSize(parameters) };
    if (layoutOf(next, gpus) !== undefined) continue;
    const lora = layoutOf({ ...next, asked: { ...asked, lora: { rank: LORA_RANK } } }, gpus) && 'LoRA';
    const nodes = moreNodes(next, gpus);
    const needs = [...(lora ? [lora] : []), ...(nodes === undefined ? [] : [`${nodes} nodes`])];
    return `; ${billions(next.shape)} needs ${needs.length === 0 ? 'larger GPUs' : needs.join(' or ')}`;
  }
  return '';
}

function wordsOf({ sharding, precision, gradientCheckpointing, microBatchTokens = 0, sampling }: TrlOptions): string {
  const sampled =
    sampling?.by === 'vllmColocate'
      ? `vLLM on ${Math.round(100 * (sampling.memoryShare ?? 0))} % of each GPU` +
        ((sampling.tensorParallel ?? 1) > 1 ? ` (${sampling.tensorParallel} together)` : '')
      : sampling?.by === 'vllmServer'
        ? 'vLLM on GPUs of its own'
        : 'sampling by transformers';
  return [
    sharding === 'fsdp2' ? 'FSDP2' : 'the whole model on each GPU',
    precision ?? 'bf16',
    ...(gradientCheckpointing ? ['gradient checkpointing'] : []),
    `micro-batches of ${n(microBatchTokens)} tokens`,
    sampled,
  ].join(', ');
}

const sizeText = ({ nodes, gpusPerNode, memoryGb }: Gpus): string =>
  `${nodes > 1 ? `${nodes} × ` : ''}${gpusPerNode} × ${memoryGb} GB`;
const billions = ({ parameters }: Pick<ModelShape, 'parameters'>): string =>
  `${Number((parameters / 1e9).toPrecision(2))} B`;
const n = (count: number): string => count.toLocaleString('en');
