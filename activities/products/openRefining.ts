import type { LapManifest } from '../../shared/lap/manifest.ts';
import { uri } from '../../shared/ids.ts';
import type { OpenedProduct, Refining, SolveInput } from '../../shared/products/input.ts';
import type { RefinementSizes } from '../../shared/products/search.ts';
import { checkerOf } from '../datasets/truth.ts';
import { openPromptSet } from '../store/promptSets.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { ProductWorld } from './open.ts';

/** What sequential refinement needs to know beside what every `solve` does. */

/** The lap's domain, where its checker knows what proofs are worth. */
export function checkerAsked(
  { checkers }: ProductWorld,
  { refine }: SolveInput,
  lap: LapManifest | undefined,
): string | undefined {
  if (refine === undefined || lap === undefined || checkers === undefined) return undefined;
  return checkerOf(lap.recipe, checkers) && lap.recipe.domain.name;
}

/** Where a checker knows it, the verifier is not asked unless somebody says so. */
export const refinementAsked = (sizes: RefinementSizes, checkedBy: string | undefined): RefinementSizes =>
  checkedBy !== undefined && sizes.verdicts === undefined ? { ...sizes, verdicts: 0 } : sizes;

/** @throws where the grades are no file of the store. */
export async function openRefining(
  store: ArtifactStore,
  { place, prompts }: OpenedProduct,
  { graded }: SolveInput,
  checkedBy: string | undefined,
): Promise<Refining> {
  const { refinesAtOnce } = await openPromptSet(store, prompts);
  const known = await gradesOf(store, uri.products(place, 'graded.json'), graded);
  return { atOnce: refinesAtOnce, ...(checkedBy && { checkedBy }), ...(known && { graded: known }) };
}

/** Grades that were given stay: whoever asks again for the same has them. */
async function gradesOf(store: ArtifactStore, kept: string, graded?: string): Promise<string | undefined> {
  if (graded === undefined) return (await store.findJson<{ readonly graded: string }>(kept))?.graded;
  if ((await store.stat(graded).catch(() => undefined)) === undefined)
    throw new Error(
      `graded: expected a file of the store such as imports/proofs/0123456789ab.jsonl, got ${JSON.stringify(graded)}, ` +
        'which is not there: `flywheel import proofs` puts one into it',
    );
  await store.writeJson(kept, { graded });
  return graded;
}
