/**
 * Which of several servers a prompt is asked of, so that its prefix is read once: by the highest of the hashes of prompt
 * and server (rendezvous hashing; Thaler and Ravishankar 1998). All who know the same servers agree without a word, and
 * a server that comes or goes moves the prompts of its own share only.
 * @param id a server's name, the same for everybody.
 * @returns the servers, the prompt's home first.
 */
export function rankedFor<T>(digest: string, servers: readonly T[], id: (server: T) => string): T[] {
  return servers
    .map((server) => ({ server, score: hash(`${digest}@${id(server)}`), id: id(server) }))
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .map(({ server }) => server);
}

/**
 * How much fuller than the mean a server may be and still be a prompt's home (bounded loads; Mirrokni, Thorup and
 * Zadimoghaddam 2018), and the share of its capacity up to which nobody asks. Both figures are ours.
 */
const BOUND = 1.25;
const EASY_SHARE = 0.5;

/** Whether a server has so much more to do than the others that even its own prompts go to another. */
export function isOverfull(
  { inFlight, capacity }: { readonly inFlight: number; readonly capacity: number },
  all: { readonly inFlight: number; readonly servers: number },
): boolean {
  const mean = (all.inFlight + 1) / all.servers;
  return inFlight >= Math.max(Math.floor(capacity * EASY_SHARE), Math.ceil(BOUND * mean));
}

/** How much fuller than another a prompt's home is before calls leave it whose prompt has been read there. Ours. */
const LEAVES_AT = 2;

/** Whether a call whose prompt has been read at one server is better off at another, where it has not. */
export function isBetterOff(home: { readonly inFlight: number }, other: { readonly inFlight: number }): boolean {
  return home.inFlight > LEAVES_AT * other.inFlight;
}

/** 32 bits: FNV-1a, mixed once more, since servers' names differ in their last characters alone. */
function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) state = Math.imul(state ^ text.charCodeAt(at), 0x01000193);
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
