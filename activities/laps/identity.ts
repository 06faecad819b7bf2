import { mkdir, mkdtemp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactStore } from '../store/types.ts';
import { lapIn, lapName, lapNumber, uri } from '../../shared/ids.ts';

/**
 * The lap's own name, `<run>/lap-NNNN`, allocated once per workflow: asked again with the same `owner` (Temporal's
 * first execution run id) it answers the same, and two owners never get the same lap, however they race.
 * @param after number of the parent: a run that branches from another counts on from there. @default 0
 */
export async function allocateLap(store: ArtifactStore, run: string, owner: string, after = 0): Promise<string> {
  const folder = store.path(uri.laps(run));
  await mkdir(folder, { recursive: true });
  const owned = await lapOwnedBy(store, run, owner);
  if (owned !== undefined) return owned;
  const claim = await mkdtemp(path.join(folder, '.claim-'));
  await writeFile(path.join(claim, 'owner'), owner);
  for (;;) {
    const numbers = (await readdir(folder)).flatMap((name) => lapIn(run, name) ?? []).map(lapNumber);
    const lap = lapName(run, Math.max(after, ...numbers) + 1);
    try {
      await rename(claim, store.path(uri.laps(lap))); // refused where another lap was quicker: its folder is not empty
      return lap;
    } catch (error) {
      if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

async function lapOwnedBy(store: ArtifactStore, run: string, owner: string): Promise<string | undefined> {
  for (const name of await readdir(store.path(uri.laps(run)))) {
    const lap = lapIn(run, name);
    if (lap !== undefined && (await readFile(store.path(uri.owner(lap)), 'utf8')) === owner) return lap;
  }
  return undefined;
}
