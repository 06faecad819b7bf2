import { addUsage, NO_USAGE, type Outcome, type OutcomeCounts, type Usage } from '../../shared/outcomes.ts';
import { uri } from '../../shared/ids.ts';
import type { ArtifactStore } from '../store/types.ts';
import { readShard, shardFiles } from './inspect.ts';

/** What a set that was ended early has. */
export interface SoFar {
  /** The last outcome of each sample that was asked for, row by row. */
  readonly outcomes: readonly Outcome[];
  /** Of all its calls, attempts included. */
  readonly counts: OutcomeCounts;
  readonly usage: Usage;
}

/** Reads a set whether it is finished or not, texts in memory; there is nothing of one that was never begun. */
export async function readSoFar(store: ArtifactStore, setId: string): Promise<SoFar> {
  const calls = new Map<string, Outcome>();
  for await (const outcome of readCalls(store, setId)) calls.set(outcome.key, outcome);
  const rows = new Map<string, Outcome[]>();
  const counts = { answered: 0, unparseable: 0, truncated: 0, failed: 0 };
  let usage = NO_USAGE;
  for (const outcome of calls.values()) {
    counts[outcome.kind] += 1;
    usage = addUsage(usage, outcome.usage);
    const samples = rows.get(outcome.row) ?? [];
    rows.set(outcome.row, samples);
    if ((samples[outcome.sample]?.attempt ?? 0) <= (outcome.attempt ?? 0)) samples[outcome.sample] = outcome;
  }
  return { outcomes: [...rows.values()].flatMap((samples) => samples.filter(Boolean)), counts, usage };
}

/** Every call of a set by now, as it stands on the ledgers; one that failed and was made again stands there twice. */
export async function* readCalls(store: ArtifactStore, setId: string): AsyncGenerator<Outcome> {
  if ((await store.stat(uri.shardPlan(setId))) === undefined) return;
  for (const shard of await shardFiles(store, setId)) {
    if (shard.state === 'notStarted') continue;
    for await (const { unused, ...outcome } of readShard(store, shard)) if (unused !== true) yield outcome;
  }
}
