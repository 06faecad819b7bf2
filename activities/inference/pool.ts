import type { Server } from './server.ts';
import type { Endpoint } from './types.ts';

/** Calls that servers may have at once; a few are welcome before any is known. */
export const capacityOf = (servers: readonly Server[]): number =>
  Math.max(
    8,
    servers.reduce((sum, { capacity }) => sum + capacity, 0),
  );

/** The one that may have most further calls; undefined where none may have any. */
export function freest(servers: readonly Server[], now: number): Server | undefined {
  let best: Server | undefined;
  for (const server of servers) if (server.free(now) > (best?.free(now) ?? 0)) best = server;
  return best;
}

/** The servers of these endpoints: those that there are, and what is made for the others. Those that are gone retire. */
export function replaced(
  servers: readonly Server[],
  endpoints: readonly Endpoint[],
  make: (endpoint: Endpoint) => Server,
): Server[] {
  const kept = new Map(servers.map((server) => [server.endpoint.baseUrl, server]));
  const now = endpoints.map((endpoint) => kept.get(endpoint.baseUrl) ?? make(endpoint));
  for (const server of servers) {
    if (now.includes(server)) server.retryNow();
    else server.retire();
  }
  return now;
}
