import { inLap, uri } from '../../shared/ids.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import { modelKey, type ModelRef } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import type { EarlierCalls } from '../ledger/earlierCalls.ts';
import { takeLease } from '../store/lease.ts';
import { inBlocks } from '../store/lines.ts';
import type { ArtifactStore } from '../store/types.ts';
import { readShard, shardFiles } from './inspect.ts';
import { readShardRows, type SetShards } from './shards.ts';

/** Which shard of which set, and the laps that it may take over from, the newest first. */
interface TakingShard {
  readonly setId: string;
  readonly shard: number;
  readonly donors?: readonly string[] | undefined;
}

/** Of a shard: its rows, and who is asked about them. */
interface Wanted {
  readonly rows: readonly SetRow[];
  readonly models: readonly ModelRef[];
}

/**
 * Finds what the donors paid for in the same set, about these rows and of these models, however they had cut it: sealed
 * ledgers cannot be read at a place, so that it is written out, until the shard has ended (`forgetEarlier`).
 */
export async function findEarlier(
  store: ArtifactStore,
  { setId, shard, donors = [] }: TakingShard,
  { rows, models }: Wanted,
  earlier: EarlierCalls,
): Promise<void> {
  if (donors.length === 0) return;
  const ids = new Set(rows.map(({ id }) => id));
  const keys = new Set(models.map(modelKey));
  async function* lines(): AsyncGenerator<string> {
    for (const lap of donors.toReversed()) {
      for await (const outcome of outcomesOf(store, inLap(lap, setId), { setId, shard, ids }))
        if (keys.has(outcome.model) && ids.has(rowOf(outcome)))
          yield `${JSON.stringify({ ...outcome, takenFrom: outcome.takenFrom ?? lap })}\n`;
    }
  }
  const found = uri.earlierCalls(setId, shard);
  await store.write(found, inBlocks(lines()));
  await earlier.add(found);
}

export async function forgetEarlier(store: ArtifactStore, { setId, shard, donors = [] }: TakingShard): Promise<void> {
  if (donors.length > 0) await store.remove(uri.earlierCalls(setId, shard));
}

/** The meta-assessments of an analysis stand under its proof, `<proof>#<analysis>`. */
function rowOf({ row, task }: Outcome): string {
  return task === 'metaVerify' && row.includes('#') ? row.slice(0, row.lastIndexOf('#')) : row;
}

/** What is on the ledgers of those shards of a donor's set that have some of the rows. */
async function* outcomesOf(
  store: ArtifactStore,
  donor: string,
  { setId, shard, ids }: { readonly setId: string; readonly shard: number; readonly ids: ReadonlySet<string> },
): AsyncGenerator<Outcome> {
  const cut = await store.findJson<SetShards>(uri.shardPlan(donor));
  if (cut === undefined) return;
  const own = (await store.readJson<SetShards>(uri.shardPlan(setId))).shards[shard];
  const same = cut.shards.findIndex(({ sha256 }) => sha256 === own?.sha256);
  const among = same >= 0 ? [same] : await shardsWith(store, donor, cut, ids);
  const files = await shardFiles(store, donor);
  for (const index of among) {
    const file = files[index];
    if (file === undefined || file.state === 'notStarted') continue;
    if (file.state === 'open') await untouched(store, file.uri);
    for await (const { unused: _, ...outcome } of readShard(store, file)) yield outcome;
  }
}

/**
 * Of a lap that was terminated a shard asks on until its worker hears of it.
 * @throws LeaseHeld while it does: what it pays for by then is to be taken, too.
 */
async function untouched(store: ArtifactStore, ledger: string): Promise<void> {
  await (await takeLease(store, `${ledger}.lock`)).release();
}

async function shardsWith(
  store: ArtifactStore,
  donor: string,
  cut: SetShards,
  ids: ReadonlySet<string>,
): Promise<number[]> {
  const shardOf = await rowsOf(store, donor, cut);
  return [...new Set([...ids].flatMap((id) => shardOf.get(id) ?? []))].sort((a, b) => a - b);
}

/** Ours: donors' sets whose rows are remembered; a set is looked through by all shards of one that is under way. */
const SETS_KEPT = 4;
const known = new Map<string, Promise<ReadonlyMap<string, number>>>();

/** In which shard of a set each row is. */
function rowsOf(store: ArtifactStore, setId: string, { shards }: SetShards): Promise<ReadonlyMap<string, number>> {
  const key = store.address(uri.shardPlan(setId));
  const found = known.get(key);
  if (found !== undefined) return found;
  const read = (async () => {
    const rows = new Map<string, number>();
    for (const shard of shards.keys())
      for (const { id } of await readShardRows(store, setId, shard)) rows.set(id, shard);
    return rows;
  })();
  known.set(key, read);
  read.catch(() => known.delete(key));
  for (const old of known.keys()) if (known.size > SETS_KEPT) known.delete(old);
  return read;
}
