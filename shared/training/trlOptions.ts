import * as z from 'zod';

/**
 * `engineOptions` of the engine `trl`: how a training is laid out on GPUs. What is left out follows from the job's
 * resources and the model's size (`gpuPlan.ts`).
 */
export const trlOptionsSchema = z.strictObject({
  /** Training processes on each node. @default a GPU each; 1 without GPUs */
  processesPerNode: z.int().min(1).optional(),
  /** The whole model on each GPU, or parameters, gradients and optimizer spread over all of them. */
  sharding: z.enum(['none', 'fsdp2']).optional(),
  /** Of the computation; weights and optimizer are fp32 where all is trained. @default bf16 on GPUs that have it */
  precision: z.enum(['bf16', 'fp32']).optional(),
  /** Low-rank adapters in place of all weights; the checkpoint has them merged. @default all weights are trained */
  lora: z.strictObject({ rank: z.int().min(1), alpha: z.number().positive().optional() }).optional(),
  gradientCheckpointing: z.boolean().optional(),
  /** Tokens, padding included, of one forward and backward pass on a GPU. */
  microBatchTokens: z.int().min(1).optional(),
  /** What samples completions. @default vLLM on the training's own GPUs; transformers without GPUs */
  sampling: z
    .discriminatedUnion('by', [
      z.strictObject({ by: z.literal('transformers') }),
      z.strictObject({
        by: z.literal('vllmColocate'),
        tensorParallel: z.int().min(1).optional(),
        /** Of a GPU's memory, for vLLM. */
        memoryShare: z.number().gt(0).lt(1).optional(),
      }),
      /** A `trl vllm-serve` that is up already, and takes the weights of every step. */
      z.strictObject({ by: z.literal('vllmServer'), url: z.url() }),
    ])
    .optional(),
});
export type TrlOptions = z.infer<typeof trlOptionsSchema>;
