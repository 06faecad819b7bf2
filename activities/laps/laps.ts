import { readdir } from 'node:fs/promises';
import type { ArtifactStore } from '../store/types.ts';
import { lapIn, placeIn, placeOf, uri } from '../../shared/ids.ts';

/** A lap in the store; without a manifest it is still under way, or ended before its end. */
export interface KnownLap {
  readonly lap: string;
  readonly finished: boolean;
}

/** All laps of the store, by run and number. */
export async function knownLaps(store: ArtifactStore): Promise<KnownLap[]> {
  const laps: KnownLap[] = [];
  for (const run of await foldersOf(store, 'laps')) {
    for (const name of await foldersOf(store, uri.laps(run))) {
      const lap = lapIn(run, name);
      if (lap !== undefined) laps.push({ lap, finished: await store.exists(uri.manifest(lap)) });
    }
  }
  return laps;
}

/** What an unfinished lap has come to: trainings that ended, and models whose evaluation has begun. */
export async function soFar(store: ArtifactStore, lap: string): Promise<{ trained: string[]; evaluating: string[] }> {
  const trained: string[] = [];
  for (const stage of await foldersOf(store, uri.jobs(lap))) {
    if (await store.exists(uri.jobs(placeIn(lap, stage), 'result.json'))) trained.push(stage);
  }
  return { trained, evaluating: await foldersOf(store, uri.ledger(placeOf(lap, 'evaluation'))) };
}

async function foldersOf(store: ArtifactStore, uri: string): Promise<string[]> {
  try {
    const entries = await readdir(store.path(uri), { withFileTypes: true });
    return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
