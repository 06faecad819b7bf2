import type { Checker } from '../../shared/domain.ts';
import type { AnalysisRow, ProofRow, ScoredAnalysis, ScoredProof } from '../../shared/records.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import type { ProofScore, QualityScore } from '../../shared/scores.ts';

/**
 * What figures are measured against: the checker where the domain has one, else what experts said of the row itself.
 */
export interface Truth {
  readonly kind: 'checker' | 'experts';
  readonly by: string;
  /** True score of a proof in a held-out set; undefined where nobody knows. */
  proofScore(row: ProofRow): ProofScore | undefined;
  /** True quality of an analysis in a held-out set. */
  quality(row: AnalysisRow): QualityScore | undefined;
  /** True score of a proof that was just written, and the truth about an analysis: only a checker knows them. */
  readonly checker?: Checker;
}

/**
 * The checker that a lap's recipe names; none where it says `none`.
 * @throws when the recipe names one and there is none: figures without truth would pass for measured ones.
 */
export function checkerOf(named: Recipe['domain']['checker'], checker: Checker | undefined): Checker | undefined {
  if (named === 'none') return undefined;
  if (checker === undefined)
    throw new Error(
      `Expected the checker "${named}" that the recipe names, got none: give it to createDatasetActivities, ` +
        'createReportActivities and measureLap',
    );
  return checker;
}

export function truthOf(checker: Checker | undefined): Truth {
  if (checker !== undefined) {
    return {
      kind: 'checker',
      by: checker.name,
      proofScore: (row) => checker.proofScore(row.problem, row.proof),
      quality: (row) => checker.analysis(row.problem, row.proof, row.analysis).quality,
      checker,
    };
  }
  return {
    kind: 'experts',
    by: "experts' scores of the validation split",
    proofScore: (row) => (row as Partial<ScoredProof>).score,
    quality: (row) => (row as Partial<ScoredAnalysis>).quality,
  };
}
