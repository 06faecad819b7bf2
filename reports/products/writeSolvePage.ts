import { inBlocks } from '../../activities/store/lines.ts';
import { madeBy } from '../../activities/store/made.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { uri } from '../../shared/ids.ts';
import type { SolveInput } from '../../shared/products/input.ts';
import type { SolveResult } from '../../shared/products/search.ts';
import type { ArtifactRef } from '../../shared/records.ts';
import { readRefinement } from './readRefinement.ts';
import { refinementSection } from './refinementSection.ts';
import type { Solved } from './solved.ts';
import { solvePage } from './solvePage.ts';

/**
 * Writes `products/solve/<name>/report.html` of the results beside it. Repeated, it writes the same bytes.
 * @throws `NoArtifact` where there are no results yet.
 */
export async function writeSolvePage(
  store: ArtifactStore,
  { place, search }: Pick<SolveResult, 'place' | 'search'>,
): Promise<ArtifactRef> {
  const results = await store.refOf(uri.products(place, 'results.jsonl'));
  const page = solvePage({
    name: place,
    results: () => store.readJsonl<Solved>(results),
    uri: results.uri,
    search,
    asked: await store.findJson<SolveInput>(uri.products(place, 'input.json')),
    // pass@1 and best@k, of a sequential refinement.
    sections: search.kind === 'pool' ? [] : [refinementSection(await readRefinement(store, results, search))],
  });
  return store.write(uri.products(place, 'report.html'), inBlocks(page), madeBy('writeSolvePage', { results }));
}
