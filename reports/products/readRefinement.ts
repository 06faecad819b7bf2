import type { RefinedProblem } from '../../shared/products/refinement.ts';
import {
  curvesOf,
  refinementFigures,
  type ProblemCurves,
  type RefinementFigures,
} from '../../shared/products/refinementFigures.ts';
import type { SequentialRefinement } from '../../shared/products/search.ts';
import type { ArtifactRef } from '../../shared/records.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';

/** The figures of a sequential refinement from its results, one line in memory at a time. */
export async function readRefinement(
  store: ArtifactStore,
  results: ArtifactRef,
  refinement: SequentialRefinement,
): Promise<RefinementFigures> {
  const problems: ProblemCurves[] = [];
  for await (const line of store.readJsonl<RefinedProblem>(results))
    problems.push(curvesOf(line, refinement.iterations));
  return refinementFigures(problems, refinement);
}
