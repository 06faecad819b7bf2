import type { ModelShape } from './modelShape.ts';

/**
 * What a training takes of each GPU, in bytes. A reckoning, not a measurement: nothing of it was seen on a GPU by us,
 * and what it leaves out is in RESERVE and in the decimal GB, of which cards have some 7 % more than their name says.
 */

/** Of a weight that is trained: it, its gradient and Adam's two means, in fp32 (ZeRO, arXiv 1910.02054, has 16, too). */
const TRAINED = 16;
/** Of a weight that is read alone, in bf16. */
const READ = 2;
/** Of a token in a layer: all that its backward pass needs, and its input alone (Korthikanti et al., 2205.05198). */
const LAYER = 34;
const LAYER_INPUT = 2;
/** Of a logit: bf16, fp32 and its logarithm, and the gradients of both. Ours, after what the loss writes down. */
const LOGIT = 16;
/** Of a GPU for CUDA itself, NCCL's buffers and fragments. Ours. */
export const RESERVE = 3e9;
/** Of a vLLM that sleeps while its GPU learns: weights and cache are away, graphs are not. Ours. */
export const ASLEEP = 2e9;
/** Of vLLM beside weights and cache: its graphs and activations. Ours, after what its log usually says. */
const VLLM_OVERHEAD = 2e9;
/** Completions of the greatest length that vLLM holds at once, at least: of usual lengths some ten. Ours. */
const SAMPLED_AT_ONCE = 4;

/** What is trained, and what the KL term is held to. */
export interface Trained {
  /** Rank of adapters; undefined: all weights. */
  readonly loraRank?: number | undefined;
  /** A second model, frozen; with adapters it is the base without them. */
  readonly reference: boolean;
}

/** All, or those of low-rank adapters on every linear map of every layer. */
function trainedWeights(shape: ModelShape, { loraRank }: Trained): number {
  if (loraRank === undefined) return shape.parameters;
  const { hidden, layers, kvHeads, headSize, intermediate } = shape;
  const attention = 2 * (hidden + hidden) + 2 * (hidden + kvHeads * headSize);
  return loraRank * layers * (attention + 3 * (hidden + intermediate));
}

/** What is there all the time. @param over GPUs that it is spread over; 1: whole on each. */
export function stateBytes(shape: ModelShape, trained: Trained, over: number): number {
  const isRead = trained.loraRank !== undefined || trained.reference;
  return (TRAINED * trainedWeights(shape, trained) + (isRead ? READ * shape.parameters : 0)) / over;
}

/** Beside it while it learns: of what is whole, copies in bf16; of what is spread, what is gathered. */
export function copiesBytes(shape: ModelShape, trained: Trained, over: number): number {
  if (over === 1) return READ * trainedWeights(shape, trained);
  const { parameters, hidden, layers, vocabulary } = shape;
  // Two layers in bf16 and the gradients of one, and the embeddings of both ends.
  return ((2 * READ + 4) * parameters) / layers + 2 * READ * vocabulary * hidden;
}

/** Of a token that is learned, but for its logits. */
export function bytesPerToken({ hidden, layers }: ModelShape, checkpointing: boolean): number {
  return checkpointing ? hidden * (LAYER_INPUT * layers + LAYER) : hidden * LAYER * layers;
}

/** Of a completion's token, in the loss. */
export const logitBytes = ({ vocabulary }: ModelShape): number => LOGIT * vocabulary;

/** What vLLM needs of each of the GPUs that a model is spread over, at least, while it samples. */
export function samplingBytes(shape: ModelShape, longest: number, over: number): number {
  const { parameters, layers, kvHeads, headSize } = shape;
  const cache = (2 * READ * layers * kvHeads * headSize) / Math.min(over, kvHeads);
  return (READ * parameters) / over + SAMPLED_AT_ONCE * longest * cache + VLLM_OVERHEAD;
}
