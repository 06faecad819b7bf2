import { setTimeout as sleep } from 'node:timers/promises';
import type { Usage } from '../../shared/outcomes.ts';
import { RateLimit, type RateLimits, type RequestTokens } from '../../shared/sampling/rateLimit.ts';
import type { Address } from './address.ts';

const rates = new Map<string, RateLimit>();

/** The rate of an address, which all models that this process asks there share: a key has one limit for them, or more. */
export function rateOf({ origin, chat }: Address, limits: RateLimits): RateLimit {
  const where = origin + chat;
  const rate = rates.get(where) ?? new RateLimit();
  rates.set(where, rate);
  rate.change(limits);
  return rate;
}

/** What a server's limits let pass: one request. */
export interface Grant {
  /** The next request that is sent is the one. */
  use(): void;
  /** What it came to, where the server says. */
  came(usage: Usage | undefined): void;
  /** It will not be used any more. */
  end(): void;
}

/** How one model's calls keep to the limits of their server. */
export class Pace {
  readonly #rate: RateLimit | undefined;
  /** Requests that were granted, and are sent now. */
  #granted = 0;

  /** @param rate @default there are no limits */
  constructor(rate: RateLimit | undefined) {
    this.#rate = rate;
  }

  /** Milliseconds until its limits let such a request pass. */
  dueInMs(tokens: RequestTokens, now: number): number {
    return this.#rate?.waitMs(tokens, now) ?? 0;
  }

  /** Counts a request that is to be sent. */
  grant(tokens: RequestTokens, now: number): Grant {
    const tell = this.#rate?.take(tokens, now);
    let isUsed = tell === undefined;
    return {
      use: () => {
        if (!isUsed) this.#granted += 1;
        isUsed = true;
      },
      came: (usage) => usage && tell?.({ prompt: usage.promptTokens, answer: usage.completionTokens }),
      end: () => {
        if (!isUsed) tell?.('not sent');
        isUsed = true;
      },
    };
  }

  /**
   * Returns when a request may be sent. One that was not granted waits for it: a question to find out what the server
   * is, say. @throws the signal's reason.
   */
  async turn(tokens: RequestTokens, signal: AbortSignal | undefined): Promise<void> {
    if (this.#rate === undefined) return;
    if (this.#granted > 0) {
      this.#granted -= 1;
      return;
    }
    for (let ms = this.dueInMs(tokens, Date.now()); ms > 0; ms = this.dueInMs(tokens, Date.now()))
      await sleep(ms, undefined, { signal });
    this.#rate.take(tokens, Date.now());
  }
}
