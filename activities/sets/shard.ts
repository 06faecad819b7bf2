import { setMaxListeners } from 'node:events';
import type { Priority } from '@temporalio/common';
import {
  addUsage,
  NO_USAGE,
  type Outcome,
  type OutcomeCounts,
  type TakenCalls,
  type Usage,
} from '../../shared/outcomes.ts';
import { countedIn, NO_VERDICTS_BY_TASK, tooManyLost, type VerdictsByTask } from '../../shared/figures/losses.ts';
import type { DatasetRef, ModelRef } from '../../shared/records.ts';
import type { SetCaps } from '../../shared/sampling/caps.ts';
import { priorityOf } from '../../shared/sampling/share.ts';
import type { EngineSettings, SetRow } from '../../shared/sampling/sets.ts';
import { madeBy } from '../store/made.ts';
import type { PromptSet } from '../store/promptSet.ts';
import type { ArtifactStore } from '../store/types.ts';
import { LedgerAsker, NoServer } from '../inference/asker.ts';
import { EarlierCalls } from '../ledger/earlierCalls.ts';
import { sha256 } from '../inference/keys.ts';
import { Ledger } from '../ledger/ledger.ts';
import { onAbort } from '../inference/onAbort.ts';
import { sealedUri } from '../ledger/sealedLedger.ts';
import { beating } from '../processes/heartbeat.ts';
import type { ModelServers } from '../inference/servers.ts';
import type { Waiting } from '../inference/slots.ts';
import { openShare } from './budgets.ts';
import { findEarlier, forgetEarlier } from './earlier.ts';
import { forEachReady } from './forEach.ts';
import { SetStopped, watchForStop } from './setStop.ts';
import type { ToldSpent } from './spent.ts';
import { ownerOf, uri } from '../../shared/ids.ts';
import { readShardRows } from './shards.ts';

/** Which shard of which set, and how its workflow tells it to stop. */
export interface ShardInput {
  readonly setId: string;
  readonly shard: number;
  readonly engine: EngineSettings;
  /** Names the workflow run: a stop of an earlier one is not for this. */
  readonly stopToken: string;
  readonly maxLossShare?: number | undefined;
  readonly donors?: readonly string[] | undefined;
  readonly caps?: SetCaps | undefined;
}

/** What a shard came to. Counts are of calls: an answer that was asked again counts once per time. */
export interface ShardResult {
  readonly rows: number;
  readonly counts: OutcomeCounts;
  readonly usage: Usage;
  readonly requests: number;
  readonly seconds: number;
  /** First attempts at verdicts, by the task; absent of shards that an older version ran. */
  readonly verdicts?: VerdictsByTask;
  /** Of all these, what earlier laps paid for; absent where it is nothing. */
  readonly taken?: TakenCalls;
}

/** What heartbeats carry. */
interface ShardProgress {
  readonly shard: number;
  readonly rowsDone: number;
  readonly rows: number;
  readonly requests: number;
  readonly counts: OutcomeCounts;
  readonly usage: Usage;
  /** While no server answers. */
  readonly waitingForServers?: Waiting;
}

/** Asking goes on to lose more verdicts than the recipe allows. */
class TooManyLost extends Error {
  override readonly name = 'TooManyLost';
}

/** The world as a shard sees it: an activity's context, or a benchmark's. */
export interface ShardContext {
  readonly signal: AbortSignal;
  /** Whether the signal came from a cancelled workflow. */
  isCancelled(): boolean;
  heartbeat(progress: ShardProgress): void;
  /** Whose part of workers and servers it takes. @default its lap's run's, or its product's */
  readonly part?: Priority | undefined;
}

export interface ShardDeps {
  readonly store: ArtifactStore;
  readonly servers: ModelServers;
  readonly prompts: PromptSet;
}

/** One shard under way: asks, counts, and knows which outcomes are part of the result, in their order. */
export interface ShardRun {
  readonly ledger: Ledger;
  readonly asker: LedgerAsker;
  readonly signal: AbortSignal;
  /** @throws TooManyLost */
  count(outcome: Outcome): void;
  rowDone(): void;
  /**
   * Runs `each` for every item, one more whenever the first model's servers are ready for it. After an error nothing
   * new starts.
   * @param atOnce calls that an item begins with. @default 1
   * @throws the first error, after all that was started has ended: what is paid for by then is kept. `NoServer` ends
   * the rest at once, since there is nothing to wait for.
   */
  forEach<T>(items: Iterable<T>, each: (item: T) => Promise<void>, atOnce?: number): Promise<void>;
}

/** What a shard asks of whom. */
interface ShardQuestions {
  /** Name of the activity. */
  readonly by: string;
  readonly rows: DatasetRef;
  readonly models: readonly [ModelRef, ...ModelRef[]];
  /** All else that its outcomes depend on. */
  readonly asked: object;
}

/**
 * Heartbeats are Temporal Actions: frequent while a shard is young and watched, then rarer, each after 2.5 times the
 * time so far, and at last often enough for a heartbeat timeout of 30 s.
 */
const nextBeatMs = (elapsedMs: number): number => Math.min(20_000, Math.max(2_000, elapsedMs * 1.5));

/** `shard-NNNN.result.json`: what was asked for (policy, sampling, seeds), its digest, and what it came to. */
export interface StoredResult<R> extends ToldSpent {
  readonly inputSha256: string;
  readonly plan: unknown;
  readonly result: R;
}

