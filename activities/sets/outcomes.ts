import { SetWords, type Limits } from '../../shared/figures/usable.ts';
import type { Outcome, Sampling } from '../../shared/outcomes.ts';
import type { LabelRow } from '../../shared/sampling/sets.ts';
import type { DatasetRef, Task } from '../../shared/records.ts';
import type { Score } from '../../shared/scores.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { LabelShardResult } from './labelShard.ts';
import type { StoredResult } from './shard.ts';
import type { SetShards } from './shards.ts';
import { readSealed, sealedUri } from '../ledger/sealedLedger.ts';
import { uri } from '../../shared/ids.ts';

/**
 * The final outcome of every sample of a finished set, in the order of rows and samples (for a label set: proof by
 * proof, in the order of asking). Attempts that were asked again are left out.
 * @throws when the set is not finished, naming the shard that is missing.
 */
export async function* readOutcomes(store: ArtifactStore, setId: string): AsyncGenerator<Outcome> {
  for (const shard of (await shardsOf(store, setId)).shards.keys()) {
    const sealed = sealedUri(uri.shard(setId, shard));
    if (!(await store.exists(sealed)))
      throw new Error(
        `Expected set ${setId} to be finished, but ${sealed} does not exist: its shard is not sealed yet`,
      );
    let previous: Outcome | undefined;
    for await (const { unused, ...outcome } of readSealed(store, sealed)) {
      if (unused === true) break;
      if (previous !== undefined && !isSameSample(previous, outcome)) yield previous;
      previous = outcome;
    }
    if (previous !== undefined) yield previous;
  }
}

/**
 * The scores that each row's answers give, in the order of asking; undefined where one is malformed, truncated or
 * failed.
 * @param counts which answers are looked at. @default all
 */
export async function scoresByRow(
  store: ArtifactStore,
  setId: string,
  counts: (outcome: Outcome) => boolean = () => true,
): Promise<Map<string, (Score | undefined)[]>> {
  const scores = new Map<string, (Score | undefined)[]>();
  for await (const outcome of readOutcomes(store, setId)) {
    const { row, kind, score } = outcome;
    if (counts(outcome)) scores.set(row, [...(scores.get(row) ?? []), kind === 'answered' ? score : undefined]);
  }
  return scores;
}

/** What a person should know of a finished set (shared/figures/usable.ts). */
export async function setInWords(store: ArtifactStore, setId: string): Promise<string | undefined> {
  return (await setWords(store, setId)).text(setId);
}

/** A finished set's outcomes, counted. */
export async function setWords(store: ArtifactStore, setId: string): Promise<SetWords> {
  const words = new SetWords(await limitsOf(store, setId));
  for await (const outcome of readOutcomes(store, setId)) words.add(outcome);
  return words;
}

/** As the first shard was asked. */
async function limitsOf(store: ArtifactStore, setId: string): Promise<Limits> {
  type Asked = { readonly task?: Task; readonly sampling?: Sampling & Limits };
  const { plan } = (await store.findJson<StoredResult<unknown>>(uri.shardResult(setId, 0))) ?? {};
  const { task, sampling = {} } = (plan ?? {}) as Asked;
  return task === undefined ? sampling : { [task]: sampling };
}

/** Puts the shards' label rows together as `labels/<setId>/labels.jsonl`, in the order of the proofs. */
export async function collectLabels(store: ArtifactStore, setId: string): Promise<DatasetRef> {
  const { rows: proofs, shards } = await shardsOf(store, setId);
  async function* rows(): AsyncGenerator<LabelRow> {
    for (const shard of shards.keys()) {
      const { result } = await store.readJson<{ result: LabelShardResult }>(uri.shardResult(setId, shard));
      yield* store.readJsonl<LabelRow>(result.decisions);
    }
  }
  return store.writeJsonl(uri.labels(setId), rows(), madeBy('collectLabels', { proofs, verdicts: setId }));
}

/** What was decided of each proof. */
export async function labelsById(store: ArtifactStore, decisions: DatasetRef): Promise<Map<string, LabelRow>> {
  return new Map((await store.readRows<LabelRow>(decisions)).map((row) => [row.proofId, row]));
}

async function shardsOf(store: ArtifactStore, setId: string): Promise<SetShards> {
  const shards = await store.findJson<SetShards>(uri.shardPlan(setId));
  if (shards !== undefined) return shards;
  throw new Error(`Expected a set named ${JSON.stringify(setId)} in the store, found no ${uri.shardPlan(setId)}`);
}

function isSameSample(a: Outcome, b: Outcome): boolean {
  return a.row === b.row && a.task === b.task && a.sample === b.sample;
}
