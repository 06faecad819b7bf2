import { prefixOf, uri } from '../../shared/ids.ts';
import type { SetRecord, TestTimeRecord } from '../../shared/lap/manifest.ts';
import { addUsage, NO_USAGE, type OutcomeCounts, type TakenCalls, type Usage } from '../../shared/outcomes.ts';
import type { Task } from '../../shared/records.ts';
import { NO_VERDICTS, type VerdictCounts } from '../../shared/figures/losses.ts';
import { readShard, shardFiles } from '../../activities/sets/inspect.ts';
import type { ShardResult, StoredResult } from '../../activities/sets/shard.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';

/** A set of a search at test time, as a lap's manifest has others; and the first attempts at its verdicts. */
export interface SearchedSet extends SetRecord {
  readonly verdicts: VerdictCounts;
}

/** All sets that a search asked: there are two a round of each problem, too many for a manifest. */
export async function searchedSets(store: ArtifactStore, record: TestTimeRecord): Promise<SearchedSet[]> {
  const sets: SearchedSet[] = [];
  for await (const at of store.list(prefixOf(uri.ledger(record.place)))) {
    const [, setId] = /^ledger\/(.+)\/plan\.json$/.exec(at) ?? [];
    if (setId !== undefined) sets.push(await setRecord(store, record, setId));
  }
  return sets;
}

async function setRecord(store: ArtifactStore, record: TestTimeRecord, setId: string): Promise<SearchedSet> {
  const files = await shardFiles(store, setId);
  let [rows, requests, inferenceSeconds] = [0, 0, 0];
  let counts: OutcomeCounts = { answered: 0, unparseable: 0, truncated: 0, failed: 0 };
  let usage: Usage = NO_USAGE;
  let taken: TakenCalls = { calls: 0, usage: NO_USAGE };
  let verdicts = NO_VERDICTS;
  for (const { shard } of files) {
    const { result } = await store.readJson<StoredResult<ShardResult>>(uri.shardResult(setId, shard));
    rows += result.rows;
    requests += result.requests;
    inferenceSeconds += result.seconds;
    counts = added(counts, result.counts);
    usage = addUsage(usage, result.usage);
    if (result.taken)
      taken = { calls: taken.calls + result.taken.calls, usage: addUsage(taken.usage, result.taken.usage) };
    if (result.verdicts) verdicts = added(verdicts, result.verdicts.verify);
  }
  const task = await taskOf(store, files);
  return {
    setId,
    shards: files.length,
    rows,
    counts,
    usage,
    requests,
    inferenceSeconds,
    ...(taken.calls > 0 && { taken }),
    phase: 'evaluation',
    ...(task && { task }),
    startedAt: record.startedAt,
    wallSeconds: record.wallSeconds,
    verdicts,
  };
}

/** Every call of such a set asks for the same. */
async function taskOf(store: ArtifactStore, files: Awaited<ReturnType<typeof shardFiles>>): Promise<Task | undefined> {
  for (const file of files) for await (const { task } of readShard(store, file)) return task;
  return undefined;
}

function added<Name extends string>(one: Readonly<Record<Name, number>>, more: Readonly<Record<Name, number>>) {
  const names = Object.keys(one) as Name[];
  return Object.fromEntries(names.map((name) => [name, one[name] + more[name]])) as Record<Name, number>;
}
