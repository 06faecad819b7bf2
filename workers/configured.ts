import path from 'node:path';
import { domains } from '../domains/index.ts';
import { config, environmentWith } from '../temporal.config.ts';
import { basesByTrainer, type Bases } from '../activities/imports/bases.ts';
import { roomOf } from '../activities/processes/disk.ts';
import { openClusters } from '../activities/clusters/registry.ts';
import type { Cluster } from '../activities/clusters/types.ts';
import type { Surroundings } from '../activities/laps/facts.ts';
import type { Choices } from '../activities/laps/refusals.ts';
import { projectEngines } from '../activities/training/engines.ts';
import type { ArtifactStore } from '../activities/store/types.ts';
import { checkpointThinking } from '../activities/store/thinking.ts';
import { prefixOf, uri } from '../shared/ids.ts';
import { batcher } from '../activities/serving/batcher.ts';
import { command } from '../activities/serving/command.ts';
import { external } from '../activities/serving/external.ts';
import { pool } from '../activities/serving/pool/pool.ts';
import { gpusOfPools, POOL } from '../activities/serving/pool/settings.ts';
import { LocalServers } from '../activities/serving/localServers.ts';
import { Serving } from '../activities/serving/serving.ts';

/**
 * What processes of this machine start with. Python ones find `trainer`, have one thread each that does not spin (on
 * shared cores anything else is 5–10 times slower), and no model hubs.
 */
const named = {
  PYTHONPATH: config.root,
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  OMP_WAIT_POLICY: 'PASSIVE',
  TOKENIZERS_PARALLELISM: 'false',
  HF_HUB_OFFLINE: '1',
  PYTHONUNBUFFERED: '1',
  ...config.storeEnvironment,
};
const machine = { root: config.root, env: environmentWith(named), named };

/** What looks at bases, and fetches them from a hub: the one process of ours that may ask one. */
export function configuredBases(): Bases {
  const env = environmentWith({ PYTHONPATH: config.root, OMP_NUM_THREADS: '1', PYTHONUNBUFFERED: '1' });
  return basesByTrainer({ python: config.python, root: config.root, env });
}

/** What a lap's input is read against; every process of ours reads it alike. */
export function configuredSurroundings(serving: Serving) {
  const windowOf: Surroundings['windowOf'] = (engine, base) => serving.window(engine, base);
  return { root: config.root, domains, windowOf, free: freeRoom };
}

/** What a lap may choose from on this machine. */
export function configuredChoices(serving: Serving): Choices {
  return {
    clusters: configuredClusters(),
    servingEngines: serving.engines,
    servingGpus: (engine) => (engine === POOL ? gpusOfPools(config.inference.pools) : undefined),
    trainingEngines: projectEngines(config.python),
    rewardUrl: config.rewardService.publicUrl,
  };
}

async function freeRoom() {
  const found = await roomOf(config.stateDir);
  return found && { bytes: found.bytes, of: config.stateDir };
}

/** The trainer's Python, for what is asked of it beside jobs and servers. */
export const pythonOfTrainer = () => ({ python: config.python, root: machine.root, env: machine.env });

/** The clusters of this installation. */
export function configuredClusters(): Cluster[] {
  return openClusters(config.clusters, { ...machine, folder: path.join(config.runDir, 'jobs') });
}

/** The same clusters, for replicas of pools: what they keep of these lies apart from trainings'. */
export function poolClusters(): Cluster[] {
  return openClusters(config.clusters, { ...machine, folder: path.join(config.runDir, 'replicas') });
}

/** The model servers of this machine. */
export function configuredServers(): LocalServers {
  return new LocalServers({
    ...machine,
    folder: path.join(config.runDir, 'servers'),
    logDir: config.logDir,
    host: config.modelServer.host,
  });
}

/** Serving as this installation is configured; every process of ours that asks models has one. */
export function configuredServing(store: ArtifactStore): Serving {
  const { port, context } = config.modelServer;
  const local = { store, servers: configuredServers() };
  return new Serving({
    folder: path.join(config.runDir, 'holds'),
    shared: store,
    thinking: (checkpoint) => checkpointThinking(store, prefixOf(uri.checkpoint(checkpoint))),
    engines: [
      batcher({ ...local, command: [config.python, '-m', 'trainer.serve'], port, context }),
      command({ ...local, command: config.inference.serveCommand }),
      external({ ...config.inference, env: machine.env }),
      pool({ store, pools: config.inference.pools, clusters: poolClusters, python: config.python, env: machine.env }),
    ],
  });
}
