import { LABELLING } from '../../shared/label/policies.ts';
import type { Recipe, StageRecipe } from '../../shared/recipe/recipe.ts';
import { usual, usualGrpo, usualRewards } from '../../shared/recipe/usual.ts';

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
  training: { cluster: 'slurm', nodes: 32, gpusPerNode: 8, wallHours: 48, maxAttempts: 5 },
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
