import { uri } from '../../shared/ids.ts';
import type { ArtifactStore } from './types.ts';

/**
 * What this program writes. The number rises when one of before would misread what is written now, such as train
 * without what it does not know; not when it may pass over it. A store that says none is of 1.
 *
 * 1: a text of a model is all there is of its answer. 2: its thinking stands apart from it.
 */
export const STORE_FORMAT = 2;

/** The store is of a format that this program cannot read. */
export class StoreFormatUnknown extends Error {
  override readonly name = 'StoreFormatUnknown';
}

/**
 * The format of a store.
 * @throws StoreFormatUnknown when it is none that this program reads: all up to its own.
 */
export async function formatOf(store: ArtifactStore): Promise<number> {
  if ((await store.stat(uri.format)) === undefined) return 1;
  const text = await store.readText(uri.format);
  const format = /^\s*\{\s*"format"\s*:\s*([1-9]\d*)\s*\}\s*$/.exec(text)?.[1];
  if (format !== undefined && Number(format) <= STORE_FORMAT) return Number(format);
  throw new StoreFormatUnknown(
    `Expected ${store.address(uri.format)} to say a format from 1 to ${STORE_FORMAT}, got ` +
      (format === undefined
        ? `${JSON.stringify(text.slice(0, 80))}: it was damaged after it was written`
        : `${format}: a later version of this project wrote this store. Use that version, or another folder ` +
          '(FLYWHEEL_STATE)'),
  );
}

/** Says in a store that is about to be written to what will be in it. @throws as `formatOf`. */
export async function markFormat(store: ArtifactStore): Promise<void> {
  if ((await formatOf(store)) < STORE_FORMAT) await store.writeJson(uri.format, { format: STORE_FORMAT });
}
