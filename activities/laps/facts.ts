import type { Domain } from '../../shared/domain.ts';
import type { LapFacts } from '../../shared/lap/facts.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import type { ArtifactStore } from '../store/types.ts';

/** What can be read of a lap's problems, prompts and base where they lie; what cannot is left out. */
export async function lapFacts(_store: ArtifactStore, _domain: Domain, _recipe: Recipe): Promise<LapFacts> {
  return {};
}
