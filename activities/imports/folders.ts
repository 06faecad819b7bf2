import { createHash } from 'node:crypto';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { uri } from '../../shared/ids.ts';
import type { ArtifactStore } from '../store/types.ts';
import { importModel, type Bases } from './bases.ts';

/**
 * The name of a model's folder in the store. Where its files have the names, sizes and times of one that was taken in
 * before, it is that: a recipe is read often, and reading gigabytes takes minutes. A lap that opens checks the digest.
 */
export async function importFolder(store: ArtifactStore, bases: Bases, folder: string): Promise<string> {
  if (!(await stat(folder)).isDirectory()) return (await importModel(store, bases, folder)).name; // says why not
  const seen = uri.seenModel(await stampOf(folder));
  const known = await store.findJson<{ readonly name: string }>(seen);
  if (known !== undefined && (await store.stat(`${known.name}/config.json`)) !== undefined) return known.name;
  const { name } = await importModel(store, bases, folder);
  await store.writeJson(seen, { name });
  return name;
}

async function stampOf(folder: string): Promise<string> {
  const at = await realpath(folder);
  const files = (await readdir(at)).sort((one, other) => (one < other ? -1 : 1));
  const stats = files.map(async (file) => {
    const { size, mtimeMs } = await stat(path.join(at, file));
    return [file, size, mtimeMs];
  });
  return createHash('sha256')
    .update(JSON.stringify([at, await Promise.all(stats)]))
    .digest('hex');
}
