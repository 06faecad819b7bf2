import type { ModelShape } from './modelShape.ts';

/**
 * What a training takes of each GPU, in bytes. A reckoning, not a measurement: nothing of it was seen on a GPU by us, and
 * what it leaves out is in RESERVE and in the decimal GB, of which cards have some 7 % more than their name says.
 */

/** Of a weight that is trained: it, its gradient and Adam's two means, in fp32 (ZeRO, arXiv 1910.02054, has 16, too). */
const TRAINED = 16;
/** Of a weight that is read alone, in bf16. */
const READ = 2;
/** Of a token in a layer: all that its backward pass needs, and its input alone (Korthikanti et al., 2205.05198). */
const LAYER = 34;
const LAYER_INPUT = 2;
/** Tokens whose logits are there at once in a chunked loss; of each logit bf16, fp32 and its gradient. Ours. */
const LOSS_CHUNK = 1_024;
const LOGIT = 10;
/** Of a GPU for CUDA itself, NCCL's buffers and fragments. Ours. */
export const RESERVE = 3e9;
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

/** Weights of low-rank adapters on every linear map of every layer. */
function adapterWeights({ hidden, layers, kvHeads, headSize, intermediate }: ModelShape, rank: number): number {
  const attention = 2 * (hidden + hidden) + 2 * (hidden + kvHeads * headSize);
  return rank * layers * (attention + 3 * (hidden + intermediate));
}

/** What is there all the time. @param over GPUs that it is spread over; 1: whole on each. */
export function stateBytes(shape: ModelShape, { loraRank, reference }: Trained, over: number): number {
  const { parameters, hidden, layers, vocabulary } = shape;
  const frozen = loraRank === undefined ? (reference ? READ * parameters : 0) : READ * parameters;
  const trained = loraRank === undefined ? parameters : adapterWeights(shape, loraRank);
  const state = (TRAINED * trained + frozen) / over;
  // Whole, the computation has bf16 copies; spread, two layers in bf16 and the gradients of one are gathered, and so
  // are the embeddings of both ends.
  const copies = over === 1 ? READ * trained : ((2 * READ + 4) * parameters) / layers + 2 * READ * vocabulary * hidden;
  return state + copies + LOSS_CHUNK * LOGIT * vocabulary;
}

/** Of a token that is learned. */
export function bytesPerToken({ hidden, layers }: ModelShape, checkpointing: boolean): number {
  return checkpointing ? hidden * (LAYER_INPUT * layers + LAYER) : hidden * LAYER * layers;
}

/** What vLLM needs of each of the GPUs that a model is spread over, at least. */
export function samplingBytes(shape: ModelShape, longest: number, over: number): number {
  const { parameters, layers, kvHeads, headSize } = shape;
  const cache = (2 * READ * layers * kvHeads * headSize) / Math.min(over, kvHeads);
  return (READ * parameters) / over + SAMPLED_AT_ONCE * longest * cache + VLLM_OVERHEAD;
}
