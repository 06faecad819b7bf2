/**
 * What waits for each signal. Hundreds of calls share a shard's signal, and its own list of listeners is searched from
 * end to end for every one that comes or goes.
 */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

/** Runs `react` when the signal aborts. @returns what to call when that no longer matters. */
export function onAbort(signal: AbortSignal | undefined, react: () => void): () => void {
  if (signal === undefined) return () => undefined;
  let reactions = waiting.get(signal);
  if (reactions === undefined) {
    const all = new Set<() => void>();
    signal.addEventListener('abort', () => all.forEach((one) => one()), { once: true });
    waiting.set(signal, all);
    reactions = all;
  }
  const joined = reactions.add(react);
  return () => void joined.delete(react);
}
