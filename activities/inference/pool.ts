import { isOverfull } from '../../shared/sampling/rendezvous.ts';
import type { Server } from './server.ts';
import type { Endpoint } from './types.ts';

/** Calls that servers may have at once; a few are welcome before any is known. */
export const capacityOf = (servers: readonly Server[]): number =>
  Math.max(
    8,
    servers.reduce((sum, { capacity }) => sum + capacity, 0),
  );

/**
 * Those that may have further calls, the one that may have most first; of several only such as have not much more to do
 * than the others.
 */
export function freest(servers: readonly Server[], now: number): Server[] {
  const all = { inFlight: servers.reduce((sum, { inFlight }) => sum + inFlight, 0), servers: servers.length };
  const free = servers.filter((server) => server.free(now) > 0).sort((a, b) => b.free(now) - a.free(now));
  const even = servers.length > 1 ? free.filter((server) => !isOverfull(server, all)) : free;
  return even.length > 0 ? even : free;
}

/**
 * The servers of these endpoints: those that there are, and what is made for the others. Those that are gone retire.
 * @param retry whether one that does not answer may have been started again.
 */
export function replaced(
  servers: readonly Server[],
  endpoints: readonly Endpoint[],
  retry: boolean,
  make: (endpoint: Endpoint) => Server,
): Server[] {
  const kept = new Map(servers.map((server) => [server.endpoint.baseUrl, server]));
  const now = endpoints.map((endpoint) => kept.get(endpoint.baseUrl) ?? make(endpoint));
  for (const server of servers) {
    if (!now.includes(server)) server.retire();
    else if (retry) server.retryNow();
  }
  return now;
}
