import { readdir } from 'node:fs/promises';
import type { ArtifactStore } from '../store/files.ts';

/** A lap in the store; without a manifest it is still under way, or ended before its end. */
export interface KnownLap {
  readonly lap: string;
  readonly finished: boolean;
}

/** All laps of the store, by run and number. */
export async function knownLaps(store: ArtifactStore): Promise<KnownLap[]> {
  const laps: KnownLap[] = [];
  for (const run of await foldersOf(store, 'laps')) {
    for (const name of await foldersOf(store, `laps/${run}`)) {
      if (/^lap-\d{4,}$/.test(name))
        laps.push({ lap: `${run}/${name}`, finished: await store.exists(`laps/${run}/${name}/manifest.json`) });
    }
  }
  return laps;
}

/** What an unfinished lap has come to: trainings that ended, and models whose evaluation has begun. */
export async function soFar(store: ArtifactStore, lap: string): Promise<{ trained: string[]; evaluating: string[] }> {
  const trained: string[] = [];
  for (const stage of await foldersOf(store, `jobs/${lap}`)) {
    if (await store.exists(`jobs/${lap}/${stage}/result.json`)) trained.push(stage);
  }
  return { trained, evaluating: await foldersOf(store, `ledger/${lap}/evaluation`) };
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