/**
 * Runs a shard on its ledger, and seals the ledger when the work is complete. A shard that is complete already is not
 * touched. Whatever ends it early (cancellation, a stop, a full disk), calls end within a second and the ledger stays
 * as it is, to go on from.
 */
export async function runShard<R extends ShardResult>(
  deps: ShardDeps,
  input: ShardInput,
  questions: ShardQuestions,
  context: ShardContext,
  work: (
    run: ShardRun,
    rows: readonly SetRow[],
  ) => Promise<{ readonly order: Iterable<string>; readonly result: Omit<R, keyof ShardResult> }>,
): Promise<R> {
  const { store, servers } = deps;
  const { setId, shard, engine } = input;
  const rows = await readShardRows(store, setId, shard);
  for (const model of questions.models) servers.of(model).limitTo(engine.maxConcurrency);
  const plan = { ...questions.asked, rows: questions.rows.sha256, shardRows: engine.shardRows };
  const plain = uri.shard(setId, shard);
  const resultUri = uri.shardResult(setId, shard);
  const inputSha256 = sha256(JSON.stringify(plan));
  const stored = await store.findJson<StoredResult<R>>(resultUri);
  const sealed = (await store.stat(sealedUri(plain))) !== undefined && (await store.stat(plain)) === undefined;
  if (sealed && stored?.inputSha256 === inputSha256) return stored.result;

  const began = Date.now();
  const counts = { answered: 0, unparseable: 0, truncated: 0, failed: 0 };
  const beats = (progress: () => ShardProgress) =>
    ({ everyMs: nextBeatMs, heartbeat: () => context.heartbeat(progress()) }) as const;
  const nothingYet = () => ({ shard, rowsDone: 0, rows: rows.length, requests: 0, counts, usage: NO_USAGE });
  const { caps } = input;
  const share = caps && (await beating(() => openShare(store, plain, caps), beats(nothingYet)));
  const ledger = share?.ledger ?? (await Ledger.open(store, plain));
  const stop = new AbortController();
  setMaxListeners(0, stop.signal); // pauses between tries listen to it, each for itself
  let verdicts = NO_VERDICTS_BY_TASK;
  let usage = NO_USAGE;
  let taken: TakenCalls = { calls: 0, usage: NO_USAGE };
  let requests = 0;
  let rowsDone = 0;
  const set = watchForStop(store, uri.stop(setId, input.stopToken));
  const forget = [context.signal, set.signal].map((signal) => {
    const pass = (): void => {
      // All its workflow's shards are cancelled, though only this one has heard of it.
      if (context.isCancelled()) set.now();
      stop.abort(signal.reason);
    };
    if (signal.aborted) pass();
    return onAbort(signal, pass);
  });
  const patienceMs = engine.patienceHours === undefined ? undefined : engine.patienceHours * 3_600_000;
  const earlier = new EarlierCalls(store);
  const part = priorityOf(ownerOf(setId), {}, context.part);
  const { reserve } = share ?? {};
  const asker = new LedgerAsker(ledger, servers, { patienceMs, onOutage: 'throw', earlier, reserve, part });
  const run: ShardRun = {
    ledger,
    asker,
    signal: stop.signal,
    count(outcome) {
      counts[outcome.kind] += 1;
      usage = addUsage(usage, outcome.usage);
      if (outcome.takenFrom === undefined) requests += outcome.requests;
      else taken = { calls: taken.calls + 1, usage: addUsage(taken.usage, outcome.usage) };
      verdicts = countedIn(verdicts, outcome);
      const lost = tooManyLost(setId, verdicts, input.maxLossShare);
      if (lost !== undefined) throw new TooManyLost(lost);
    },
    rowDone() {
      rowsDone += 1;
    },
    forEach: (items, each, atOnce = 1) =>
      forEachReady(
        items,
        async () => {
          await servers.of(questions.models[0]).ready(stop.signal, atOnce > 1, part);
          await share?.ready(stop.signal);
        },
        (item) =>
          each(item).catch((error: unknown) => {
            if (error instanceof NoServer) stop.abort(error);
            throw error;
          }),
      ),
  };
  const progress = (): ShardProgress => {
    const [waiting] = questions.models.flatMap((model) => servers.of(model).waiting ?? []);
    return {
      shard,
      rowsDone,
      rows: rows.length,
      requests: asker.requests,
      counts: { ...counts },
      usage,
      ...(waiting && { waitingForServers: waiting }),
    };
  };
  try {
    const takeAndAsk = async () => {
      await findEarlier(store, input, { rows, models: questions.models }, earlier);
      return work(run, rows);
    };
    const { order, result } = await beating(takeAndAsk, beats(progress));
    await asker.prove(questions.models);
    await ledger.seal(order);
    const shardResult = {
      rows: rows.length,
      counts,
      usage,
      requests,
      seconds: (Date.now() - began) / 1000,
      verdicts,
      ...(taken.calls > 0 && { taken }),
      ...result,
    } as R;
    const models = Object.fromEntries(questions.models.map((model) => [model.role, model]));
    const made = madeBy(questions.by, { rows: questions.rows, ...models, prompts: deps.prompts });
    const kept: StoredResult<R> = { inputSha256, plan, result: shardResult, spent: share?.spent() };
    await store.writeJson(resultUri, kept, made);
    return shardResult;
  } finally {
    for (const one of forget) one();
    set.done();
    stop.abort(new SetStopped(`Shard ${shard} of ${setId} has ended`));
    await ledger.close();
    await share?.close();
    await forgetEarlier(store, input);
  }
}
