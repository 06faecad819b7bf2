import type { ArtifactStore } from '../store/types.ts';
import { lapName, lapNumber, uri } from '../../shared/ids.ts';
import { lapFiles } from './laps.ts';

/**
 * The lap's own name, `<run>/lap-NNNN`, allocated once per workflow: asked again with the same `owner` (Temporal's
 * first execution run id) it answers the same, and two owners never get the same lap, however they race.
 * @param after number of the parent: a run that branches from another counts on from there. @default 0
 */
export async function allocateLap(store: ArtifactStore, run: string, owner: string, after = 0): Promise<string> {
  let last = after;
  for await (const { lap, place } of lapFiles(store, run)) {
    if (place === uri.owner(lap) && (await store.readText(place)) === owner) return lap;
    last = Math.max(last, lapNumber(lap));
  }
  for (;;) {
    last += 1;
    const lap = lapName(run, last);
    if ((await store.create(uri.owner(lap), owner)) === 'created') return lap;
    if ((await store.readText(uri.owner(lap))) === owner) return lap; // asked twice at once
  }
}
