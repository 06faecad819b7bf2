import { LABELLING } from '../../shared/label/policies.ts';
import type { Recipe, StageRecipe } from '../../shared/recipe/recipe.ts';
import { usual, usualGrpo, usualRewards } from '../../shared/recipe/usual.ts';
import type { Watch } from '../../shared/training/variant.ts';

const paperStage: StageRecipe = {
  init: 'base',
  groupSize: 16, // others' published runs; not in the paper
  promptsPerStep: 128, // likewise
  maxSteps: 400, // ours: about three passes over D_p at 128 prompts a step
  learningRate: 1e-6, // others' published runs: 1e-6 to 3e-6
  warmupSteps: 5,
  ...usualGrpo,
  maxPromptTokens: 196_608, // ours: a proof of 128K and an analysis of 64K
  maxCompletionTokens: 65_536, // released run script: verdicts to 64K
  saturationReward: 0.97,
  saturationWindow: 10,
  checkpointEverySteps: 10,
};

const verdict = { temperature: 1, topP: 0.95, maxTokens: 65_536 }; // released run script
const proof = { temperature: 1, topP: 0.95, maxTokens: 131_072 }; // released run script

/** The paper's sizes. What the paper does not give is ours, or as said. */
export const paper: Recipe = {
  preset: 'paper',
  seed: 1,
  domain: {
    name: 'proofs',
    settings: { path: 'problems.jsonl', validationShare: 0.02, heldOutShare: 0.01 },
    prompts: 'paper',
    base: 'base', // paper 2.1: DeepSeek-V3.2-Exp-SFT; a folder of the team's
    checker: 'none',
    experts: 'people',
  },
  // paper 2.1: 17,503; the rest is not given
  coldStart: { problems: 17_503, candidatesPerProblem: 1, refinementRounds: 3, expertProofs: 10_000 },
  metaData: { analysesPerProof: 1, expertAnalyses: 5_000, baseShare: 0 },
  stages: {
    verifierV1: { ...paperStage, init: 'base' },
    metaVerifier: { ...paperStage, init: 'verifierV1' },
    verifierV2: { ...paperStage, init: 'verifierV1' },
    generator: { ...paperStage, init: 'verifierV2', maxCompletionTokens: 131_072 },
    selfVerification: { ...paperStage, init: 'generator', maxCompletionTokens: 131_072 },
  },
  ...usual,
  consolidation: {
    examplesPerSkill: 20_000,
    rowsPerStep: 128,
    maxSteps: 400, // ours: about one pass over three skills
    learningRate: 1e-5,
    warmupSteps: 20,
    maxPromptTokens: 196_608,
    maxCompletionTokens: 131_072,
    checkpointEverySteps: 50,
  },
  rewards: { ...usualRewards, maxUnscorableShare: 0.05, maxLossShare: 0.05 },
  labelling: {
    candidates: 17_503, // ours: all are labelled, so no first look is needed
    firstLook: 2,
    proofs: 17_503,
    proofsPerProblem: 1,
    ...LABELLING.paper,
    contested: 'ask',
    auditShare: 0.02, // ours: about 350 labels, so that an error rate of 5 % is known to within 2.5 %
  },
  experts: { seats: 2, leaseMinutes: 60, deadlineHours: 168, onDeadline: 'carry' },
  sampling: { prove: proof, refine: proof, selfVerify: proof, selfRefine: proof, verify: verdict, metaVerify: verdict },
  inference: { engine: 'external', shardRows: 500, window: 16, maxConcurrency: 512 },
  training: { engine: 'verl', cluster: 'slurm', nodes: 32, gpusPerNode: 8, wallHours: 48, maxAttempts: 5 },
  // paper 3.3.1: 8 proofs a problem, the majority of 8 analyses of each
  evaluation: { proofsPerScore: 100, analysesPerProof: 8, proofsPerProblem: 8, greedy: false, verdictsPerProof: 8 },
  // ours, in dollars
  prices: { perMillionPromptTokens: 0.28, perMillionCompletionTokens: 0.42, perGpuHour: 2, perExpertHour: 60 },
};

