import { mkdir, mkdtemp, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactStore } from '../store/files.ts';

/**
 * The lap's own name, `<run>/lap-NNNN`, allocated once per workflow: asked again with the same `owner` (Temporal's
 * first execution run id) it answers the same, and two owners never get the same lap, however they race.
 * @param after number of the parent: a run that branches from another counts on from there. @default 0
 */
export async function allocateLap(store: ArtifactStore, run: string, owner: string, after = 0): Promise<string> {
  const folder = store.path(`laps/${run}`);
  await mkdir(folder, { recursive: true });
  const owned = await lapOwnedBy(folder, owner);
  if (owned !== undefined) return `${run}/${owned}`;
  const claim = await mkdtemp(path.join(folder, '.claim-'));
  await writeFile(path.join(claim, 'owner'), owner);
  for (;;) {
    const numbers = (await readdir(folder)).flatMap((name) => /^lap-(\d{4,})$/.exec(name)?.[1] ?? []).map(Number);
    const name = `lap-${String(Math.max(after, ...numbers) + 1).padStart(4, '0')}`;
    try {
      await rename(claim, path.join(folder, name)); // refused where another lap was quicker: its folder is not empty
      return `${run}/${name}`;
    } catch (error) {
      if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

async function lapOwnedBy(folder: string, owner: string): Promise<string | undefined> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith('lap-')) continue;
    if ((await readFile(path.join(folder, name, 'owner'), 'utf8')) === owner) return name;
  }
  return undefined;
}
