import {
  CancellationScope,
  defineQuery,
  defineSignal,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { ShardResult } from '../../activities/sets/shard.ts';
import type { DatasetRef } from '../../shared/records.ts';
import type { EngineSettings, LabelCounts, SetProgress, SetResult } from '../../shared/sampling/sets.ts';
import { isFew, lossesText, mayBeAmiss, NO_VERDICTS_BY_TASK, tooManyLost } from '../../shared/figures/losses.ts';
import { callsIn, type Usage } from '../../shared/outcomes.ts';
import { failure } from '../failure.ts';
import { quick } from '../proxies.ts';

/** How far a set is. */
const setProgress = defineQuery<SetProgress>('progress');
/** The same, told to the workflow that asked for the set. */
export const setTold = defineSignal<[SetProgress]>('setTold');

/** Shards of one run: 6 events each (and a workflow task for each completion) stay below 4,096 events of history. */
const SHARDS_PER_RUN = 400;

/** What a set carries from run to run. */
export interface WindowState extends ShardResult {
  readonly shards: number;
  readonly done: number;
  /** Of label sets. */
  readonly labels: LabelCounts;
}

interface WindowSet {
  readonly setId: string;
  /** Rows of the whole set. */
  readonly rows: DatasetRef;
  readonly engine: EngineSettings;
  /** Share of verdicts that may be lost at the first attempt. @default all */
  readonly maxLossShare?: number | undefined;
  readonly tells?: boolean | undefined;
  /** Plural noun for what a row is, such as `proofs`. */
  readonly noun: string;
}

/**
 * Plans a set in its first run, then runs the next shards, at most `engine.window` of them at once, and shows how far
 * it is. Cancellation stops calls in the shards at once, wherever they run; what was paid for stays on their ledgers.
 */
export async function runWindow(
  set: WindowSet,
  from: WindowState | undefined,
  runShard: (
    shard: number,
    shards: number,
    stopToken: string,
  ) => Promise<ShardResult & { readonly labels?: LabelCounts }>,
): Promise<WindowState> {
  let state = from ?? NOTHING_YET;
  const progress = (): SetProgress => ({
    setId: set.setId,
    shards: state.shards,
    shardsDone: state.done,
    rows: set.rows.rows,
    rowsDone: state.rows,
    counts: state.counts,
    requests: state.requests,
  });
  setHandler(setProgress, progress, { description: 'Finished shards, and the outcomes in them' });
  const { parent } = workflowInfo();
  const asker = set.tells && parent ? getExternalWorkflowHandle(parent.workflowId) : undefined;
  if (from === undefined) {
    const { setId, rows, engine } = set;
    state = { ...state, ...(await quick.planSet({ setId, rows, shardRows: engine.shardRows })) };
  }
  const stopToken = workflowInfo().runId;
  const upTo = Math.min(state.shards, state.done + SHARDS_PER_RUN);
  let next = state.done;
  const show = (): void => setCurrentDetails(detailsOf(set, state));
  show();
  const worker = async (): Promise<void> => {
    while (next < upTo) {
      const shard = next;
      next += 1;
      const result = await runShard(shard, state.shards, stopToken);
      state = withShard(state, { ...result, done: 1 });
      show();
      await asker?.signal(setTold, progress());
      const when = state.done === state.shards ? 'atEnd' : 'underWay';
      const lost = state.verdicts && tooManyLost(set.setId, state.verdicts, set.maxLossShare, when);
      if (lost) throw failure('TooManyLost', lost);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(set.engine.window, upTo - next) }, worker));
  } catch (error) {
    // Whatever ended one shard, the others must not go on alone.
    if (isCancellation(error) || state.shards > 1)
      await CancellationScope.nonCancellable(() => quick.stopSet({ setId: set.setId, stopToken }));
    throw error;
  }
  return state;
}

const NOTHING_YET: WindowState = {
  shards: 0,
  done: 0,
  rows: 0,
  seconds: 0,
  requests: 0,
  counts: { answered: 0, unparseable: 0, truncated: 0, failed: 0 },
  usage: { promptTokens: 0, completionTokens: 0, thinkingTokens: 0 },
  labels: { auto: 0, contested: 0, unresolved: 0 },
  verdicts: NO_VERDICTS_BY_TASK,
  taken: { calls: 0, usage: { promptTokens: 0, completionTokens: 0, thinkingTokens: 0 } },
};

/**
 * What a finished set came to, and what a person should know of it: that few of its answers can be read, or that its
 * judge always says the same.
 * @param must whether it fails without one answer that can be read.
 */
export async function ended(set: WindowSet, state: WindowState, must = false): Promise<SetResult> {
  const { counts, verdicts } = state;
  const few = isFew(counts.answered, callsIn(counts));
  // A run that an older version began has no count of its verdicts.
  const warning = few || (verdicts && mayBeAmiss(verdicts)) ? await quick.setInWords(set.setId) : undefined;
  if (few && must && counts.answered === 0)
    throw failure('NoAnswers', `Expected an answer that can be read, got none: ${warning}`);
  if (warning === undefined) return setResult(set.setId, state);
  setCurrentDetails(`${detailsOf(set, state)}\n\n⚠ ${warning}.`);
  return { ...setResult(set.setId, state), warning };
}

function setResult(setId: string, state: WindowState): SetResult {
  const { shards, rows, counts, usage, requests, seconds, taken } = state;
  const result = { setId, shards, rows, counts, usage, requests, inferenceSeconds: seconds };
  return taken && taken.calls > 0 ? { ...result, taken } : result;
}

/** Adds what a shard came to. */
function withShard(state: WindowState, shard: ShardResult & { readonly done: number }): WindowState {
  const { usage, taken } = state;
  const sum = { ...state, usage: withCached(usage, shard.usage) };
  return add(taken ? { ...sum, taken: { ...taken, usage: withCached(taken.usage, shard.taken?.usage) } } : sum, shard);
}

/** Tokens that servers had in their caches stand in a sum only where a server told of some. */
const withCached = (sum: Usage, more: Usage | undefined): Usage =>
  more?.cachedPromptTokens === undefined ? sum : { cachedPromptTokens: 0, ...sum };

/** Adds numbers, however deep they are. */
function add<T extends object>(sum: T, more: object): T {
  const added = Object.entries(sum).map(([key, value]: [string, number | object]) => {
    const by = (more as Readonly<Record<string, unknown>>)[key];
    if (by === undefined) return [key, value];
    return [key, typeof value === 'number' ? value + (by as number) : add(value, by as object)];
  });
  return Object.fromEntries(added) as T;
}

function detailsOf(
  { setId, noun, rows: { rows } }: WindowSet,
  { shards, done, counts, requests, rows: rowsDone, labels, verdicts }: WindowState,
): string {
  const labelled =
    labels.auto + labels.contested + labels.unresolved > 0
      ? `\n\nLabels: ${labels.auto} automatic, ${labels.contested} contested, ${labels.unresolved} unresolved.`
      : '';
  // A run that an older version began has no count of its verdicts.
  const losses = verdicts === undefined ? '' : lossesText(verdicts);
  const lost = losses === '' ? '' : `\n\nVerdicts lost at the first attempt: ${losses}.`;
  return `**${setId}**: ${rowsDone} of ${rows} ${noun}, ${done} of ${shards} shards

| answered | unparseable | truncated | failed | requests |
| --- | --- | --- | --- | --- |
| ${counts.answered} | ${counts.unparseable} | ${counts.truncated} | ${counts.failed} | ${requests} |${labelled}${lost}

Shards under way show their counts in their heartbeats (Pending Activities).`;
}