const teamStage: Omit<StageRecipe, 'init'> = {
  groupSize: 8, // as the rehearsal's
  promptsPerStep: 8,
  maxSteps: 30,
  learningRate: 1e-6, // others' published runs: 1e-6 to 3e-6
  warmupSteps: 2,
  ...usualGrpo,
  maxPromptTokens: 6_144,
  maxCompletionTokens: 2_048,
  saturationReward: 0.97,
  saturationWindow: 5,
  checkpointEverySteps: 5,
};

const teamAnswer = (maxTokens: number) => ({ temperature: 1, topP: 0.95, maxTokens });

/**
 * A team's first laps: one machine or an endpoint, a few people. The sizes here are stand-ins: sizing.ts derives those
 * of a lap from its problems, prompts, context and people.
 */
export const team: Recipe = {
  ...paper,
  preset: 'team',
  domain: { ...paper.domain, settings: { path: 'problems.jsonl', validationShare: 0.1, heldOutShare: 0.1 } },
  coldStart: { problems: 90, candidatesPerProblem: 1, refinementRounds: 1, expertProofs: 11 },
  metaData: { analysesPerProof: 1, expertAnalyses: 11, baseShare: 0 },
  stages: {
    verifierV1: { ...teamStage, init: 'base' },
    metaVerifier: { ...teamStage, init: 'verifierV1' },
    verifierV2: { ...teamStage, init: 'verifierV1' },
    generator: { ...teamStage, init: 'verifierV2' },
    selfVerification: { ...teamStage, init: 'generator' },
  },
  consolidation: {
    examplesPerSkill: 40,
    rowsPerStep: 16,
    maxSteps: 10,
    learningRate: 1e-5,
    warmupSteps: 2,
    maxPromptTokens: 6_144,
    maxCompletionTokens: 2_048,
    checkpointEverySteps: 5,
  },
  rewards: usualRewards,
  labelling: {
    candidates: 60,
    firstLook: 2,
    proofs: 40,
    proofsPerProblem: 1,
    ...LABELLING.team,
    contested: 'ask',
    auditShare: 0,
  },
  experts: { seats: 2, leaseMinutes: 60, deadlineHours: 336, onDeadline: 'carry' },
  sampling: {
    prove: teamAnswer(2_048),
    refine: teamAnswer(2_048),
    selfVerify: teamAnswer(3_072),
    selfRefine: teamAnswer(6_144),
    verify: teamAnswer(1_024),
    metaVerify: teamAnswer(1_024),
  },
  inference: { engine: 'external', shardRows: 32, window: 4, maxConcurrency: 32 },
  training: { cluster: 'local', nodes: 1, gpusPerNode: 0, wallHours: 24, maxAttempts: 5 },
  // ours: of the paper's 8 verdicts five, an odd number, which seldom lacks a majority; people's sample follows from
  // their hours
  evaluation: { proofsPerScore: 16, analysesPerProof: 2, proofsPerProblem: 2, greedy: false, verdictsPerProof: 5 },
  formatCheck: { callsPerTask: 8, minShare: 0.5 },
  prices: { perMillionPromptTokens: 0, perMillionCompletionTokens: 0, perGpuHour: 0, perExpertHour: 0 },
};

/** Ours: what comes before a stage is worth nothing any more, seen on others' runs. Whoever wants less sets [] there. */
const nodeWatches: Watch[] = [
  // Not entropy: to measure it takes all logits of a micro-batch at once, and then no row of this length fits.
  // Of on-policy steps next to nothing is clipped: much of it says that sampler and trainer differ.
  { metric: 'clipShare', above: 0.2, steps: 5, policy: 'warn' },
  // A tenth of it is usual; ten times that is a batch that blows up.
  { metric: 'gradientNorm', above: 10, steps: 3, policy: 'warn' },
  { metric: 'flatGroupShare', above: 0.9, steps: 10, policy: 'warn' },
  // Answers that are cut off are rewarded with 0, whatever they say.
  { metric: 'truncatedShare', above: 0.5, steps: 5, policy: 'stop' },
];

const nodeStage: Omit<StageRecipe, 'init' | 'promptsPerStep' | 'maxSteps' | 'maxPromptTokens'> = {
  groupSize: 16, // others' published runs
  learningRate: 3e-6, // others' published runs: 1e-6 (4 B) to 3e-6
  warmupSteps: 3,
  ...usualGrpo,
  maxCompletionTokens: 8_192, // sampling.verify: 6,144 of thinking and 2,048 of analysis
  saturationReward: 0.97,
  saturationWindow: 5,
  checkpointEverySteps: 5, // an hour at most is lost
  watches: nodeWatches,
};

