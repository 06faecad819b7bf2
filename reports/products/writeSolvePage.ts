import { inBlocks } from '../../activities/store/lines.ts';
import { madeBy } from '../../activities/store/made.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { uri, type Place } from '../../shared/ids.ts';
import type { SolveInput } from '../../shared/products/input.ts';
import { searchFrom } from '../../shared/products/pool.ts';
import type { ArtifactRef } from '../../shared/records.ts';
import type { Markup } from '../pages/markup.ts';
import { readRefinement } from './readRefinement.ts';
import { refinementSection } from './refinementSection.ts';
import type { Solved } from './solved.ts';
import { solvePage } from './solvePage.ts';

/**
 * Writes `products/solve/<name>/report.html` of the results beside it. Repeated, it writes the same bytes.
 * @throws `NoArtifact` where there are no results yet.
 */
export async function writeSolvePage(store: ArtifactStore, place: Place): Promise<ArtifactRef> {
  const results = await store.refOf(uri.products(place, 'results.jsonl'));
  const asked = await store.findJson<SolveInput>(uri.products(place, 'input.json'));
  const page = solvePage({
    name: place,
    results: () => store.readJsonl<Solved>(results),
    uri: results.uri,
    asked,
    sections: await curves(store, results, asked),
  });
  return store.write(uri.products(place, 'report.html'), inBlocks(page), madeBy('writeSolvePage', { results }));
}

/** pass@1 and best@k, of a sequential refinement. */
async function curves(store: ArtifactStore, results: ArtifactRef, asked?: SolveInput): Promise<Markup[]> {
  const policy = asked && searchFrom(asked.search, asked.refine);
  if (policy?.kind !== 'sequential') return [];
  return [refinementSection(await readRefinement(store, results, policy))];
}
