import path from 'node:path';
import { uri } from '../../shared/ids.ts';
import { ensureLocal, type LocalEngineSettings } from './localEngine.ts';
import type { ServingEngine } from './types.ts';

export interface BatcherSettings extends LocalEngineSettings {
  /** Program and arguments; `--checkpoints DIR --port P` follow. Such as `[python, '-m', 'trainer.serve']`. */
  readonly command: readonly string[];
  /** Taken if it is free. @default any free port */
  readonly port?: number;
  /** Tokens of prompt and answer together. @default as many as calls need and the model takes */
  readonly context?: number | undefined;
}

/** What a model like the rehearsal's holds unless it is told more: trainer/serving/batch.py has the same. */
const SMALL = { positions: 1024, context: 512 };

/** The small batching server of trainer/: one process that serves every checkpoint of the store, and stays. */
export function batcher({ command, port, context, startMs = 120_000, ...local }: BatcherSettings): ServingEngine {
  return {
    name: 'batcher',
    ensure: ensureLocal({ ...local, separates: true, sharesAtOnce: true }, async (model) => {
      // Of a store elsewhere a copy, which has what is served and no more.
      const checkpoints = path.dirname(await local.store.local(uri.checkpoint(model)));
      return {
        name: 'batcher',
        command: (free) => [
          ...command,
          ...(context === undefined ? [] : ['--max-context', String(context)]),
          '--checkpoints',
          checkpoints,
          '--port',
          String(free),
        ],
        ...(port !== undefined && { port }),
        startMs,
      };
    }),
    window: (base) => {
      const positions = base?.context ?? Infinity;
      if (context !== undefined && context < positions)
        return Promise.resolve({ context, of: 'FLYWHEEL_MODEL_CONTEXT' });
      if (base?.context === undefined) return Promise.resolve(undefined);
      const most = context === undefined && positions <= SMALL.positions ? SMALL.context : positions;
      return Promise.resolve({ context: Math.min(most, positions), of: 'the bundled server, of this base' });
    },
  };
}
