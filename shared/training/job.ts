import * as z from 'zod';

/**
 * The contract between the project and a trainer: a job file goes in, `metrics.jsonl` grows, `result.json` comes last.
 * The trainer reads nothing else. Keys are camelCase on both sides.
 */
const artifact = z.object({ uri: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

export const jobSchema = z.object({
  /** `<run>/lap-0001/verifier-v1`: the same training, whatever the attempt. */
  jobKey: z.string(),
  attempt: z.int().min(1),
  kind: z.enum(['grpo', 'sft']),
  /** URIs in a job file are absolute `file:` URLs (or what the cluster can reach). */
  initCheckpoint: artifact,
  datasets: z.array(artifact.extend({ role: z.string(), rows: z.int(), weight: z.number().positive() })).min(1),
  /** Absent for `sft`. `tokenEnv` names the environment variable that holds the bearer token. */
  reward: z.object({ url: z.url(), recipeSha256: z.string(), tokenEnv: z.string() }).optional(),
  hyper: z.object({
    groupSize: z.int().min(2),
    promptsPerStep: z.int().min(1),
    maxSteps: z.int().min(1),
    learningRate: z.number().positive(),
    warmupSteps: z.int().min(0),
    klCoef: z.number().min(0),
    clipLow: z.number().positive(),
    clipHigh: z.number().positive(),
    temperature: z.number().positive(),
    maxPromptTokens: z.int(),
    maxCompletionTokens: z.int(),
    /** A stage whose mean reward over `saturationWindow` steps reaches this stops: beyond it lies reward hacking. */
    saturationReward: z.number(),
    saturationWindow: z.int().min(1),
    checkpointEverySteps: z.int().min(1),
    maxUnscorableShare: z.number().min(0).max(1),
    seed: z.int(),
  }),
  resources: z.object({ nodes: z.int(), gpusPerNode: z.int(), wallSeconds: z.int(), queue: z.string().optional() }),
  /** Folder that belongs to the job alone: metrics.jsonl, state/ to resume from, log, result.json. */
  output: z.object({ uri: z.string(), checkpoints: z.string() }),
  resume: z.literal('auto'),
});
export type Job = z.infer<typeof jobSchema>;

/**
 * One line of `metrics.jsonl` per optimizer step. A resumed attempt may write a step again; the last line of a step
 * counts.
 */
export const metricsLineSchema = z.object({
  step: z.int(),
  reward: z.number(),
  rewardStd: z.number(),
  /** Share of groups in which every reward was equal: they teach nothing, and their share rises with hacking. */
  flatGroupShare: z.number(),
  unscorable: z.int(),
  /** Mean of each reward component over the step's scored items. */
  components: z.record(z.string(), z.number()),
  completionTokens: z.number(),
  truncatedShare: z.number(),
  loss: z.number(),
  learningRate: z.number(),
  /** Seconds spent in this step: sampling, waiting for rewards, and in all. */
  sampleSeconds: z.number(),
  rewardSeconds: z.number(),
  stepSeconds: z.number(),
});
export type MetricsLine = z.infer<typeof metricsLineSchema>;

/** Classes decide what a retry may do: only infra, capacity and preempted heal by themselves. */
export const FAILURE_CLASSES = ['infra', 'capacity', 'app', 'data', 'reward'] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** `result.json`, written last and atomically. A job has succeeded only when this validates with status `succeeded`. */
export const jobResultSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('succeeded'),
    jobKey: z.string(),
    attempt: z.int(),
    /** `uri` is the absolute folder `<output.checkpoints>/<sha256>`. */
    checkpoint: artifact,
    steps: z.int(),
    stopReason: z.enum(['maxSteps', 'saturated']),
    reward: z.object({ first: z.number(), last: z.number() }),
    tokens: z.int(),
    seconds: z.number(),
  }),
  z.object({
    status: z.literal('failed'),
    jobKey: z.string(),
    attempt: z.int(),
    class: z.enum(FAILURE_CLASSES),
    message: z.string(),
  }),
  /** Asked to stop (SIGTERM): its state is saved and a new attempt goes on from there. */
  z.object({ status: z.literal('preempted'), jobKey: z.string(), attempt: z.int(), step: z.int() }),
]);
export type JobResult = z.infer<typeof jobResultSchema>;
