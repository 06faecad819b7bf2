import path from 'node:path';
import { config, environmentWith } from '../temporal.config.ts';
import { openClusters } from '../activities/clusters/registry.ts';
import type { Cluster } from '../activities/clusters/types.ts';
import type { ArtifactStore } from '../activities/store/types.ts';
import { batcher } from '../activities/serving/batcher.ts';
import { command } from '../activities/serving/command.ts';
import { external } from '../activities/serving/external.ts';
import { LocalServers } from '../activities/serving/localServers.ts';
import { Serving } from '../activities/serving/serving.ts';

/** The clusters of this installation. */
export function configuredClusters(): Cluster[] {
  return openClusters(config.clusters, {
    folder: path.join(config.runDir, 'jobs'),
    root: config.root,
    env: environmentWith({}),
  });
}

/** The model servers of this machine. */
export function configuredServers(): LocalServers {
  return new LocalServers({
    folder: path.join(config.runDir, 'servers'),
    logDir: config.logDir,
    host: config.modelServer.host,
    root: config.root,
    env: environmentWith({}),
  });
}

/** Serving as this installation is configured; every process of ours that asks models has one. */
export function configuredServing(store: ArtifactStore): Serving {
  const { port, context } = config.modelServer;
  const local = { store, servers: configuredServers() };
  const served = [config.python, '-m', 'trainer.serve', ...(context ? ['--max-context', String(context)] : [])];
  return new Serving({
    folder: path.join(config.runDir, 'holds'),
    engines: [
      batcher({ ...local, command: served, port }),
      command({ ...local, command: config.inference.serveCommand }),
      external({ endpoints: config.inference.endpoints, env: environmentWith({}) }),
    ],
  });
}
