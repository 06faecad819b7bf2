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
const sampling = z.object({ temperature: z.number(), topP: z.number(), maxTokens: z.int() });

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
  seed: z.int(),
});
export type RewardSpec = z.infer<typeof rewardSpecSchema>;

/** `POST /jobs/{jobId}/v1/reward`; `jobId` is the jobKey, URL-encoded. */
export const rewardRequestSchema = z.object({
  items: z
    .array(
      z.object({
        itemId: z.string(),
        task: z.enum(TASKS),
        /** The raw completion, thinking included. */
        response: z.string(),
        /** The completion ran into maxCompletionTokens. */
        truncated: z.boolean(),
        meta: z.object({
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
        }),
      }),
    )
    .min(1)
    .max(4096),
});
export type RewardItem = z.infer<typeof rewardRequestSchema>['items'][number];

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

/** Answers come in the order of the items. */
export type RewardAnswer =
  | {
      readonly itemId: string;
      readonly status: 'scored';
      readonly reward: number;
      readonly components: RewardComponents;
      readonly imitatesVerdict: boolean;
    }
  /** A judge gave no usable verdict: no reward, no advantage; never 0. */
  | { readonly itemId: string; readonly status: 'unscorable'; readonly reason: string };

export interface RewardResponse {
  readonly items: readonly RewardAnswer[];
  readonly usage: { readonly promptTokens: number; readonly completionTokens: number; readonly calls: number };
}
