import type { OpenedSolve, Refining } from '../../shared/products/input.ts';
import type { SearchPolicy } from '../../shared/products/search.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { CheckpointRef, Problem, PromptSetRef } from '../../shared/records.ts';
import { placeOf, setIdOf, uri, type Place } from '../../shared/ids.ts';
import type { Searcher, SolveName } from '../../shared/lap/manifest.ts';
import { problemsAtOnce } from './solve.ts';
import { madeBy } from '../store/made.ts';
import { openPromptSet, pinned, promptSetNamed } from '../store/promptSets.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { OpenedLap } from '../laps/open.ts';

export interface TestTimeInput {
  readonly opened: Pick<OpenedLap, 'lap' | 'recipe' | 'prompts' | 'problems' | 'seed' | 'donors'>;
  readonly name: SolveName;
  readonly policy: SearchPolicy;
  /** Which of the lap's generators it is, for people. */
  readonly model: Searcher;
  readonly generator: CheckpointRef;
  readonly verifier: CheckpointRef;
}

/** A search or refinement of a lap's held-out problems as a `solve` goes about it, with the lap's own choices. */
export async function openTestTime(
  store: ArtifactStore,
  { opened, name, policy, model, generator, verifier }: TestTimeInput,
): Promise<OpenedSolve> {
  const { lap, recipe, seed, donors } = opened;
  const refines = policy.kind === 'sequential';
  const prompts = refines ? await promptSetNamed(store, pinned(opened.prompts), 'claims', true) : opened.prompts;
  const { heldOut } = opened.problems;
  const place = setIdOf(placeOf(lap, 'evaluation'), name) as Place;
  const count = recipe.evaluation.testTime?.problems ?? heldOut.rows;
  const rows = (await store.readRows<Problem>(heldOut)).slice(0, count).map((problem) => ({ id: problem.id, problem }));
  const problems = await store.writeJsonl(
    uri.dataset(place, 'problems'),
    rows,
    madeBy('openTestTime', { problems: heldOut }),
  );
  const { sampling, inference: engine, prices: price } = recipe;
  return {
    place,
    name: `${lap} ${name}`,
    prompts,
    seed,
    sampling,
    engine,
    problems,
    generator: { ref: { role: 'generator', checkpoint: generator }, name: `${lap} ${model}`, price },
    verifier: { ref: { role: 'verifier', checkpoint: verifier }, name: `${lap} verifier`, price },
    search: policy,
    window: Math.min(rows.length, problemsAtOnce(policy, { engine })),
    ...(donors && { donors }),
    ...(refines && { refining: await refiningOf(store, prompts, recipe) }),
  };
}

/** What proofs are worth a checker says, where the recipe has one. */
async function refiningOf(store: ArtifactStore, prompts: PromptSetRef, { domain }: Recipe): Promise<Refining> {
  const { refinesAtOnce: atOnce } = await openPromptSet(store, prompts);
  return { atOnce, ...(domain.checker === 'own' && { checkedBy: domain.name }) };
}
