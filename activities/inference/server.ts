import { Pool } from 'undici';
import {
  afterAnswer,
  afterOverload,
  afterReturn,
  startLimit,
  type ConcurrencyLimit,
} from '../../shared/sampling/concurrency.ts';
import type { HttpServer } from './http.ts';
import type { Reply } from './reply.ts';
import type { Endpoint } from './types.ts';

/** Pauses after a server was gone or refused for load without saying for how long: first, and at most. Ours. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** Longest `Retry-After` that is honoured: a server that wants longer is asked again then. Ours. */
const LONGEST_RETRY_AFTER_MS = 120_000;

/** One endpoint as the engine sees it: its connections, how many calls it may have, and whether it answers. */
export class Server implements HttpServer {
  readonly endpoint: Endpoint;
  readonly pool: Pool;
  readonly path: string;
  readonly headers: Record<string, string>;
  inFlight = 0;
  /** No call before this time. */
  pausedUntil = 0;
  #retired = false;
  #limit: ConcurrencyLimit;
  /** False while it is gone or only refuses: nothing it has said lately was an answer. */
  answers = true;
  #setbacks = 0;

  constructor(endpoint: Endpoint, maxConcurrency: number) {
    this.endpoint = endpoint;
    this.#limit = startLimit(maxConcurrency);
    const url = new URL(endpoint.baseUrl);
    // One call per connection; no timeout but the caller's, since an answer may take an hour before its first byte.
    this.pool = new Pool(url.origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: 10_000 },
    });
    this.path = `${url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1/chat/completions`;
    this.headers = {
      'content-type': 'application/json',
      ...(endpoint.apiKey === undefined ? {} : { authorization: `Bearer ${endpoint.apiKey}` }),
    };
  }

  /** Calls it may have at once now. */
  get capacity(): number {
    return this.answers ? Math.floor(this.#limit.limit) : 1;
  }

  free(now: number): number {
    return now < this.pausedUntil ? 0 : this.capacity - this.inFlight;
  }

  setMax(max: number): void {
    this.#limit = { ...this.#limit, max, limit: Math.min(this.#limit.limit, max) };
  }

  learn(reply: Reply, sentAt: number, now: number): void {
    switch (reply.kind) {
      case 'answer':
      case 'refused':
        this.#limit = this.answers ? afterAnswer(this.#limit, this.inFlight) : afterReturn(this.#limit);
        this.answers = true;
        this.#setbacks = 0;
        return;
      case 'broken':
        if (reply.overload) this.#limit = afterOverload(this.#limit, { sentAt, inFlight: this.inFlight }, now);
        return;
      case 'overloaded': {
        const known = sentAt <= this.#limit.decreasedAt;
        this.#limit = afterOverload(this.#limit, { sentAt, inFlight: this.inFlight }, now);
        this.#pause(reply.retryAfterMs, known, now);
        return;
      }
      case 'gone':
        this.answers = false;
        this.#pause(undefined, sentAt < this.pausedUntil, now);
    }
  }

  /** A call has ended. */
  release(): void {
    this.inFlight -= 1;
    if (this.#retired) this.retire();
  }

  /** It is no longer among the resolver's endpoints, and gets nothing new: its connections end with its last call. */
  retire(): void {
    this.#retired = true;
    if (this.inFlight === 0) void this.pool.close();
  }

  /** It may have been started again: find out now. */
  retryNow(): void {
    if (!this.answers) this.pausedUntil = 0;
  }

  #pause(askedMs: number | undefined, known: boolean, now: number): void {
    if (askedMs !== undefined) {
      this.pausedUntil = Math.max(this.pausedUntil, now + Math.min(askedMs, LONGEST_RETRY_AFTER_MS));
      return;
    }
    if (known) return;
    const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#setbacks, 10));
    this.#setbacks += 1;
    this.pausedUntil = Math.max(this.pausedUntil, now + pause * (0.5 + Math.random()));
  }
}
