import { LABELLING } from '../../shared/label/policies.ts';
import type { Recipe, StageRecipe } from '../../shared/recipe/recipe.ts';
import { usual, usualGrpo, usualRewards } from '../../shared/recipe/usual.ts';

/**
 * The one dial. Sources stand beside the values; PAPER.md has them as a table. "ours" without more means: sized so that
 * the lap shows the paper's effects within the preset's time on two cores.
 */
const rehearsalStage: StageRecipe = {
  init: 'base',
  groupSize: 8,
  promptsPerStep: 16,
  maxSteps: 40,
  learningRate: 1e-4, // ours: 2e-4 and more collapsed in trials, 3e-3 learned nothing
  warmupSteps: 5,
  ...usualGrpo,
  maxPromptTokens: 320,
  maxCompletionTokens: 64,
  saturationReward: 0.97, // ours: reward hacking came after saturation
  saturationWindow: 5,
  checkpointEverySteps: 10,
};

const answer = (maxTokens: number) => ({ temperature: 1, topP: 1, maxTokens });

export const rehearsal: Recipe = {
  preset: 'rehearsal',
  seed: 1,
  domain: {
    name: 'rehearsal',
    settings: {
      train: 640,
      validation: 96,
      heldOut: 252,
      next: 360,
      difficulties: [
        [2, 4],
        [4, 6],
        [6, 8],
      ], // ours: flaws enough for the first verifier, room for three laps
      heldOutDifficulty: [2, 8],
    },
    prompts: 'rehearsal',
    base: 'rehearsal',
    checker: 'own',
    experts: 'program',
  },
  coldStart: { problems: 400, candidatesPerProblem: 1, refinementRounds: 2, expertProofs: 480 },
  metaData: { analysesPerProof: 1, expertAnalyses: 400, baseShare: 0.5 },
  stages: {
    verifierV1: { ...rehearsalStage, init: 'base', maxSteps: 30, maxCompletionTokens: 192 },
    // reading notes; the full-cycle text: base (docs/method.md, "Players")
    metaVerifier: { ...rehearsalStage, init: 'verifierV1', maxSteps: 50, maxCompletionTokens: 224 },
    // From v1: ours, it learned in the trial; the full-cycle text: base. KL to v1: ours, without it v2 unlearns real
    // remarks with the false ones.
    verifierV2: { ...rehearsalStage, init: 'verifierV1', maxSteps: 70, klCoef: 0.25, maxCompletionTokens: 224 },
    // paper 3.1; the full-cycle text: base
    generator: { ...rehearsalStage, init: 'verifierV2', maxSteps: 12, maxCompletionTokens: 128 },
    selfVerification: {
      ...rehearsalStage,
      init: 'generator',
      maxSteps: 24,
      maxCompletionTokens: 288,
      saturationReward: 0.99,
    },
  },
  ...usual,
  consolidation: {
    examplesPerSkill: 240,
    rowsPerStep: 32,
    maxSteps: 40, // ours: 40 steps at 2e-4 took a trial's generator from 0.75 to 0.93
    learningRate: 2e-4,
    warmupSteps: 5,
    maxPromptTokens: 320,
    maxCompletionTokens: 480,
    checkpointEverySteps: 10,
  },
  rewards: { ...usualRewards, metaVerdictsPerReward: 2 }, // ours: what the trial's v2 learned with
  labelling: {
    candidates: 360,
    firstLook: 2, // ours: the fewest that can disagree
    proofs: 240,
    proofsPerProblem: 1,
    ...LABELLING.rehearsal,
    contested: 'ask',
    auditShare: 0, // ours: the checker knows every label
    // ours: simulated is 0.94 of label 1, as eight analyses are what two cores answer; the checker knows every label
    minPrecision: 0.9,
  },
  experts: { seats: 2, leaseMinutes: 30, deadlineHours: 72, onDeadline: 'wait' },
  sampling: {
    prove: answer(128),
    refine: answer(128),
    selfVerify: answer(288),
    selfRefine: answer(480),
    verify: answer(192),
    metaVerify: answer(224),
  },
  inference: { engine: 'batcher', shardRows: 128, window: 4, maxConcurrency: 128 },
  training: { cluster: 'local', nodes: 1, gpusPerNode: 0, wallHours: 1, maxAttempts: 5 },
  evaluation: { proofsPerScore: 80, analysesPerProof: 1, proofsPerProblem: 1, greedy: true },
  // a laptop is there anyway
  prices: { perMillionPromptTokens: 0, perMillionCompletionTokens: 0, perGpuHour: 0, perExpertHour: 0 },
};

const tiny = (stage: StageRecipe): StageRecipe => ({
  ...stage,
  groupSize: 4,
  promptsPerStep: 4,
  maxSteps: 2,
  warmupSteps: 0,
  checkpointEverySteps: 1,
});

/** The rehearsal with every count cut down: real in every phase, too short to learn. */
export const smoke: Recipe = {
  ...rehearsal,
  preset: 'smoke',
  domain: {
    ...rehearsal.domain,
    settings: { ...rehearsal.domain.settings, train: 16, validation: 8, heldOut: 14, next: 12 },
  },
  coldStart: { problems: 16, candidatesPerProblem: 1, refinementRounds: 1, expertProofs: 16 },
  metaData: { analysesPerProof: 1, expertAnalyses: 16, baseShare: 0.5 },
  stages: {
    verifierV1: tiny(rehearsal.stages.verifierV1),
    metaVerifier: tiny(rehearsal.stages.metaVerifier),
    verifierV2: tiny(rehearsal.stages.verifierV2),
    generator: tiny(rehearsal.stages.generator),
    selfVerification: tiny(rehearsal.stages.selfVerification),
  },
  consolidation: {
    ...rehearsal.consolidation,
    examplesPerSkill: 8,
    rowsPerStep: 4,
    maxSteps: 2,
    warmupSteps: 0,
    checkpointEverySteps: 1,
  },
  labelling: {
    ...rehearsal.labelling,
    candidates: 12,
    proofs: 8,
    analysesPerProof: 4,
    metaAnalysesPerAnalysis: 2,
    minValidAnalyses: 1,
    minPrecision: 0.7, // ours: its four analyses show that a lap runs, and nothing is learned from their labels
    waves: [2, 2],
  },
  inference: { ...rehearsal.inference, shardRows: 16 },
  evaluation: { proofsPerScore: 4, analysesPerProof: 1, proofsPerProblem: 1, greedy: false },
};
