import { uri } from '../../shared/ids.ts';
import type { LeadsWord, RecordedWord } from '../../shared/review/leadsWord.ts';
import type { ArtifactStore } from '../store/types.ts';

/** Puts a word beside those that were said before; again the same: nothing happens. @param at ISO 8601. */
export async function recordWord(
  store: ArtifactStore,
  { lap, word, at }: { readonly lap: string; readonly word: LeadsWord; readonly at: string },
): Promise<RecordedWord> {
  const { about, use, annotator, reason } = word;
  const said = { about, use, annotator, ...(reason !== undefined && { reason }), at };
  const place = uri.words(lap, `${`${at} ${about}`.replaceAll(/[^\w.-]+/g, '-')}.json`);
  await store.create(place, `${JSON.stringify(said, null, 2)}\n`);
  return { ...said, ref: await store.refOf(place) };
}

/** The newest word about each thing of a lap. */
export async function wordsOf(store: ArtifactStore, lap: string): Promise<ReadonlyMap<string, RecordedWord>> {
  const words = new Map<string, RecordedWord>();
  // In the order of their times.
  for await (const place of store.list(uri.words(lap))) {
    const word = await store.readJson<Omit<RecordedWord, 'ref'>>(place);
    words.set(word.about, { ...word, ref: await store.refOf(place) });
  }
  return words;
}

/** Whether the newest word about it is to use it. */
export async function isAccepted(
  store: ArtifactStore,
  { lap, about }: { readonly lap: string; readonly about: string },
): Promise<boolean> {
  return (await wordsOf(store, lap)).get(about)?.use === true;
}
