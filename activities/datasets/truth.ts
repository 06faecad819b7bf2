import { byRubric, type Checker, type Domains } from '../../shared/domain.ts';
import type { AnalysisRow, ProofRow, ScoredAnalysis, ScoredProof } from '../../shared/records.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
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

/** The checker of a recipe's domain; none where the recipe goes without. @throws when the domain has none. */
export function checkerOf(recipe: Ruled, known: Domains['checkerOf']): Checker | undefined {
  return recipe.domain.checker === 'none' ? undefined : knownChecker(recipe, known);
}

/** Whose checker it is, and the rubric of its qualities. */
type Ruled = Pick<Recipe, 'domain' | 'metaRubric'>;

/** @throws when the domain has none: figures without truth would pass for measured ones. */
export function knownChecker({ domain: { name }, metaRubric }: Ruled, known: Domains['checkerOf']): Checker {
  const found = known(name);
  if (found === undefined) throw new Error(`Expected domain ${name} to have a checker, as the recipe says, got none`);
  return byRubric(found, metaRubric);
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
