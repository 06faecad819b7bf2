import { uri } from '../../shared/ids.ts';
import { modelKey } from '../../shared/records.ts';
import { failure } from '../failure.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { Endpoint } from '../inference/types.ts';
import type { LocalServers, ServerPlan } from './localServers.ts';
import type { ServingEngine } from './types.ts';

/** Calls that a server may have at once. */
const MAX_CONCURRENCY = 128;

/** What an engine needs whose servers are processes of this machine. */
export interface LocalEngineSettings {
  readonly store: ArtifactStore;
  readonly servers: LocalServers;
  /** Milliseconds until a server's first answer. @default the engine's own */
  readonly startMs?: number;
}

/**
 * @param settings `separates`, `sharesAtOnce`: as an `Endpoint`'s.
 * @param plan the server of a checkpoint, by its digest.
 */
export function ensureLocal(
  { store, servers, separates, sharesAtOnce }: LocalEngineSettings & Pick<Endpoint, 'separates' | 'sharesAtOnce'>,
  plan: (checkpoint: string) => ServerPlan | Promise<ServerPlan>,
): ServingEngine['ensure'] {
  return async (asked) => {
    const model = modelKey(asked);
    if (!/^[0-9a-f]{64}$/.test(model) || !(await store.exists(uri.checkpoint(model, 'config.json')))) {
      throw failure(
        'ModelMissing',
        `Expected ${uri.checkpoint(model)} to be a checkpoint in the store, got none: train or import it first`,
      );
    }
    const { host, port } = await servers.running(await plan(model)).catch((error: Error) => {
      throw failure('ModelServerFailed', error.message, { cause: error });
    });
    const has = { ...(separates && { separates }), ...(sharesAtOnce && { sharesAtOnce }) };
    return [{ baseUrl: `http://${host}:${port}/v1`, model, maxConcurrency: MAX_CONCURRENCY, ...has }];
  };
}
