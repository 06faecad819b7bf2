import type { ArtifactStore } from '../store/types.ts';
import { lapIn, placeIn, placeOf, prefixOf, uri } from '../../shared/ids.ts';

/** A lap in the store; without a manifest it is still under way, or ended before its end. */
export interface KnownLap {
  readonly lap: string;
  readonly finished: boolean;
}

/** Artifacts below `laps/`, of a run or of all, with the laps that they belong to. */
export async function* lapFiles(
  store: ArtifactStore,
  ofRun?: string,
): AsyncGenerator<{ readonly lap: string; readonly place: string }> {
  for await (const place of store.list(prefixOf(ofRun === undefined ? 'laps' : uri.laps(ofRun)))) {
    const [, run = '', folder = ''] = place.split('/');
    const lap = lapIn(run, folder);
    if (lap !== undefined) yield { lap, place };
  }
}

/** All laps of the store, by run and number. */
export async function knownLaps(store: ArtifactStore): Promise<KnownLap[]> {
  const laps = new Map<string, boolean>();
  for await (const { lap, place } of lapFiles(store))
    laps.set(lap, laps.get(lap) === true || place === uri.manifest(lap));
  return [...laps].map(([lap, finished]) => ({ lap, finished }));
}

/** What an unfinished lap has come to: trainings that ended, and models whose evaluation has begun. */
export async function soFar(store: ArtifactStore, lap: string): Promise<{ trained: string[]; evaluating: string[] }> {
  const trained: string[] = [];
  for (const stage of await foldersOf(store, uri.jobs(lap))) {
    if (await store.exists(uri.jobs(placeIn(lap, stage), 'result.json'))) trained.push(stage);
  }
  return { trained, evaluating: await foldersOf(store, uri.ledger(placeOf(lap, 'evaluation'))) };
}

async function foldersOf(store: ArtifactStore, folder: string): Promise<string[]> {
  const names = new Set<string>();
  for await (const place of store.list(prefixOf(folder))) {
    const [name = '', ...below] = place.slice(prefixOf(folder).length).split('/');
    if (below.length > 0) names.add(name);
  }
  return [...names];
}
