import type { StubOptions } from './options.ts';

interface Counted {
  readonly at: number;
  readonly tokens: number;
}

/**
 * Counts as hosted servers do: requests of the last minute and of the last second, of which each has its share; tokens
 * of the last minute, a request's being its prompt's and all that its answer may have. What is refused does not count.
 */
export class HostedLimits {
  #counted: Counted[] = [];

  /** Seconds after which a request may come again that is over a limit now; undefined where it is not. */
  refuses(tokens: number, options: Pick<StubOptions, 'requestsPerMinute' | 'tokensPerMinute'>): number | undefined {
    const { requestsPerMinute, tokensPerMinute } = options;
    if (requestsPerMinute === 0 && tokensPerMinute === 0) return undefined;
    const now = Date.now();
    this.#counted = this.#counted.filter(({ at }) => at > now - 60_000);
    const lately = this.#counted.filter(({ at }) => at > now - 1_000).length;
    if (requestsPerMinute > 0) {
      if (lately >= Math.ceil(requestsPerMinute / 60)) return 1;
      if (this.#counted.length >= requestsPerMinute) return 60;
    }
    const sum = this.#counted.reduce((all, one) => all + one.tokens, tokens);
    if (tokensPerMinute > 0 && sum > tokensPerMinute) return 60;
    this.#counted.push({ at: now, tokens });
    return undefined;
  }
}
