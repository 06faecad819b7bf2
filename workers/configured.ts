import path from 'node:path';
import { config, environmentWith } from '../temporal.config.ts';
import { openClusters } from '../activities/clusters/registry.ts';
import type { Cluster } from '../activities/clusters/types.ts';
import type { ArtifactStore } from '../activities/store/types.ts';
import { createServing, type Serving } from '../activities/serving/activities.ts';

/** The clusters of this installation. */
export function configuredClusters(): Cluster[] {
  return openClusters(config.clusters, {
    folder: path.join(config.runDir, 'jobs'),
    root: config.root,
    env: environmentWith({}),
  });
}

/** Serving as this installation is configured; every process of ours that asks models has one. */
export function configuredServing(store: ArtifactStore): Serving {
  const { host, port, context } = config.modelServer;
  return createServing({
    store,
    root: config.root,
    runDir: config.runDir,
    logDir: config.logDir,
    host,
    env: environmentWith({}),
    batcher: {
      command: [
        config.python,
        '-m',
        'trainer.serve',
        ...(context === undefined ? [] : ['--max-context', String(context)]),
      ],
      port,
    },
    serveCommand: config.inference.serveCommand,
    externalEndpoints: config.inference.endpoints,
  });
}
