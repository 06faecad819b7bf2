import type { GivenRows } from '../problems/given.ts';
import { ROWS_PER_EXAMPLE } from '../recipe/usual.ts';
import type { LapManifest } from './manifest.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { QuestionKind } from '../review/reviews.ts';
import { WORKED_EXAMPLES } from '../records.ts';

export type LapSizes = ReturnType<typeof sizesOf>;
export type SizeName = keyof LapSizes;

/** Problems by split, before there are any. */
export interface ProblemCounts {
  readonly train: number;
  readonly validation: number;
  readonly heldOut: number;
  readonly next: number;
  /** True where the domain cannot know them before it reads them. */
  readonly assumed?: boolean;
}

/**
 * How many there are of what a lap's orders are about, as far as it can be known before: from the recipe, its domain's
 * word on the problems, the graded sets that a team brings and, from lap 2 on, the parent's manifest.
 */
export function sizesOf(recipe: Recipe, expected: ProblemCounts, parent?: LapManifest, given: GivenRows = {}) {
  const { coldStart: cold, metaData, labelling, evaluation, audit } = recipe;
  const problems = problemsOf(expected, parent);
  const validationShare = problems.validation / (problems.train + problems.validation);
  const askedProblems = Math.min(cold.problems, problems.train + problems.validation);
  const candidates = askedProblems * cold.candidatesPerProblem;
  const isBrought = parent === undefined && (recipe.given ?? recipe.verifier) !== undefined;
  const brought = (rows: { readonly train: number; readonly validation: number } = { train: 0, validation: 0 }) =>
    rows.train + rows.validation;
  const expertProofs = isBrought
    ? brought(given.proofs)
    : Math.min(cold.expertProofs, candidates * (cold.refinementRounds + 1));
  const models = metaData.baseShare > 0 ? 2 : 1;
  const expertAnalyses = given.analyses
    ? brought(given.analyses)
    : Math.min(metaData.expertAnalyses, expertProofs * metaData.analysesPerProof * models);
  // What experts were not asked to score in lap 1, nothing is measured on.
  const byScores = (scored: number): number => (parent === undefined ? scored * validationShare : 0);
  const held = (kept: number | undefined, scored: number): number =>
    Math.round(kept ?? (recipe.domain.checker === 'none' ? byScores(scored) : 3 * evaluation.proofsPerScore));
  const heldOutProofs = held(parent?.evaluation.proofs.rows, expertProofs);
  const nextProblems = Math.min(
    Math.ceil(Math.max(labelling.candidates, labelling.proofs) / labelling.proofsPerProblem),
    problems.next,
  );
  const written = nextProblems * labelling.proofsPerProblem;
  const { proofsPerProblem, humanProofs = 0 } = evaluation;
  const again = ROWS_PER_EXAMPLE * recipe.consolidation.examplesPerSkill;
  const grown = parent === undefined ? [] : [...parent.proofScores.train, parent.proofScores.grown];
  return {
    /** Questions of each role, by which the base's formats are checked. */
    workedExamples: Math.min(recipe.formatCheck?.callsPerTask ?? 0, WORKED_EXAMPLES),
    /** The cold start's: problems, proofs of one round, and those that experts score; then analyses of these. */
    askedProblems,
    candidates,
    expertProofs,
    expertAnalyses,
    /** What a consolidation takes up again of D_v and D_mv. */
    reanalysedProofs: Math.min(again, rowsIn(grown)),
    rejudgedAnalyses: Math.min(again, rowsIn(parent?.analysisScores?.train ?? [])),
    /** What people score of what a stage rewarded. */
    rewardedProofs: audit?.rewardedProofs ?? 0,
    /** Questions of people that earlier laps never came to. */
    lateProofs: unaskedIn(parent, 'scoreProof'),
    lateContested: unaskedIn(parent, 'scoreContestedProof'),
    lateAnalyses: unaskedIn(parent, 'scoreAnalysis'),
    /** Of D_mv, as far as it is known: rows that the meta-verifier has not learned from. */
    newAnalyses: parent === undefined ? expertAnalyses : unlearnedIn(parent),
    /** Phase 4's: problems, proofs that get a first look, and those to label, what the parent left included. */
    nextProblems,
    lookedAt: written > labelling.proofs ? written : 0,
    toLabel: Math.min(labelling.proofs, written) + (parent?.labels.carried?.rows ?? 0),
    laterAnalyses: metaData.laterAnalyses ?? 0,
    heldOutProblems: problems.heldOut,
    /** Those that are searched at test time. */
    searchedProblems: Math.min(evaluation.testTime?.problems ?? problems.heldOut, problems.heldOut),
    heldOutProofs,
    heldOutAnalyses: held(parent?.evaluation.analyses?.rows, expertAnalyses),
    /** Proofs by the generators of a lap, at most: its own, and of later laps the base's and the parent's again. */
    writtenProofs: problems.heldOut * proofsPerProblem * (parent === undefined ? 4 : 6),
    /** Of them the final generator's that people see, and analyses by the two verifiers that a lap compares. */
    humanProofs: Math.min(humanProofs, problems.heldOut * proofsPerProblem),
    ratedAnalyses: heldOutProofs * evaluation.analysesPerProof * 2,
    /** Held-out proofs of which no analyses were chosen yet. */
    unanalysedProofs: parent?.evaluation.analyses === undefined ? heldOutProofs : 0,
  };
}

function unaskedIn(parent: LapManifest | undefined, kind: QuestionKind): number {
  const sets = parent?.reviews.filter((review) => review.kind === kind) ?? [];
  return sets.reduce((sum, { unasked = 0 }) => sum + unasked, 0);
}

function unlearnedIn({ analysisScores: scores, reviews }: LapManifest): number {
  const { train = [], learned = train.length, grown } = scores ?? {};
  // What people may have said since is not known before the lap begins.
  const open = reviews.some((review) => review.kind === 'scoreAnalysis' && (review.open ?? 0) > 0);
  return rowsIn([...train.slice(learned), ...(grown ? [grown] : [])]) + Number(open);
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
