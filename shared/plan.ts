import type { Recipe } from './recipe.ts';

/** Model calls that a lap plans, before any is made. Upper bounds: early stopping and dropped rows only lower them. */
export interface PlannedCalls {
  readonly coldStart: number;
  readonly metaData: number;
  readonly rewards: number;
  readonly labelling: number;
  readonly total: number;
}

export function plannedCalls(recipe: Recipe): PlannedCalls {
  const { coldStart: cold, metaData: meta, labelling, stages, rewards } = recipe;
  const candidates = cold.problems * cold.candidatesPerProblem;
  const coldStart = candidates * (1 + 2 * cold.refinementRounds); // a refinement is an analysis and a proof
  const metaData = 2 * cold.expertProofs * meta.analysesPerProof; // v1's and the base's
  const items = (stage: keyof typeof stages) => stages[stage].groupSize * stages[stage].promptsPerStep * stages[stage].maxSteps;
  const judged =
    items('verifierV2') * (1 - rewards.metaShare) * rewards.metaVerdictsPerReward +
    items('generator') * rewards.verdictsPerReward +
    items('selfVerification') * (rewards.verdictsPerReward + rewards.metaVerdictsPerReward);
  const full = labelling.proofs * (1 + labelling.analysesPerProof * (1 + labelling.metaAnalysesPerAnalysis));
  return { coldStart, metaData, rewards: judged, labelling: full, total: coldStart + metaData + judged + full };
}
