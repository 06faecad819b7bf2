import type { CheckpointModel } from '../../../shared/records.ts';
import { Identity } from '../../inference/identity.ts';
import { Server } from '../../inference/server.ts';
import type { Endpoint } from '../../inference/types.ts';
import type { ArtifactStore } from '../../store/types.ts';

/** Longest that a server that is well takes to say so. Ours. */
const HEALTH_MS = 5_000;

/** Whether a replica answers `GET /health`. */
export async function isHealthy(baseUrl: string): Promise<boolean> {
  try {
    const response = await fetch(new URL('/health', baseUrl), { signal: AbortSignal.timeout(HEALTH_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // refused, cut off or late: the caller decides what that means
  }
}

/**
 * Whether a healthy replica serves the model: by its list of models and by what it makes of fixed prompts, since
 * llama-server answers to any name. `not yet` of one that does not answer questions so far.
 */
export async function serves(
  store: ArtifactStore,
  endpoint: Endpoint,
  model: CheckpointModel,
): Promise<{ readonly kind: 'yes' | 'not yet' } | { readonly kind: 'another'; readonly words: string }> {
  const server = new Server(endpoint, 1);
  try {
    const found = await new Identity(store).check(server, model);
    if (found.kind === 'known') return { kind: 'yes' };
    return found.cause === 'wrong model' ? { kind: 'another', words: found.message } : { kind: 'not yet' };
  } finally {
    await server.close();
  }
}
