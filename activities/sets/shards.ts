import { createHash } from 'node:crypto';
import type { DatasetRef } from '../../shared/records.ts';
import type { SetRow } from '../../shared/sampling/sets.ts';
import type { ArtifactStore } from '../store/types.ts';
import { linesOf } from '../store/lines.ts';
import { uri } from '../../shared/ids.ts';

/**
 * `ledger/<setId>/plan.json`: where each shard's rows stand in the dataset, so that a shard reads its own rows only.
 */
export interface SetPlan {
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

export interface PlanSetInput {
  readonly setId: string;
  readonly rows: DatasetRef;
  readonly shardRows: number;
}

/**
 * Cuts a dataset into shards of `shardRows` rows and writes the plan down. Reads the dataset once.
 * @throws when the dataset is not what its reference says.
 */
export async function planSet(
  store: ArtifactStore,
  { setId, rows, shardRows }: PlanSetInput,
): Promise<{ shards: number }> {
  if (!Number.isInteger(shardRows) || shardRows < 1)
    throw new Error(`Expected engine.shardRows of ${setId} to be a whole number of at least 1, got ${shardRows}`);
  const whole = createHash('sha256');
  const shards: ShardSlice[] = [];
  let slice = createHash('sha256');
  let start = 0;
  let end = 0;
  let count = 0;
  let total = 0;
  const cut = (): void => {
    shards.push({ offset: start, bytes: end - start, rows: count, sha256: slice.digest('hex') });
    slice = createHash('sha256');
    start = end;
    count = 0;
  };
  for await (const { bytes, offset, ended } of linesOf(store.read(rows.uri))) {
    for (const hash of [whole, slice]) {
      hash.update(bytes);
      if (ended) hash.update('\n');
    }
    end = offset + bytes.length + (ended ? 1 : 0);
    count += 1;
    total += 1;
    if (count === shardRows) cut();
  }
  if (count > 0) cut();
  const sha256 = whole.digest('hex');
  if (sha256 !== rows.sha256 || total !== rows.rows) {
    throw new Error(
      `Expected ${rows.uri} to have sha256 ${rows.sha256} and ${rows.rows} rows, got ${sha256} and ${total}: it ` +
        'was changed after it was written',
    );
  }
  await store.writeJson(uri.shardPlan(setId), { rows, shardRows, shards } satisfies SetPlan);
  return { shards: shards.length };
}

/** Rows of one shard, checked against the plan's digest. */
export async function readShardRows(store: ArtifactStore, setId: string, shard: number): Promise<SetRow[]> {
  const plan = await store.readJson<SetPlan>(uri.shardPlan(setId));
  const slice = plan.shards[shard];
  if (slice === undefined) throw new Error(`Expected a shard below ${plan.shards.length} of ${setId}, got ${shard}`);
  const bytes = await store.readBytes(plan.rows.uri, { from: slice.offset, to: slice.offset + slice.bytes });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== slice.sha256)
    throw new Error(
      `Expected rows of shard ${shard} of ${plan.rows.uri} to have sha256 ${slice.sha256}, got ${sha256}: it ` +
        'was changed after the set was planned',
    );
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SetRow);
}
