import { config, environmentWith } from '../temporal.config.ts';
import type { ArtifactStore } from '../activities/store/files.ts';
import { createServing, type Serving } from '../activities/serving/activities.ts';

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
