import { rename } from 'node:fs/promises';
import path from 'node:path';
import { EXPORTED_PROMPTS } from '../../activities/store/checkpoints.ts';
import { CARD } from '../../activities/store/card.ts';
import { newFolder, placeCheckpoint, type PlacedCheckpoint } from '../../activities/store/exportFolder.ts';
import { FileStore } from '../../activities/store/files.ts';
import { openPromptSet } from '../../activities/store/promptSets.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { prefixOf, uri } from '../../shared/ids.ts';
import { addedTerms, type CardFacts } from './cardFacts.ts';
import { nameOf } from './licence.ts';
import { EARLIER, modelCard } from './modelCard.ts';

interface Exporting {
  readonly link: boolean;
  readonly signal: AbortSignal;
}

/**
 * Writes a model of a lap as a Hugging Face folder: the checkpoint's files, a card, the prompts that it was trained by,
 * and the terms of its base. All of it, or nothing.
 * @throws FolderTaken, ArtifactChanged, DiskRefused; the signal's reason when aborted.
 */
export async function exportModel(
  store: ArtifactStore,
  facts: CardFacts,
  folder: string,
  { link, signal }: Exporting,
): Promise<PlacedCheckpoint> {
  const { checkpoint, manifest } = facts;
  await openPromptSet(store, manifest.prompts); // its digest is right
  return newFolder(folder, async (beside) => {
    const placed = await placeCheckpoint(store, checkpoint, beside, { link, signal });
    const to = new FileStore(beside);
    if (placed.files.includes(CARD)) await rename(path.join(beside, CARD), path.join(beside, EARLIER));
    await to.write(CARD, modelCard(facts));
    const prompts = prefixOf(uri.promptSet(manifest.prompts.sha256));
    for await (const text of store.list(prompts))
      await to.write(EXPORTED_PROMPTS + text.slice(prompts.length), store.read(text));
    for (const place of addedTerms(facts)) await to.write(nameOf(place), store.read(place));
    return placed;
  });
}
