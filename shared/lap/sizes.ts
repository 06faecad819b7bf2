import type { LapManifest } from './manifest.ts';
import type { Recipe } from './recipe.ts';

/** How many there are of what a lap works on, as far as it can be known before. */
export interface LapSizes {
  /** Proofs of the cold start: candidates of one round, and those that experts score. */
  readonly candidates: number;
  readonly expertProofs: number;
  readonly expertAnalyses: number;
  /** Training rows of D_v and D_mv. */
  readonly proofScores: number;
  readonly analysisScores: number;
  readonly heldOutProblems: number;
  readonly heldOutProofs: number;
  readonly heldOutAnalyses: number;
  /** Proofs that phase 4 writes, those of them that it labels, and those that the parent left to it. */
  readonly written: number;
  readonly labelled: number;
  readonly carried: number;
  /** True where the number of problems was assumed. */
  readonly problemsAssumed: boolean;
}

/** Problems by split, before there are any. */
export interface ProblemCounts {
  readonly train: number;
  readonly validation: number;
  readonly heldOut: number;
  readonly next: number;
  /** True where the domain cannot know them before it reads them. */
  readonly assumed?: boolean;
}

/** From the recipe, its domain's word on the problems and, from lap 2 on, the parent's manifest. */
export function sizesOf(recipe: Recipe, expected: ProblemCounts, parent?: LapManifest): LapSizes {
  const { coldStart: cold, metaData, labelling, evaluation } = recipe;
  const problems = problemsOf(expected, parent);
  const validationShare = problems.validation / (problems.train + problems.validation);
  const candidates = Math.min(cold.problems, problems.train + problems.validation) * cold.candidatesPerProblem;
  const expertProofs = Math.min(cold.expertProofs, candidates * (cold.refinementRounds + 1));
  const models = metaData.baseShare > 0 ? 2 : 1;
  const expertAnalyses = Math.min(metaData.expertAnalyses, expertProofs * metaData.analysesPerProof * models);
  const byExperts = recipe.domain.checker === 'none';
  const heldOutProofs =
    parent?.evaluation.proofs.rows ?? (byExperts ? expertProofs * validationShare : 3 * evaluation.proofsPerScore);
  const heldOutAnalyses =
    parent?.evaluation.analyses?.rows ?? (byExperts ? expertAnalyses * validationShare : 3 * evaluation.proofsPerScore);
  const written =
    Math.min(Math.ceil(Math.max(labelling.candidates, labelling.proofs) / labelling.proofsPerProblem), problems.next) *
    labelling.proofsPerProblem;
  const parts = parent === undefined ? [] : [...parent.proofScores.train, parent.proofScores.grown];
  return {
    candidates,
    expertProofs,
    expertAnalyses,
    proofScores: parent === undefined ? Math.round(expertProofs * (1 - validationShare)) : rowsIn(parts),
    analysisScores:
      parent === undefined
        ? Math.round(expertAnalyses * (1 - validationShare))
        : rowsIn(parent.analysisScores?.train ?? []),
    heldOutProblems: problems.heldOut,
    heldOutProofs: Math.round(heldOutProofs),
    heldOutAnalyses: Math.round(heldOutAnalyses),
    written,
    labelled: Math.min(labelling.proofs, written),
    carried: parent?.labels.carried?.rows ?? 0,
    problemsAssumed: problems.assumed === true,
  };
}

/** A later lap's validation and held-out sets are its parent's. */
function problemsOf(expected: ProblemCounts, parent?: LapManifest): ProblemCounts {
  if (parent === undefined) return expected;
  const { train, validation, heldOut, next } = parent.problems;
  const kept = { validation: validation.rows, heldOut: heldOut.rows };
  return expected.assumed === true ? { train: train.rows, next: next.rows, ...kept } : { ...expected, ...kept };
}

function rowsIn(parts: readonly { readonly rows: number }[]): number {
  return parts.reduce((sum, { rows }) => sum + rows, 0);
}
