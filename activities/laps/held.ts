import { placeOf, prefixOf, uri } from '../../shared/ids.ts';
import { ordersOf } from '../../shared/lap/phases.ts';
import type { Held, HeldPhase } from '../../shared/lap/mending.ts';
import type { LapShape } from '../../shared/lap/orders.ts';
import { callsIn } from '../../shared/outcomes.ts';
import { readShard, shardFiles } from '../sets/inspect.ts';
import type { StoredResult, ShardResult } from '../sets/shard.ts';
import type { ArtifactStore } from '../store/types.ts';
import { JobFolder } from '../training/jobFolder.ts';

/** What failed laps have of each phase: of the one that has most of it. */
export async function heldBy(store: ArtifactStore, laps: readonly string[], shape: LapShape): Promise<Held> {
  const held: Partial<Record<keyof Held, HeldPhase>> = {};
  for (const { phase } of ordersOf(shape)) {
    for (const lap of laps) {
      const place = placeOf(lap, phase);
      const own = {
        calls: await callsBelow(store, place),
        answers: await answersBelow(store, place),
        training: await trainingAt(store, place),
      };
      if (own.calls + own.answers > 0 || own.training !== undefined) held[phase] = more(held[phase], own);
    }
  }
  return held;
}

function more(one: HeldPhase | undefined, other: HeldPhase): HeldPhase {
  if (one === undefined) return other;
  const steps = (held: HeldPhase) => (held.training?.done === true ? Infinity : (held.training?.steps ?? -1));
  return {
    calls: Math.max(one.calls, other.calls),
    answers: Math.max(one.answers, other.answers),
    training: steps(other) > steps(one) ? other.training : one.training,
  };
}

async function callsBelow(store: ArtifactStore, place: string): Promise<number> {
  let calls = 0;
  for await (const at of store.list(prefixOf(uri.ledger(place)))) {
    const [, set] = /^ledger\/(.+)\/(?:plan\.json|judge\.jsonl)$/.exec(at) ?? [];
    if (set === undefined) continue;
    for (const file of await shardFiles(store, set)) {
      if (file.state === 'sealed') {
        const stored = await store.findJson<StoredResult<ShardResult>>(uri.shardResult(set, file.shard));
        if (stored !== undefined) calls += callsIn(stored.result.counts) - stored.result.counts.failed;
      } else if (file.state === 'open')
        for await (const { kind } of readShard(store, file)) if (kind !== 'failed') calls += 1;
    }
  }
  return calls;
}

/** A log is begun with its question's first answer. */
async function answersBelow(store: ArtifactStore, place: string): Promise<number> {
  let answers = 0;
  for await (const at of store.list(prefixOf(uri.reviews(place))))
    if (at.split('/').length > 5 && at.endsWith('.jsonl') && !/\/rows-\d+-\d+\.jsonl$/.test(at)) answers += 1;
  return answers;
}

async function trainingAt(store: ArtifactStore, jobKey: string): Promise<HeldPhase['training']> {
  const folder = new JobFolder(store, jobKey);
  if ((await folder.training()) === undefined) return undefined;
  const result = await folder.lastResult();
  if (result?.status === 'succeeded') return { steps: result.steps, done: true };
  return { steps: (await folder.lastState()) ?? 0, done: false };
}
