import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import type { DatasetRef } from '../../shared/records.ts';
import { openPromptSet } from '../store/promptSets.ts';
import type { ArtifactStore } from '../store/types.ts';
import { beating } from '../processes/heartbeat.ts';
import { labelShard, type LabelShardInput, type LabelShardResult } from './labelShard.ts';
import { collectLabels, setInWords } from './outcomes.ts';
import { CapReached } from './budget.ts';
import { cutIntoShards, type CutInput } from './shards.ts';
import { sampleShard, type SampleShardInput } from './sampleShard.ts';
import { type ShardContext, type ShardResult } from './shard.ts';
import { Identity } from '../inference/identity.ts';
import { ModelServers } from '../inference/servers.ts';
import type { EndpointResolver } from '../inference/types.ts';
import { uri } from '../../shared/ids.ts';
import { SetStopped } from './setStop.ts';
import { heals } from '../../shared/failures.ts';

interface SetDeps {
  readonly store: ArtifactStore;
  readonly resolve: EndpointResolver;
  /** Whether servers are checked for the model that they serve, beyond the names in their answers. @default false */
  readonly verify?: boolean;
}

/** For a recipe that says nothing: a day, since what an outage costs is time alone. Ours. */
const PATIENCE_MS = 24 * 3_600_000;

/** Activities that ask models. All shards in a process share their servers' limits. */
export function createSetActivities({ store, resolve, verify = false }: SetDeps) {
  /** By engine: what a lap's recipe says counts for its calls, whoever serves the same model to another lap. */
  const servers = new Map<string, ModelServers>();
  const shardDeps = async ({ prompts, engine: { engine } }: Pick<SampleShardInput, 'prompts' | 'engine'>) => {
    const known =
      servers.get(engine) ??
      new ModelServers({
        resolve: (model, options) => resolve(model, { ...options, engine }),
        patienceMs: PATIENCE_MS,
        identity: verify ? new Identity(store) : undefined,
      });
    servers.set(engine, known);
    return { store, servers: known, prompts: await openPromptSet(store, prompts) };
  };
  return {
    /** Cuts a set into shards. */
    planSet: (input: CutInput): Promise<{ shards: number }> => beating(() => cutIntoShards(store, input)),
    /** Answers for a shard of rows. */
    sampleShard: (input: SampleShardInput): Promise<ShardResult> =>
      asActivity(async (context) => sampleShard(await shardDeps(input), input, context)),
    /** Labels for a shard of proofs. */
    labelShard: (input: LabelShardInput): Promise<LabelShardResult> =>
      asActivity(async (context) => labelShard(await shardDeps(input), input, context)),
    /** All label rows of a finished set as one dataset. */
    collectLabels: (setId: string): Promise<DatasetRef> => beating(() => collectLabels(store, setId)),
    /** What a person should know of a finished set; undefined where there is nothing to say. */
    setInWords: (setId: string): Promise<string | undefined> => beating(() => setInWords(store, setId)),
    /**
     * Tells the shards of a set to stop, wherever they run: a mark in the store, which they look for (heartbeats would
     * take half a minute).
     */
    stopSet: async (input: { readonly setId: string; readonly stopToken: string }): Promise<void> => {
      await store.write(uri.stop(input.setId, input.stopToken), '');
    },
  };
}

export type SetActivities = ReturnType<typeof createSetActivities>;

async function asActivity<R>(work: (context: ShardContext) => Promise<R>): Promise<R> {
  const context = Context.current();
  try {
    return await work({
      signal: context.cancellationSignal,
      isCancelled: () => context.cancellationDetails?.cancelRequested === true,
      heartbeat: (progress) => context.heartbeat(progress),
      part: context.info.priority,
    });
  } catch (error) {
    if (context.cancellationSignal.aborted)
      throw error instanceof CancelledFailure
        ? error
        : new CancelledFailure('shard was cancelled; its ledger keeps what was paid for');
    const { name, message } = error as Error;
    throw ApplicationFailure.create({
      type: name,
      message,
      cause: error as Error,
      nonRetryable: !heals(name),
      ...((error instanceof SetStopped || error instanceof CapReached) && {
        category: ApplicationFailureCategory.BENIGN,
      }),
    });
  }
}
