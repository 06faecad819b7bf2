/** Over so long a time a pace is measured. Ours: long enough for answers that take a minute. */
const OVER_MS = 120_000;

interface Seen {
  readonly atMs: number;
  readonly calls: number;
  readonly tokens: number;
}

/** How fast calls come, by what was counted of them from time to time. A count never falls: who reports it may lag. */
export class Pace {
  readonly #seen: Seen[] = [];

  /** @returns the counts, and both a second; undefined where too little was seen. */
  see(atMs: number, counted: Omit<Seen, 'atMs'>): Omit<Seen, 'atMs'> & { readonly perSecond?: Omit<Seen, 'atMs'> } {
    const last = this.#seen.at(-1);
    const calls = Math.max(counted.calls, last?.calls ?? 0);
    const tokens = Math.max(counted.tokens, last?.tokens ?? 0);
    this.#seen.push({ atMs, calls, tokens });
    while (this.#seen.length > 2 && atMs - (this.#seen[1] as Seen).atMs > OVER_MS) this.#seen.shift();
    const [first] = this.#seen;
    if (first === undefined || first.calls === calls || atMs <= first.atMs) return { calls, tokens };
    const seconds = (atMs - first.atMs) / 1000;
    return {
      calls,
      tokens,
      perSecond: { calls: (calls - first.calls) / seconds, tokens: (tokens - first.tokens) / seconds },
    };
  }
}
