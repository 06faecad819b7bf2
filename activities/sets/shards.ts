import { createHash } from 'node:crypto';
import type { DatasetRef } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import { madeBy } from '../store/made.ts';
import { sha256 } from '../inference/keys.ts';
import type { ArtifactStore } from '../store/types.ts';
import { uri } from '../../shared/ids.ts';

/** `ledger/<setId>/plan.json`: where each shard's rows stand in the dataset: a shard reads its own rows only. */
export interface SetShards {
  readonly rows: DatasetRef;
  readonly shardRows: number;
  readonly shards: readonly ShardSlice[];
}

interface ShardSlice {
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
  readonly sha256: string;
}

export interface CutInput {
  readonly setId: string;
  readonly rows: DatasetRef;
  readonly shardRows: number;
}

/**
 * Cuts a dataset into shards of `shardRows` rows and writes down where they are. Reads the dataset once.
 * @throws when the dataset is not what its reference says.
 */
export async function cutIntoShards(
  store: ArtifactStore,
  { setId, rows, shardRows }: CutInput,
): Promise<{ shards: number }> {
  if (!Number.isInteger(shardRows) || shardRows < 1)
    throw new Error(`Expected engine.shardRows of ${setId} to be a whole number of at least 1, got ${shardRows}`);
  const shards: ShardSlice[] = [];
  let slice = createHash('sha256');
  let [start, end, count] = [0, 0, 0];
  const cut = (): void => {
    shards.push({ offset: start, bytes: end - start, rows: count, sha256: slice.digest('hex') });
    slice = createHash('sha256');
    [start, count] = [end, 0];
  };
  for await (const { bytes, offset, ended } of store.lines(rows)) {
    slice.update(bytes).update(ended ? '\n' : '');
    end = offset + bytes.length + (ended ? 1 : 0);
    count += 1;
    if (count === shardRows) cut();
  }
  if (count > 0) cut();
  const cutUp = { rows, shardRows, shards } satisfies SetShards;
  await store.writeJson(uri.shardPlan(setId), cutUp, madeBy('planSet', { rows }));
  return { shards: shards.length };
}

/** Rows of one shard, checked against its digest. */
export async function readShardRows(store: ArtifactStore, setId: string, shard: number): Promise<SetRow[]> {
  const { rows, shards } = await store.readJson<SetShards>(uri.shardPlan(setId));
  const slice = shards[shard];
  if (slice === undefined) throw new Error(`Expected a shard below ${shards.length} of ${setId}, got ${shard}`);
  const bytes = await store.readBytes(rows.uri, { from: slice.offset, to: slice.offset + slice.bytes });
  const digest = sha256(bytes);
  if (digest !== slice.sha256)
    throw new Error(
      `Expected rows of shard ${shard} of ${rows.uri} to have sha256 ${slice.sha256}, got ${digest}: it ` +
        'was changed after the set was planned',
    );
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SetRow);
}
