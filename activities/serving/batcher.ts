import { ensureLocal, type LocalEngineSettings } from './localEngine.ts';
import type { ServingEngine } from './types.ts';

export interface BatcherSettings extends LocalEngineSettings {
  /** Program and arguments; `--checkpoints DIR --port P` follow. Such as `[python, '-m', 'trainer.serve']`. */
  readonly command: readonly string[];
  /** Taken if it is free. @default any free port */
  readonly port?: number;
}

/** The small batching server of trainer/: one process that serves every checkpoint of the store, and stays. */
export function batcher({ command, port, startMs = 120_000, ...local }: BatcherSettings): ServingEngine {
  return {
    name: 'batcher',
    ensure: ensureLocal({ ...local, separates: true }, async () => {
      const checkpoints = await local.store.local('checkpoints');
      return {
        name: 'batcher',
        command: (free) => [...command, '--checkpoints', checkpoints, '--port', String(free)],
        ...(port !== undefined && { port }),
        startMs,
      };
    }),
  };
}
