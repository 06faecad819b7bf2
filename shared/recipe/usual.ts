import type { Recipe, StageRecipe } from './recipe.ts';

/** What presets have in common, whatever they are about: the paper's way, without an ablation. */
export const usual = {
  selfVerification: 'self-analysis',
  curriculum: 'harder',
  metaVerification: true,
  retrainVerifier: true,
  retrainMetaVerifier: false,
  consolidateFrom: 'generator',
} as const satisfies Partial<Recipe>;

/** Others' published runs of this kind of RL. */
export const usualGrpo = { klCoef: 0, clipLow: 0.2, clipHigh: 0.28, temperature: 1 } satisfies Partial<StageRecipe>;

export const usualRewards = {
  proofWeight: 0.76, // paper 2.2: α
  selfAnalysisWeight: 0.24, // paper 2.2: β
  verdictsPerReward: 1,
  metaVerdictsPerReward: 1,
  metaJudge: 'verifier', // paper 2.2: the verifier does both
  metaShare: 0.5,
  judgeAttempts: 3,
  maxUnscorableShare: 0.2,
  maxLossShare: 0.2, // ours: judges of a few steps break their format now and then; above it they have none
  maxRevisions: 2,
  overlong: 'zero',
} as const satisfies Recipe['rewards'];

/** Share of a judge's verdicts that may be lost at the first attempt. */
export const maxLossShareOf = ({ rewards }: Pick<Recipe, 'rewards'>): number =>
  rewards.maxLossShare ?? usualRewards.maxLossShare;

/** Rows that a consolidation has answered again for each example: about half of a verifier's analyses pass. Ours. */
export const ROWS_PER_EXAMPLE = 2;
