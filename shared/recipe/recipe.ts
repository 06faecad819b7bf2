import * as z from 'zod';
import { RUN_NAME } from '../ids.ts';
import { ANNOTATIONS } from '../review/reviews.ts';
import { refinementSchema, searchSchema } from '../products/schema.ts';
import { audit, experts, labelling } from './scoring.ts';
import { STAGE_NAMES } from '../stages.ts';
import { grpoVariantSchema, watchSchema } from '../training/variant.ts';

/**
 * A lap's recipe: everything a lap does that is a choice. One dial (`preset`) sets all of it; any field can be
 * overridden in the lap's input. Provenance of every default of the preset `paper` is in PAPER.md, which a test keeps
 * in step.
 */
const sampling = z.strictObject({
  temperature: z.number().min(0).max(2),
  topP: z.number().gt(0).max(1),
  maxTokens: z.int().min(1).max(262_144),
  /** Of the thinking, beside `maxTokens`. @default the thinking counts within `maxTokens` */
  maxThinkingTokens: z.int().min(1).max(262_144).optional(),
  /**
   * What the chat template is told in this task, in sampling and in training alike: `{"enable_thinking": false}`, say.
   * @default nothing
   */
  templateKwargs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
});

const price = z.number().min(0);
const limit = z.number().min(0).optional();

const stage = z.strictObject({
  init: z.enum(['base', 'consolidation', ...STAGE_NAMES]),
  /** GRPO: samples per prompt. */
  groupSize: z.int().min(2).max(1024),
  promptsPerStep: z.int().min(1).max(4096),
  maxSteps: z.int().min(1).max(100_000),
  learningRate: z.number().positive().max(1e-2),
  warmupSteps: z.int().min(0),
  klCoef: z.number().min(0),
  /**
   * What `klCoef` holds the model to: where its stage starts, or, in later laps, lap 1's verifier (ours). @default init
   */
  reference: z.enum(['init', 'firstVerifier']).optional(),
  clipLow: z.number().positive(),
  clipHigh: z.number().positive(),
  temperature: z.number().positive(),
  maxPromptTokens: z.int().min(1),
  maxCompletionTokens: z.int().min(1),
  saturationReward: z.number(),
  saturationWindow: z.int().min(1),
  checkpointEverySteps: z.int().min(1),
  /** Which GRPO. @default each field its own */
  variant: grpoVariantSchema.optional(),
  /** What the training is watched for. @default nothing */
  watches: z.array(watchSchema).optional(),
});
export type StageRecipe = z.infer<typeof stage>;

/**
 * What a lap, or a flywheel's laps together, may use; a limit that is absent does not bind. Cost is in the currency of
 * the prices.
 */
export const budgetSchema = z.strictObject({
  calls: limit,
  tokens: limit,
  gpuHours: limit,
  cost: limit,
  expertMinutes: limit,
});

