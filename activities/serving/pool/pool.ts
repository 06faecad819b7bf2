import { uri } from '../../../shared/ids.ts';
import type { Window } from '../../../shared/lap/facts.ts';
import { modelKey, type CheckpointModel, type ModelRef } from '../../../shared/records.ts';
import { clusterNamed } from '../../clusters/registry.ts';
import type { Cluster } from '../../clusters/types.ts';
import { failure } from '../../failure.ts';
import type { ServingEngine } from '../types.ts';
import { pooledModels, ReplicaBook } from './book.ts';
import { Keeper } from './keeper.ts';
import { loadsOf } from './loads.ts';
import type { PoolMeans } from './means.ts';
import { poolFor, POOL, POOLS, readPools, type PoolSettings } from './settings.ts';

export interface PoolsSettings extends Pick<PoolMeans, 'store' | 'python' | 'env'> {
  /** FLYWHEEL_POOLS, as JSON. */
  readonly pools: string | undefined;
  readonly clusters: () => readonly Cluster[];
  /** Milliseconds between two looks at replicas while calls are under way. @default 5000 */
  readonly lookEveryMs?: number;
}

/**
 * Replicas of a checkpoint as jobs of a cluster: as many as its calls need, under the checkpoint's digest, shared by all
 * who hold it, wherever they run.
 */
export function pool({ pools: text, clusters, lookEveryMs = 5_000, ...means }: PoolsSettings): ServingEngine {
  const { store } = means;
  const keepers = new Map<string, Keeper>();
  let opened: readonly Cluster[] | undefined;
  const clusterOf = ({ name, cluster }: PoolSettings): Cluster =>
    clusterNamed((opened ??= clusters()), cluster, `${name}.cluster of ${POOLS}`);
  const keeperOf = (settings: PoolSettings, model: CheckpointModel): Keeper => {
    const key = `${settings.name} ${modelKey(model)}`;
    const known = keepers.get(key);
    if (known !== undefined) return known;
    const { name, apiKeyEnv } = settings;
    if (apiKeyEnv !== undefined && means.env[apiKeyEnv] === undefined)
      throw failure(
        'EngineNotConfigured',
        `Expected the environment variable ${apiKeyEnv} to hold the key of pool ${name} (${name}.apiKeyEnv of ${POOLS}), ` +
          'got nothing',
      );
    const keeper = new Keeper({ ...means, pool: settings, cluster: clusterOf(settings), lookEveryMs }, model);
    keepers.set(key, keeper);
    return keeper;
  };
  const served = async (model: ModelRef): Promise<Keeper> => {
    const digest = modelKey(model);
    const folder = uri.checkpoint(digest);
    if (await store.exists(uri.checkpoint(digest, 'adapter_config.json')))
      throw failure(
        'ModelMissing',
        `Expected ${folder} to be a whole checkpoint, got a LoRA adapter: a pool loads none into a base that runs; ` +
          'merge it first',
      );
    const isOne = 'checkpoint' in model && /^[0-9a-f]{64}$/.test(digest);
    if (!isOne || !(await store.exists(uri.checkpoint(digest, 'config.json'))))
      throw failure(
        'ModelMissing',
        `Expected ${folder} to be a checkpoint in the store, got none: train or import it first`,
      );
    return keeperOf(poolFor(readPools(text), model), model);
  };
  return {
    name: POOL,
    shared: true,
    ensure: async (model) => (await served(model)).ensure(),
    look: async (model, load) => (await (await served(model)).look(load)).endpoints,
    async release(model) {
      if (text === undefined || !('checkpoint' in model)) return;
      // Whichever pool served it, by whatever role it was held.
      for (const settings of readPools(text)) await keeperOf(settings, model).release();
    },
    async idle(forMs) {
      if (text === undefined) return [];
      const models = (await pooledModels(store)).map(async ([name, digest]) => {
        const book = new ReplicaBook(store, name, digest);
        const [heldSince, { askedAt }, replicas] = await Promise.all([
          book.heldSince(),
          loadsOf(store, book),
          book.replicas(),
        ]);
        // What a worker that was killed has started after the release is nobody's.
        const isIdle =
          heldSince === undefined
            ? replicas.some(({ ended }) => ended === undefined)
            : Date.now() - Math.max(heldSince, askedAt) >= forMs;
        return isIdle
          ? [{ role: 'candidate', checkpoint: { uri: uri.checkpoint(digest), sha256: digest } } as const]
          : [];
      });
      return (await Promise.all(models)).flat();
    },
    async window() {
      const pools = readPools(text);
      await Promise.all(pools.map((settings) => refuseTooSmall(settings, clusterOf(settings))));
      return windowOf(pools);
    },
  };
}

/** @throws `EngineNotConfigured` for a replica that no node can hold; a cluster that is away refuses nothing. */
async function refuseTooSmall({ name, gpus }: PoolSettings, cluster: Cluster): Promise<void> {
  const has = await cluster.capacity().catch(() => undefined);
  if (has === undefined || gpus <= has.gpusPerNode) return;
  throw failure(
    'EngineNotConfigured',
    `Expected ${name}.gpus of ${POOLS} to be at most ${has.gpusPerNode}, which a node of ${cluster.name} has, got ${gpus}`,
  );
}

/** Options of engines that say how many tokens they take: vLLM's and SGLang's. */
const WINDOW_OPTIONS = ['--max-model-len', '--context-length'];

/** The least that a command says; undefined where none does. */
function windowOf(pools: readonly PoolSettings[]): Window | undefined {
  const told = pools.flatMap(({ name, command }) => {
    const words = command.flatMap((word) => word.split('='));
    const context = Number(words[words.findIndex((word) => WINDOW_OPTIONS.includes(word)) + 1]);
    return Number.isInteger(context) && context > 0 ? [{ context, of: `pool ${name}` }] : [];
  });
  return told.sort((a, b) => a.context - b.context)[0];
}
