import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { labelShard, type LabelShardResult } from '../../../activities/sets/labelShard.ts';
import { cutIntoShards } from '../../../activities/sets/shards.ts';
import { sampleShard } from '../../../activities/sets/sampleShard.ts';
import { Identity } from '../../../activities/inference/identity.ts';
import { ModelServers } from '../../../activities/inference/servers.ts';
import type { ShardContext, ShardResult } from '../../../activities/sets/shard.ts';
import type { EndpointResolver } from '../../../activities/inference/types.ts';
import { openPromptSet, promptSetNamed } from '../../../activities/store/promptSets.ts';
import { FileStore } from '../../../activities/store/files.ts';
import type { Outcome } from '../../../shared/outcomes.ts';
import { modelKey, type DatasetRef, type ModelRef } from '../../../shared/records.ts';
import type { LabelSetInput, SampleSetInput } from '../../../shared/sampling/sets.ts';
import { readOutcomes } from '../../../activities/sets/outcomes.ts';

export const MODEL: ModelRef = {
  role: 'verifier',
  checkpoint: { uri: `checkpoints/${'a'.repeat(64)}`, sha256: 'a'.repeat(64) },
};
const ENGINE = { engine: 'external', shardRows: 500, window: 4, maxConcurrency: 512 } as const;
const THINK = { open: '<think>', close: '</think>' };
const SAMPLING = { temperature: 1, topP: 1, maxTokens: 1024 };

/** A store of its own, rows, and shards run without Temporal. */
export interface World {
  readonly store: FileStore;
  readonly rows: (count: number, proof?: (row: number) => string) => Promise<DatasetRef>;
  readonly sample: (
    input: Partial<SampleSetInput> & Pick<SampleSetInput, 'rows'>,
    context?: ShardContext,
  ) => Promise<ShardResult>;
  readonly label: (
    input: Partial<LabelSetInput> & Pick<LabelSetInput, 'proofs'>,
    context?: ShardContext,
  ) => Promise<LabelShardResult>;
  readonly outcomes: (setId?: string) => Promise<Outcome[]>;
  readonly close: () => Promise<void>;
}

export interface WorldOptions {
  readonly resolve: EndpointResolver | string;
  /** A store that is there before and stays after. */
  readonly root?: string;
  readonly maxConcurrency?: number;
  readonly patienceMs?: number;
  /** Whether servers are checked for the model that they serve, beyond the names in their answers. */
  readonly verify?: boolean;
}

export const quiet = (): ShardContext => ({
  signal: new AbortController().signal,
  isCancelled: () => false,
  heartbeat: () => undefined,
});

export async function openWorld({
  root: given,
  resolve,
  maxConcurrency = 64,
  patienceMs,
  verify = false,
}: WorldOptions): Promise<World> {
  const root = given ?? (await mkdtemp(path.join(tmpdir(), 'flywheel-inference-')));
  const store = new FileStore(root);
  const servers = new ModelServers({
    resolve:
      typeof resolve === 'string'
        ? async (model) => [{ baseUrl: resolve, model: modelKey(model), maxConcurrency, thinking: () => THINK }]
        : resolve,
    ...(patienceMs === undefined ? {} : { patienceMs }),
    ...(verify && { identity: new Identity(store) }),
  });
  const prompts = await openPromptSet(store, await promptSetNamed(store, 'paper'));
  const deps = { store, servers, prompts };
  return {
    store,
    rows: (count, proof = (row) => `Proof number ${row}.`) =>
      store.writeJsonl(
        `datasets/rows-${count}.jsonl`,
        Array.from({ length: count }, (_, row) => ({
          id: `r${row}`,
          problem: { id: `p${row}`, statement: `Show claim ${row}.`, topic: 'algebra', source: 'made up' },
          proof: proof(row),
          model: 'none',
        })),
      ),
    async sample(given, context = quiet()) {
      const input: SampleSetInput = {
        setId: 'set',
        task: 'verify',
        model: MODEL,
        prompts,
        samplesPerRow: 1,
        sampling: SAMPLING,
        seed: 1,
        attempts: 1,
        engine: ENGINE,
        ...given,
      };
      await cutIntoShards(store, { setId: input.setId, rows: input.rows, shardRows: input.engine.shardRows });
      return sampleShard(deps, { ...input, shard: 0, stopToken: 'run' }, context);
    },
    async label(given, context = quiet()) {
      const input: LabelSetInput = {
        setId: 'set',
        verifier: MODEL,
        metaVerifier: MODEL,
        prompts,
        policy: { analysesPerProof: 4, metaAnalysesPerAnalysis: 2, minValidAnalyses: 1, confirmingMetaScore: 1 },
        waves: [2],
        earlyStop: true,
        verdictAttempts: 3,
        sampling: { verify: SAMPLING, metaVerify: SAMPLING },
        seed: 1,
        engine: ENGINE,
        ...given,
      };
      await cutIntoShards(store, { setId: input.setId, rows: input.proofs, shardRows: input.engine.shardRows });
      return labelShard(deps, { ...input, shard: 0, stopToken: 'run' }, context);
    },
    async outcomes(setId = 'set') {
      const all: Outcome[] = [];
      for await (const outcome of readOutcomes(store, setId)) all.push(outcome);
      return all;
    },
    async close() {
      await servers.close();
      if (given === undefined) await rm(root, { recursive: true, force: true });
    },
  };
}