export const recipeSchema = z.strictObject({
  /** One of the domains' presets. */
  preset: z.string().min(1),
  seed: z
    .int()
    .min(0)
    .max(2 ** 31 - 1),
  /** What a lap is about. The workflows know nothing else of a domain. */
  domain: z.strictObject({
    /** One of `domains/`. Another than the preset's brings its own defaults of all that follows. */
    name: z.string().min(1),
    /** The domain's own: where D_p comes from, and how it is split. */
    settings: z.record(z.string(), z.unknown()),
    /** A prompt set of `prompts/`: one file per task. */
    prompts: z.string().min(1),
    /**
     * The SFT base all players start from: one that the domain ships, a checkpoint folder of the store (Hugging
     * Face), or a model of a hub, `hf:org/name@revision`, which a lap records by its commit.
     */
    base: z.string().min(1),
    /** Ground truth for measurements: the domain's own checker, or none, be there one or not. */
    checker: z.enum(['own', 'none']),
    /** Who answers questions to experts: people, or the domain's program. */
    experts: z.enum(['people', 'program']),
  }),
  /**
   * Datasets of the store that a team brings (`flywheel import proofs|analyses`): parts of D_v and D_mv. Where they are
   * given for a lap 1, it has no cold start. @default none
   */
  given: z.strictObject({ proofs: z.string().min(1), analyses: z.string().min(1).optional() }).optional(),
  /** A checkpoint of the store that is lap 1's verifier: steps 1A to 1D are left out. @default it is trained */
  verifier: z.string().min(1).optional(),
  /**
   * What a quality score is about (paper A.3; docs/method.md, "Meta rubric"): what an analysis claims, or also what it
   * missed. @default claims
   */
  metaRubric: z.enum(['claims', 'claimsAndMisses']).optional(),
  coldStart: z.strictObject({
    /** Problems sampled across topics for candidate proofs. */
    problems: z.int().min(1),
    candidatesPerProblem: z.int().min(1),
    /** Rounds in which the weak model improves its proofs (paper 2.1: several). */
    refinementRounds: z.int().min(0),
    /** Proofs shown to experts, balanced over topics and rounds. */
    expertProofs: z.int().min(1),
  }),
  /** Step 1C: analyses of v1 per proof of D_v, and how many of them experts score. */
  metaData: z.strictObject({
    analysesPerProof: z.int().min(1),
    expertAnalyses: z.int().min(1),
    /**
     * Analyses of contested and of audited proofs that experts score in a lap's last phase: D_mv grows by them.
     * @default 0
     */
    laterAnalyses: z.int().min(0).optional(),
    /** Share taken from the base's analyses, so that the meta-verifier does not only learn v1's distribution (ours). */
    baseShare: z.number().min(0).max(1),
  }),
  stages: z.strictObject({
    verifierV1: stage,
    metaVerifier: stage,
    verifierV2: stage,
    generator: stage,
    selfVerification: stage,
  }),
  selfVerification: z.enum(['self-analysis', 'refine-trajectory']),
  /** `harder`: each lap moves on to the next band of difficulties. `none`: all laps stay on the first (an ablation). */
  curriculum: z.enum(['harder', 'none']),
  /** False: no critique is judged, neither in rewards nor in labels (an ablation). */
  metaVerification: z.boolean(),
  /**
   * False: later laps are judged and labelled by the verifier of the lap that they branch from (an ablation). Where
   * their generator starts from v2, as by default, a v2 is trained for that alone, so that both arms start alike.
   */
  retrainVerifier: z.boolean(),
  /** True: later laps train the meta-verifier anew on all of D_mv; else lap 1's stays. */
  retrainMetaVerifier: z.boolean(),
  /** Which model later laps consolidate into: the last generator, or the base anew. */
  consolidateFrom: z.enum(['generator', 'base']),
  /** Rejection fine-tuning at the start of a later lap: examples of each skill at most, and the SFT's sizes. */
  consolidation: z.strictObject({
    examplesPerSkill: z.int().min(1),
    /**
     * Whether an example's thinking is learned with its answer: the policy that GRPO trained wrote it, and a
     * consolidation on bare answers teaches to answer without. @default keep
     */
    thinking: z.enum(['keep', 'drop']).optional(),
    rowsPerStep: z.int().min(1).max(4096),
    maxSteps: z.int().min(1),
    learningRate: z.number().positive().max(1e-2),
    warmupSteps: z.int().min(0),
    maxPromptTokens: z.int().min(1),
    maxCompletionTokens: z.int().min(1),
    checkpointEverySteps: z.int().min(1),
  }),
  rewards: z.strictObject({
    proofWeight: z.number().min(0).max(1),
    selfAnalysisWeight: z.number().min(0).max(1),
    verdictsPerReward: z.int().min(1),
    metaVerdictsPerReward: z.int().min(1),
    metaJudge: z.enum(['verifier', 'metaVerifier']),
    /** Share of D_mv in v2's batches. */
    metaShare: z.number().min(0).max(1),
    judgeAttempts: z.int().min(1),
    maxUnscorableShare: z.number().min(0).max(1),
    /**
     * Share of a judge's verdicts that may be lost at the first attempt (unparseable, truncated, refused), in trainings
     * and labels alike; above it the stage stops. @default 0.2
     */
    maxLossShare: z.number().min(0).max(1).optional(),
    maxRevisions: z.int().min(0),
    /**
     * What an answer gets that is too long for its judge's window: a reward of 0, or none. Without a reward length is
     * free, until `maxUnscorableShare` ends the job. @default zero
     */
    overlong: z.enum(['zero', 'unscorable']).optional(),
    /** How long a training waits for a reward service that is gone, or whose judges are down. @default 120 */
    outageMinutes: z.number().positive().optional(),
    /** How long nothing may move in the judging of a step: no call started or ended, no token. @default 45 */
    stallMinutes: z.number().positive().optional(),
  }),
  labelling,
  experts,
  /** @default unaided */
  annotation: z.enum(ANNOTATIONS).optional(),
  /** @default audits (`labelling.auditShare`) are shown, and decide nothing */
  audit: audit.optional(),
  sampling: z.strictObject({
    prove: sampling,
    refine: sampling,
    selfVerify: sampling,
    selfRefine: sampling,
    verify: sampling,
    metaVerify: sampling,
  }),
  inference: z.strictObject({
    /** One of this installation's serving engines (workers/configured.ts). */
    engine: z.string().min(1),
    /**
     * GPUs of one's own behind its servers: they are reckoned as GPU-hours while sets are under way, and while a
     * training is, whose judges they serve. @default none: an endpoint is paid by the token
     */
    gpus: z.int().min(0).optional(),
    shardRows: z.int().min(1).max(10_000),
    /** Shard activities under way at once. */
    window: z.int().min(1).max(64),
    maxConcurrency: z.int().min(1).max(4096),
    /**
     * How long a set waits while no server of its model answers; then it fails, and what was paid for is kept.
     * @default 24
     */
    patienceHours: z.number().positive().optional(),
  }),
  /** The lap's part where several laps share workers and model servers (shared/sampling/share.ts). @default its run's */
  share: z
    .strictObject({
      team: z.string().regex(RUN_NAME, 'a name of lower-case letters, digits and dashes').optional(),
      weight: z.number().min(0.001).max(1000).optional(),
      priority: z.int().min(1).max(5).optional(),
    })
    .optional(),
  training: z.strictObject({
    /**
     * What trains, by its name in activities/training/engines.ts. @default small without GPUs, trl on those of one
     * node, verl on more
     */
    engine: z.string().min(1).optional(),
    /**
     * What the engine knows beyond the contract of a job. @default nothing; of `trl` what the GPUs' memory allows
     * (shared/training/gpuPlan.ts)
     */
    engineOptions: z.record(z.string(), z.unknown()).optional(),
    /** One of this installation's clusters (temporal.config.ts). */
    cluster: z.string().min(1),
    /** Others for some of a lap's trainings, by the training's name. @default cluster */
    clusters: z.partialRecord(z.enum(['consolidation', ...STAGE_NAMES]), z.string().min(1)).optional(),
    /** A partition of Slurm, a queue of Kueue. @default the cluster's own */
    queue: z.string().min(1).optional(),
    nodes: z.int().min(1),
    gpusPerNode: z.int().min(0),
    /** GB of one of these GPUs, as its name says. @default 80 */
    gpuMemoryGb: z.number().positive().optional(),
    wallHours: z.number().positive(),
    /**
     * Share of a training's rows that may be left out because they are longer than its limits; beyond it the training
     * fails, and names the longest. @default 0.05
     */
    maxLongRowShare: z.number().min(0).max(1).optional(),
    /** Attempts at a job whose failure may heal (infra, capacity, preempted, lost, timed out). */
    maxAttempts: z.int().min(1),
  }),
  evaluation: z.strictObject({
    /** Proofs per score class in the verifier's fixed set. */
    proofsPerScore: z.int().min(1),
    analysesPerProof: z.int().min(1),
    proofsPerProblem: z.int().min(1),
    greedy: z.boolean(),
    /**
     * Analyses of each held-out proof by this lap's verifier, whose majority is the generator's figure in the
     * verifier's own eyes (paper 3.3.1: 8). @default 0
     */
    verdictsPerProof: z.int().min(0).optional(),
    /** Of those proofs, a blind sample that people score, which corrects that figure. @default 0 */
    humanProofs: z.int().min(0).optional(),
    /**
     * What the final generator does at test time with the lap's verifier (paper 3.3.2, 3.3.3), on held-out problems.
     * @default nothing
     */
    testTime: z
      .strictObject({
        /** The first so many held-out problems. @default all */
        problems: z.int().min(1).optional(),
        /** Search with a pool, by name (small, paper, released) or by sizes. @default none */
        search: searchSchema.optional(),
        /** Sequential refinement by sizes, those of the paper where they are not said. @default none */
        refinement: refinementSchema.optional(),
        /** Whether the base does the same, judged by the same verifier: what the lap's training adds. @default false */
        base: z.boolean().optional(),
      })
      .optional(),
  }),
  /**
   * Questions that a lap asks its base in each role before it spends anything, and the share of the answers that has to
   * be in the role's format. @default nothing is asked
   */
  formatCheck: z
    .strictObject({ callsPerTask: z.int().min(1).max(1024), minShare: z.number().min(0).max(1) })
    .optional(),
  /** What things cost, in any one currency. */
  prices: z.strictObject({
    perMillionPromptTokens: price,
    perMillionCompletionTokens: price,
    perGpuHour: price,
    perExpertHour: price,
  }),
  /** A lap whose plan is over one of these does not start. @default no limit */
  budget: budgetSchema.optional(),
});
export type Recipe = z.infer<typeof recipeSchema>;
