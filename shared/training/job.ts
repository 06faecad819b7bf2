import * as z from 'zod';
import { TASKS } from '../records.ts';
import { grpoVariantSchema, watchSchema } from './variant.ts';

/**
 * The contract between the project and a trainer: a job file goes in, `metrics.jsonl` grows, `result.json` comes last.
 * The trainer reads nothing else. Keys are camelCase on both sides.
 */
const artifact = z.object({ uri: z.string(), sha256: z.string().regex(/^[0-9a-f]{64}$/) });

/** Of either kind of training. */
const hyper = z.object({
  maxSteps: z.int().min(1),
  learningRate: z.number().positive(),
  warmupSteps: z.int().min(0),
  maxPromptTokens: z.int(),
  maxCompletionTokens: z.int(),
  checkpointEverySteps: z.int().min(1),
  seed: z.int(),
  /**
   * Rows whose prompt or completion is longer than its limit are left out, at most this share of all: beyond it the job
   * fails and names the longest. @default 0.05
   */
  maxLongRowShare: z.number().min(0).max(1).optional(),
});

/** How a model marks its thinking; of `shared/thinking.ts` the formats that tags make. */
const thinking = z.object({ open: z.string().min(1), close: z.string().min(1), promptOpens: z.boolean().optional() });

const templateKwargs = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

const anyJob = z.object({
  /** `<run>/lap-0001/verifier-v1`: the same training, whatever the attempt. Its files are under `jobs/<jobKey>/`. */
  jobKey: z.string(),
  attempt: z.int().min(1),
  /** Which program trains, by its name in activities/training/engines.ts. */
  engine: z.string(),
  /** What the engine knows beyond this contract. It refuses an option that it does not know. */
  engineOptions: z.record(z.string(), z.unknown()),
  /** URIs in a job file are absolute `file:` URLs (or what the cluster can reach). */
  initCheckpoint: artifact,
  datasets: z.array(artifact.extend({ role: z.string(), rows: z.int(), weight: z.number().positive() })).min(1),
  resources: z.object({ nodes: z.int(), gpusPerNode: z.int(), wallSeconds: z.int(), queue: z.string().optional() }),
  /** Absent: the model does not think, or not apart from its answer. */
  thinking: thinking.optional(),
  /** What the chat template is given beside the messages, by task, in sampling and in SFT alike. @default nothing */
  templateKwargs: z.partialRecord(z.enum(TASKS), templateKwargs).optional(),
  /** Folder that belongs to the job alone: metrics.jsonl, state/ to resume from, log, result.json. */
  output: z.object({ uri: z.string(), checkpoints: z.string() }),
  resume: z.literal('auto'),
});

export const jobSchema = z.discriminatedUnion('kind', [
  anyJob.extend({
    kind: z.literal('grpo'),
    /** What `klCoef` holds the model to; of the same make. @default initCheckpoint */
    referenceCheckpoint: artifact.optional(),
    /** `tokenEnv` names the environment variable that holds the bearer token. */
    reward: z.object({
      url: z.url(),
      recipeSha256: z.string(),
      tokenEnv: z.string(),
      /** How long a service that is gone, or whose judges are down, is waited for. @default 120 */
      outageMinutes: z.number().positive().optional(),
      /** How long nothing may move at a service that answers: no call started or ended, no token. @default 45 */
      stallMinutes: z.number().positive().optional(),
    }),
    hyper: hyper.extend({
      groupSize: z.int().min(2),
      promptsPerStep: z.int().min(1),
      klCoef: z.number().min(0),
      clipLow: z.number().positive(),
      clipHigh: z.number().positive(),
      temperature: z.number().positive(),
      /** A stage whose mean reward over `saturationWindow` steps reaches this stops: beyond it lies reward hacking. */
      saturationReward: z.number(),
      saturationWindow: z.int().min(1),
      maxUnscorableShare: z.number().min(0).max(1),
      variant: grpoVariantSchema.optional(),
      /** @default none */
      watches: z.array(watchSchema).optional(),
    }),
  }),
  anyJob.extend({ kind: z.literal('sft'), hyper: hyper.extend({ rowsPerStep: z.int().min(1) }) }),
]);
export type Job = z.infer<typeof jobSchema>;
export type JobKind = Job['kind'];
export type HyperOf<K extends JobKind> = Extract<Job, { kind: K }>['hyper'];

/**
 * One line of `metrics.jsonl` per optimizer step. A resumed attempt may write a step again; the last line of a step
 * counts. An engine leaves out what it does not know.
 */
export const metricsLineSchema = z.object({
  step: z.int(),
  /** Mean over the scored items; 0 for `sft`, which has none. */
  reward: z.number(),
  stepSeconds: z.number(),
  rewardStd: z.number().optional(),
  /** Share of groups in which every reward was equal: they teach nothing, and their share rises with hacking. */
  flatGroupShare: z.number().optional(),
  unscorable: z.int().optional(),
  /** Items that were too long for their judge. */
  overlong: z.int().optional(),
  /** Mean of each reward component over the step's scored items. */
  components: z.record(z.string(), z.number()).optional(),
  completionTokens: z.number().optional(),
  /** Mean tokens of a completion that are thinking; absent where thinking is not told apart. */
  thinkingTokens: z.number().optional(),
  truncatedShare: z.number().optional(),
  /** Mean over the completions' tokens: of the policy's entropy, and of its KL divergence from the reference. */
  entropy: z.number().optional(),
  kl: z.number().optional(),
  /** Share of tokens (or of sequences, where their ratio is clipped) that are outside of the clip. */
  clipShare: z.number().optional(),
  /** Before it is clipped. */
  gradientNorm: z.number().optional(),
  /** Groups that were sampled anew since they had no spread. */
  resampledGroups: z.int().optional(),
  /** Forward and backward passes of the step on a GPU. */
  microBatches: z.int().optional(),
  /** Of the GPU that had most. */
  peakMemoryBytes: z.int().optional(),
  loss: z.number().optional(),
  learningRate: z.number().optional(),
  /** Seconds of the step that were spent in sampling, and in waiting for rewards. */
  sampleSeconds: z.number().optional(),
  rewardSeconds: z.number().optional(),
});
export type MetricsLine = z.infer<typeof metricsLineSchema>;

/** Classes decide what a retry may do: only infra, capacity and preempted heal by themselves. */
export const FAILURE_CLASSES = ['infra', 'capacity', 'app', 'data', 'reward'] as const;
export type FailureClass = (typeof FAILURE_CLASSES)[number];

/** Rows that were left out because they are too long, with their names up to a hundred. */
const longRows = z.object({ count: z.int(), items: z.array(z.string()) });
export type LongRows = z.infer<typeof longRows>;

/** `result.json`, written last and atomically. A job has succeeded only when this validates with status `succeeded`. */
export const jobResultSchema = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('succeeded'),
    jobKey: z.string(),
    attempt: z.int(),
    /** `uri` is the absolute folder `<output.checkpoints>/<sha256>`, as a `file:` URL. */
    checkpoint: artifact,
    steps: z.int(),
    stopReason: z.enum(['maxSteps', 'saturated', 'watch']),
    /** Watches that struck, in a person's words. @default none */
    watched: z.array(z.string()).optional(),
    reward: z.object({ first: z.number(), last: z.number() }),
    tokens: z.int(),
    seconds: z.number(),
    /** @default none */
    longRows: longRows.optional(),
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
export type SucceededJob = Extract<JobResult, { status: 'succeeded' }>;
