import type { InitName } from '../stages.ts';
import type { EvaluationSet, Searcher, SolveName } from './manifest.ts';
import { searchFrom } from '../products/pool.ts';
import { review, sample, solve, type LapShape, type SampleOrder, type SolveOrder } from './orders.ts';
import type { Recipe } from '../recipe/recipe.ts';

/** What phase 3 trains the generator to write: a proof with its analysis, or, as an ablation, a whole trajectory. */
export const selfTask = ({ selfVerification }: Recipe) =>
  selfVerification === 'self-analysis' ? 'selfVerify' : 'selfRefine';

/** What each model is asked, at T = 1 as it is used and, where the recipe wants it, at T = 0. */
export function measured(
  { recipe, turn }: LapShape,
  subject: EvaluationSet['subject'],
  models: readonly InitName[],
): SampleOrder<`${EvaluationSet['subject']}-${InitName}-${EvaluationSet['decoding']}`>[] {
  const { analysesPerProof, proofsPerProblem, greedy } = recipe.evaluation;
  const asked = {
    verifier: ['verify', 'verifier', 'heldOutProofs', analysesPerProof],
    metaVerifier: ['metaVerify', 'metaVerifier', 'heldOutAnalyses', analysesPerProof],
    generator: ['prove', 'generator', 'heldOutProblems', proofsPerProblem],
    selfVerification: [selfTask(recipe), 'generator', 'heldOutProblems', proofsPerProblem],
  } as const;
  const [task, by, rows, perRow] = asked[subject];
  return models.flatMap((model) => {
    // A later lap's meta-verifier is trained, and measured, where there is something new to learn.
    const ifAny = turn > 1 && model === 'metaVerifier' ? ({ ifAny: true } as const) : {};
    return [
      sample(`${subject}-${model}-sampled`, task, by, rows, perRow, ifAny),
      ...(greedy ? [sample(`${subject}-${model}-greedy`, task, by, rows, 1, { greedy: true, ...ifAny })] : []),
    ];
  });
}

/** What their answers are worth where nobody knows the truth: in models' own eyes (paper 3.3.1), and to people. */
export function judged({ recipe: { evaluation, metaVerification } }: LapShape) {
  const { verdictsPerProof = 0, humanProofs = 0 } = evaluation;
  const isAsked = verdictsPerProof > 0;
  const [verdicts, qualities] = [
    sample('verdicts', 'verify', 'verifier', 'writtenProofs', verdictsPerProof, { ifAny: true }),
    sample('qualities', 'metaVerify', 'metaVerifier', 'ratedAnalyses', 1, { ifAny: true }),
  ];
  return [
    ...(isAsked ? [verdicts] : []),
    ...(isAsked && metaVerification ? [qualities] : []),
    ...(humanProofs > 0 ? [review('people', 'evaluateProof', 'humanProofs', { ifAny: true })] : []),
  ];
}

/** The base first. */
const SEARCHERS = ['base', 'selfVerification'] as const satisfies readonly Searcher[];

/** Of an order of those below. */
export const searcherOf = (name: SolveName): Searcher => (name.endsWith('-base') ? 'base' : 'selfVerification');

/** What models do at test time with the lap's verifier, at the sizes that the recipe names. */
export function testTime({ recipe: { evaluation, domain } }: LapShape): SolveOrder<SolveName>[] {
  const { search, refinement, base = false } = evaluation.testTime ?? {};
  // Where a checker knows what proofs are worth, the verifier is not asked unless somebody says so.
  const verdicts = domain.checker === 'own' ? { verdicts: 0, ...refinement } : refinement;
  return SEARCHERS.filter((model) => base || model !== 'base').flatMap((model) => [
    ...(search === undefined ? [] : [solve(`search-${model}` as const, searchFrom(search))]),
    ...(refinement === undefined ? [] : [solve(`refinement-${model}` as const, searchFrom(undefined, verdicts))]),
  ]);
}
