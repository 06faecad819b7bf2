/** At 1 the texts of so small a model fall apart. */
const temperature = 0.7;
const stage = { groupSize: 4, promptsPerStep: 2, maxSteps: 1, warmupSteps: 0, temperature };
const answer = { temperature, topP: 1 };

/**
 * The fewest of everything with which a lap is real in every phase on two cores: about a hundred calls of a hundred
 * tokens, and a GRPO step of eight samples in each stage. What does not stand here follows from it.
 */
export const SIZES = {
  inference: { engine: 'batcher' },
  sampling: {
    prove: { ...answer, maxTokens: 96 },
    refine: answer,
    selfVerify: answer,
    verify: { temperature: 0.9, topP: 1, maxTokens: 80 },
    metaVerify: answer,
  },
  coldStart: { problems: 10, expertProofs: 8, refinementRounds: 1 },
  metaData: { expertAnalyses: 6 },
  stages: {
    verifierV1: stage,
    metaVerifier: stage,
    verifierV2: stage,
    generator: { ...stage, temperature: 1.2 },
    selfVerification: stage,
  },
  // A judge of this size breaks its format now and then, and at 0.7 says 0.5 of 9 in 10 proofs: a mean of three warmer
  // verdicts, and proofs of which a quarter break theirs (at 1.2; at 1 none), have spread.
  rewards: { maxUnscorableShare: 0.8, maxLossShare: 0.9, verdictsPerReward: 3 },
  labelling: {
    candidates: 4,
    firstLook: 1,
    proofs: 3,
    analysesPerProof: 2,
    metaAnalysesPerAnalysis: 1,
    minValidAnalyses: 1,
    waves: [1, 1],
    auditShare: 0,
  },
  evaluation: { analysesPerProof: 1, proofsPerProblem: 1, proofsPerScore: 2 },
  formatCheck: { callsPerTask: 3, minShare: 0.3 },
} as const;
