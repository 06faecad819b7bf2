import { uri } from '../../shared/ids.ts';
import type { GoldRow } from '../../shared/review/gold.ts';
import type { ArtifactStore } from '../store/types.ts';

/** The questions of known answers that were mixed into what a review set is about, by id; none where none were. */
export async function goldIn(store: ArtifactStore, subject: string): Promise<ReadonlyMap<string, GoldRow>> {
  const at = uri.gold(subject);
  const made = (await store.stat(at)) && (await store.readMade(at));
  if (made === undefined) return new Map();
  const rows = new Map<string, GoldRow>();
  for await (const row of store.readJsonl<GoldRow>({ uri: at, sha256: made.sha256 })) rows.set(row.id, row);
  return rows;
}
