import * as z from 'zod';
import { TASKS } from '../records.ts';

/**
 * What the reward service needs to serve one job; `trainStage` writes it to `rewards/<jobKey>/spec.json` before it
 * submits, and the service reads it from there, so that a restarted service knows every job.
 */
const modelRef = z.object({
  role: z.enum(['candidate', 'verifier', 'metaVerifier', 'generator']),
  checkpoint: z.object({ uri: z.string(), sha256: z.string() }),
});
const sampling = z.object({
  temperature: z.number(),
  topP: z.number(),
  maxTokens: z.int(),
  maxThinkingTokens: z.int().optional(),
  templateKwargs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

export const rewardSpecSchema = z.object({
  jobKey: z.string(),
  /** Prompt set (folder) by which judges are asked, and its content hash. */
  prompts: z.object({ name: z.string(), sha256: z.string() }),
  judges: z.object({
    /** Scores proofs: R_Y, and s for R_Z. */
    verifier: modelRef.optional(),
    /** Scores analyses: R_meta. The meta-verifier of 1C in 1D; by `metaJudge` in phase 3. */
    metaVerifier: modelRef.optional(),
  }),
  /**
   * Paper 2.1: v1 learns without R_meta, v2 with it; paper 2.2: so does phase 3. False in all stages where critiques
   * are not judged.
   */
  useMetaReward: z.boolean(),
  /** α and β of phase 3 (paper 2.2: 0.76 and 0.24). */
  proofWeight: z.number(),
  selfAnalysisWeight: z.number(),
  verdictsPerReward: z.int().min(1),
  metaVerdictsPerReward: z.int().min(1),
  maxRevisions: z.int().min(0),
  sampling: z.object({ verify: sampling, metaVerify: sampling }),
  /** Tries for a judge's malformed answer before the item is unscorable. */
  judgeAttempts: z.int().min(1),
  /** What an answer gets that is too long for its judge's window. @default zero */
  overlong: z.enum(['zero', 'unscorable']).optional(),
  /** Share of verdicts that may be lost at the first attempt (shared/figures/losses.ts). @default all */
  maxLossShare: z.number().min(0).max(1).optional(),
  seed: z.int(),
  /** Laps, the newest first, whose judges' answers for the same training are taken over. @default none */
  donors: z.array(z.string()).readonly().optional(),
  /**
   * The rows that items refer to. A spec of an older build names none: then they are those of the training
   * (`jobs/<jobKey>/training.json`).
   */
  datasets: z.array(z.object({ uri: z.string(), sha256: z.string(), rows: z.int() })).optional(),
});
export type RewardSpec = z.infer<typeof rewardSpecSchema>;

/** Most items of a batch, and most bytes of one that has several; a single item may be as long as `MAX_ITEM_BYTES`. */
export const MAX_BATCH_ITEMS = 256;
export const MAX_BATCH_BYTES = 16 * 2 ** 20;
export const MAX_ITEM_BYTES = 64 * 2 ** 20;
/** Longest that a poll is kept waiting, seconds. */
export const MAX_WAIT_SECONDS = 55;

/**
 * Protocol 2. `POST /jobs/{jobKey, URL-encoded}/v2/rewards` takes a batch and answers 202 with its state at once;
 * `GET …/v2/rewards/{id}?wait=55` answers with its state when all of it is judged, or when the wait is over. Both
 * answer with a `RewardBatch`. An id is a digest of what was posted: an equal batch is the same one, and is judged
 * once. A poll for an id that the service does not know (it was restarted) is answered with 404: the client posts
 * again, and what was judged by then is answered from the log. `POST …?again=1` gives up the judges' calls that are
 * under way for the batch, and makes them anew. 429 says that the service has enough under way, 410 that it no longer
 * speaks a protocol, 409 that the judges lose more verdicts than `maxLossShare`: no reward of this job can be trusted.
 */
export const rewardBatchSchema = z.object({
  items: z
    .array(
      z.object({
        /** A row of the job's datasets, which says what the answer is to. */
        itemId: z.string(),
        /** Where it is given, it has to be the row's. */
        task: z.enum(TASKS).optional(),
        /** The completion, without the model's thinking. */
        response: z.string(),
        /** Kept beside the response, for the audit; no judge sees it. */
        thinking: z.string().optional(),
        /** The completion ran into maxCompletionTokens. */
        truncated: z.boolean(),
        /** The optimizer step that asks, from 1. */
        step: z.int().min(1).optional(),
      }),
    )
    .min(1)
    .max(MAX_BATCH_ITEMS),
});
export type RewardItem = z.infer<typeof rewardBatchSchema>['items'][number];

/** What rows say about their items: `RewardMeta` of shared/records.ts. */
export const rewardMetaSchema = z.object({
  problem: z.object({
    id: z.string(),
    statement: z.string(),
    topic: z.string(),
    source: z.string(),
    difficulty: z.number().optional(),
  }),
  proof: z.string().optional(),
  analysis: z.string().optional(),
  score: z.union([z.literal(0), z.literal(0.5), z.literal(1)]).optional(),
});

/** The parts a reward is made of; only those that apply are present. */
export interface RewardComponents {
  readonly format: 0 | 1;
  /** R_score of a verifier or meta-verifier in training. */
  readonly score?: number;
  /** R_meta. */
  readonly meta?: number;
  /** R_Y. */
  readonly proof?: number;
  /** R_Z. */
  readonly selfAnalysis?: number;
}

export type RewardAnswer =
  | {
      readonly itemId: string;
      readonly status: 'scored';
      readonly reward: number;
      readonly components: RewardComponents;
      readonly imitatesVerdict: boolean;
      /** Too long for the judge's window, which is why its reward is 0 (recipe: `rewards.overlong`). */
      readonly overlong?: true;
    }
  /** A judge gave no usable verdict: no reward, no advantage; never 0. */
  | { readonly itemId: string; readonly status: 'unscorable'; readonly reason: string; readonly overlong?: true };

/** Where a batch stands. */
export interface RewardBatch {
  readonly id: string;
  /** Answers in the order of the items; null for one that is under way. */
  readonly items: readonly (RewardAnswer | null)[];
  readonly underWay: number;
  /**
   * Rises with whatever is done for the job, started calls and their tokens, too. A step that takes long is alive as
   * long as it rises; a restart begins it again.
   */
  readonly progress: number;
  /** Why items wait: a judge is down. They are judged when it is back. */
  readonly waiting?: string;
}