/** Thinking and answer have budgets of their own: a proof is not cut off since the thought before it was long. */
const nodeAnswer = (maxThinkingTokens: number, maxTokens: number) => ({
  temperature: 1,
  topP: 0.95,
  maxTokens,
  maxThinkingTokens,
});
const nodeProof = nodeAnswer(10_240, 4_096); // a competition's proof is two pages; the rest is thought
const nodeVerdict = nodeAnswer(6_144, 2_048); // about half of that

/**
 * One machine of 8 GPUs of 80 GB, a thinking model of 4 B parameters (of 8 B with LoRA), a week: four GPUs train, four
 * serve judges and sets (docs/gpu.md). About 2,000 problems, five people with 14 hours each. All sizes are ours.
 */
export const node: Recipe = {
  ...team,
  preset: 'node',
  domain: {
    ...paper.domain,
    // Any base of a team's in its place; this one thinks, and its name says how large it is.
    base: 'hf:Qwen/Qwen3-4B-Thinking-2507',
    settings: { path: 'problems.jsonl', validationShare: 0.1, heldOutShare: 0.05 },
  },
  // A half of people's 70 hours is 150 proofs at 20 minutes, one seat each: more to learn from, rather than surer scores.
  coldStart: { problems: 400, candidatesPerProblem: 1, refinementRounds: 1, expertProofs: 150 },
  metaData: { analysesPerProof: 1, expertAnalyses: 90, baseShare: 0 }, // 15 hours at 10 minutes
  stages: {
    // Six passes over 135 scored proofs and over 81 scored analyses; v2 four over both.
    verifierV1: { ...nodeStage, init: 'base', promptsPerStep: 32, maxSteps: 24, maxPromptTokens: 6_144 },
    metaVerifier: { ...nodeStage, init: 'verifierV1', promptsPerStep: 16, maxSteps: 30, maxPromptTokens: 8_192 },
    verifierV2: { ...nodeStage, init: 'verifierV1', promptsPerStep: 32, maxSteps: 27, maxPromptTokens: 8_192 },
    // Two passes over 1,700 problems each.
    generator: {
      ...nodeStage,
      init: 'verifierV2',
      promptsPerStep: 32,
      maxSteps: 106,
      maxPromptTokens: 2_048,
      maxCompletionTokens: 14_336,
    },
    selfVerification: {
      ...nodeStage,
      init: 'generator',
      promptsPerStep: 32,
      maxSteps: 106,
      maxPromptTokens: 2_048,
      maxCompletionTokens: 16_384, // as long as one GPU's memory has its logits
    },
  },
  consolidation: {
    examplesPerSkill: 1_000,
    rowsPerStep: 32,
    maxSteps: 125, // a pass over four skills
    learningRate: 1e-5,
    warmupSteps: 10,
    maxPromptTokens: 8_192,
    maxCompletionTokens: 16_384,
    checkpointEverySteps: 25,
  },
  labelling: {
    candidates: 1_700,
    firstLook: 2,
    proofs: 1_700,
    proofsPerProblem: 1,
    ...LABELLING.team,
    contested: 'ask',
    auditShare: 0.02, // 32 labels: all that is left of people's hours, beside a hundred that are contested
  },
  experts: {
    seats: 1,
    people: 5,
    hoursPerWeek: 14,
    leaseMinutes: 60,
    deadlineHours: 168,
    onDeadline: 'carry',
    enough: 0.8, // what comes later joins the next lap, and the machine does not stand still for it
  },
  sampling: {
    prove: nodeProof,
    refine: nodeProof,
    selfVerify: nodeAnswer(10_240, 6_144),
    selfRefine: nodeAnswer(6_144, 10_240),
    verify: nodeVerdict,
    metaVerify: nodeVerdict,
  },
  inference: { engine: 'command', gpus: 4, shardRows: 64, window: 8, maxConcurrency: 256 },
  training: {
    engine: 'trl',
    cluster: 'local',
    nodes: 1,
    gpusPerNode: 4,
    gpuMemoryGb: 80,
    wallHours: 48,
    maxAttempts: 5,
  },
  prices: { ...team.prices, perGpuHour: 2, perExpertHour: 60 }, // ours, in dollars
};
