import type { DecidedProof } from '../../activities/products/label/decide.ts';
import { peoplesWords } from '../../activities/products/label/people.ts';
import { madeBy } from '../../activities/store/made.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { uri, type Place } from '../../shared/ids.ts';
import type { LabelReport } from '../../shared/products/labels.ts';
import type { ArtifactRef, DatasetRef } from '../../shared/records.ts';
import { labelPage, type LabelPageInput } from './labelPage.ts';

/** Proofs without a label that the page shows. Ours: it is read in a sitting. */
const SHOWN = 10;

/**
 * Writes `products/label/<name>/page.html` from what the `label` has written.
 * @param input.from whose people were asked. @default the same
 */
export async function writeLabelPage(
  store: ArtifactStore,
  { place, from = place, proofs }: { place: Place; from?: Place | undefined; proofs: DatasetRef },
): Promise<ArtifactRef> {
  const at = uri.products(place, 'report.json');
  const report = await store.readJson<LabelReport>(at);
  const words = await peoplesWords(store, from);
  const contested: LabelPageInput['contested'][number][] = [];
  const labelled = new Map<number, DecidedProof>();
  for await (const proof of store.readJsonl<DecidedProof>(proofs)) {
    const people = words.get(proof.id);
    if (proof.decision.kind === 'labelled') {
      if (!labelled.has(proof.decision.score)) labelled.set(proof.decision.score, proof);
    } else if (people?.result.kind !== 'scored' && contested.length < SHOWN)
      contested.push({ ...proof, ...(people && { people }) });
  }
  const page = labelPage({
    report,
    contested,
    labelled: [...labelled].sort(([one], [other]) => one - other).map(([, proof]) => proof),
  });
  const made = madeBy('writeLabelPage', { report: await store.refOf(at), 'decided proofs': proofs });
  return store.write(uri.products(place, 'page.html'), page, made);
}
