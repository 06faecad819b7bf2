import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { store } from '../../workers/store.ts';

/** Writes a page into the store, or to a file that the person names. @returns its absolute path. */
export async function writePage(uri: string, page: string, output?: string): Promise<string> {
  if (output === undefined) return store.local((await store.write(uri, page)).uri);
  await mkdir(path.dirname(output), { recursive: true });
  await writeFile(output, page);
  return path.resolve(output);
}
