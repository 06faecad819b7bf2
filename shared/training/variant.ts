import * as z from 'zod';

/**
 * Which GRPO a stage trains by. The paper says GRPO and no more; sources are in PAPER.md. A field that is absent has
 * its default.
 */
export const grpoVariantSchema = z.strictObject({
  /**
   * What a step's loss is divided by: all its tokens (DAPO), each completion by its own and then their number (GRPO), or
   * `maxCompletionTokens` a completion (Dr. GRPO). @default tokens
   */
  lossPer: z.enum(['tokens', 'sequence', 'constant']).optional(),
  /** Whose probability ratio is clipped: a token's, or the sequence's (GSPO). @default token */
  ratio: z.enum(['token', 'sequence']).optional(),
  /** What an advantage is measured from: the group's mean, or that of the others in it (RLOO). @default mean */
  baseline: z.enum(['mean', 'leaveOneOut']).optional(),
  /** By whose spread it is divided: the group's, the step's, or nobody's (Dr. GRPO). @default group */
  spread: z.enum(['group', 'step', 'none']).optional(),
  /** How the KL term is estimated: k3, or k3 times the ratio, whose gradient is unbiased. @default unbiased */
  klEstimator: z.enum(['k3', 'unbiased']).optional(),
  /**
   * How often a group in which every reward is equal is sampled anew, from another prompt (DAPO's dynamic sampling).
   * @default 0
   */
  resampleFlat: z.int().min(0).max(16).optional(),
  /** Optimizer steps that one sampling is for; those after the first are off-policy. @default 1 */
  stepsPerSampling: z.int().min(1).max(8).optional(),
});
export type GrpoVariant = z.infer<typeof grpoVariantSchema>;

/** What a training is watched by: fields of a line of `metrics.jsonl`. */
export const WATCHED = [
  'entropy',
  'kl',
  'clipShare',
  'gradientNorm',
  'flatGroupShare',
  'truncatedShare',
  'completionTokens',
] as const;

/**
 * A training watch: when the mean of `metric` over the last `steps` steps is above or below a bound, it is said in the
 * report (`warn`), the stage ends there with what it has (`stop`), or the job fails (`fail`).
 */
export const watchSchema = z
  .strictObject({
    metric: z.enum(WATCHED),
    above: z.number().optional(),
    below: z.number().optional(),
    /** @default 5 */
    steps: z.int().min(1).optional(),
    /** What follows. */
    policy: z.enum(['warn', 'stop', 'fail']),
  })
  .refine(({ above, below }) => above !== undefined || below !== undefined, 'expected above or below');
export type Watch = z.infer<typeof watchSchema>;
