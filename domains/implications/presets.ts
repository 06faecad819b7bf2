import type { Recipe, StageRecipe } from '../../shared/recipe/recipe.ts';
import { usual, usualGrpo, usualRewards } from '../../shared/recipe/usual.ts';

const stage: StageRecipe = {
  init: 'base',
  groupSize: 4,
  promptsPerStep: 4,
  maxSteps: 2,
  learningRate: 1e-3,
  warmupSteps: 0,
  ...usualGrpo,
  maxPromptTokens: 320,
  maxCompletionTokens: 64,
  saturationReward: 0.99,
  saturationWindow: 5,
  checkpointEverySteps: 1,
};

const answer = { temperature: 1, topP: 1, maxTokens: 64 };

/** Every phase of a lap for real, too short to learn. All sizes are ours: the smallest that leave no phase empty. */
export const smoke: Recipe = {
  preset: 'implications-smoke',
  seed: 1,
  domain: {
    name: 'implications',
    settings: {
      train: 12,
      validation: 6,
      heldOut: 12,
      next: 10,
      difficulties: [
        [1, 2],
        [2, 3],
      ],
      heldOutDifficulty: [1, 3],
    },
    prompts: 'implications',
    base: 'chance',
    checker: 'own',
    experts: 'program',
  },
  coldStart: { problems: 16, candidatesPerProblem: 1, refinementRounds: 1, expertProofs: 16 },
  metaData: { analysesPerProof: 1, expertAnalyses: 16, baseShare: 0.5 },
  stages: {
    verifierV1: stage,
    metaVerifier: { ...stage, init: 'verifierV1' },
    verifierV2: { ...stage, init: 'verifierV1' },
    generator: { ...stage, init: 'verifierV2' },
    selfVerification: { ...stage, init: 'generator' },
  },
  ...usual,
  consolidation: {
    examplesPerSkill: 8,
    rowsPerStep: 4,
    maxSteps: 2,
    learningRate: 1e-3,
    warmupSteps: 0,
    maxPromptTokens: 320,
    maxCompletionTokens: 128,
    checkpointEverySteps: 1,
  },
  rewards: usualRewards,
  labelling: {
    candidates: 10,
    firstLook: 2,
    proofs: 8,
    proofsPerProblem: 1,
    analysesPerProof: 4,
    metaAnalysesPerAnalysis: 2,
    minValidAnalyses: 1,
    confirmingMetaScore: 0.5,
    waves: [2, 2],
    earlyStop: true,
    contested: 'ask',
    auditShare: 0,
    minPrecision: 0.7, // its four analyses show that a lap runs, and nothing is learned from their labels
    verdictAttempts: 3,
  },
  experts: { seats: 1, leaseMinutes: 30, deadlineHours: 72, onDeadline: 'wait' },
  sampling: {
    prove: answer,
    refine: answer,
    selfVerify: answer,
    selfRefine: { ...answer, maxTokens: 128 },
    verify: answer,
    metaVerify: answer,
  },
  inference: { engine: 'batcher', shardRows: 16, window: 4, maxConcurrency: 64 },
  training: { cluster: 'local', nodes: 1, gpusPerNode: 0, wallHours: 1, maxAttempts: 5 },
  evaluation: { proofsPerScore: 4, analysesPerProof: 1, proofsPerProblem: 1, greedy: false },
  prices: { perMillionPromptTokens: 0, perMillionCompletionTokens: 0, perGpuHour: 0, perExpertHour: 0 },
};
