import { modelKey, type ModelRef } from '../../shared/records.ts';
import { onAbort } from './onAbort.ts';
import type { Reply } from './reply.ts';
import { Server } from './server.ts';
import type { EndpointResolver } from './types.ts';

interface ServersOptions {
  readonly resolve: EndpointResolver;
  /**
   * How long a call waits while no server of its model answers, milliseconds.
   * @default 600_000
   */
  readonly patienceMs?: number;
}

/** The right to make one call now. */
export interface Slot {
  readonly kind: 'slot';
  readonly server: Server;
  /** What the server is to learn from the reply; before `release`. */
  learn(reply: Reply, sentAt: number): void;
  release(): void;
}

interface NoServer {
  readonly kind: 'noServer';
  readonly message: string;
}

interface Waiter {
  readonly since: number;
  readonly resolve: (slot: Slot | NoServer) => void;
}

/** Least time between two requests to the serving side for a model that is gone. */
const REFRESH_INTERVAL_MS = 3_000;

/**
 * All servers that this process talks to, by model. Shards share it: a server has one limit, however many shards call
 * it.
 */
export class ModelServers {
  readonly #options: Required<ServersOptions>;
  readonly #models = new Map<string, ModelQueue>();

  constructor(options: ServersOptions) {
    this.#options = { patienceMs: 600_000, ...options };
  }

  of(model: ModelRef): ModelQueue {
    const where = 'endpoint' in model ? `${model.endpoint} ${modelKey(model)}` : modelKey(model);
    let queue = this.#models.get(where);
    if (queue === undefined) {
      queue = new ModelQueue(model, this.#options);
      this.#models.set(where, queue);
    }
    return queue;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#models.values()].map((queue) => queue.close()));
  }
}

/** Calls that wait for a server of one model, first come first served; a call on its way again goes before new ones. */
class ModelQueue {
  readonly #model: ModelRef;
  readonly #options: Required<ServersOptions>;
  #servers: Server[] = [];
  readonly #again = new Set<Waiter>();
  readonly #waiting = new Set<Waiter>();
  #admitted: (() => void)[] = [];
  #max = Infinity;
  #resolving: Promise<void> | undefined;
  /** When it last looked again for servers; the first look says nothing about how long they have been gone. */
  #lookedAgainAt = -Infinity;
  #resolved = false;
  #lastMessage = 'not resolved yet';
  /** Since when no server answers. */
  #darkSince: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(model: ModelRef, options: Required<ServersOptions>) {
    this.#model = model;
    this.#options = options;
  }

  /** Caps every server of the model, for the sets that ask it from now on. */
  limitTo(maxConcurrency: number): void {
    this.#max = maxConcurrency;
    for (const server of this.#servers) server.setMax(Math.min(server.endpoint.maxConcurrency, maxConcurrency));
  }

  /**
   * A slot as soon as a server has one free.
   * @param since when the call first asked for one; `again` for a call that was sent before.
   * @throws the signal's reason.
   */
  slot(since: number, again: boolean, signal: AbortSignal | undefined): Promise<Slot | NoServer> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const waiting = again ? this.#again : this.#waiting;
      const forget = onAbort(signal, () => {
        waiting.delete(waiter);
        reject(signal?.reason as Error);
      });
      const waiter: Waiter = {
        since,
        resolve(slot) {
          waiting.delete(waiter);
          forget();
          resolve(slot);
        },
      };
      waiting.add(waiter);
      this.#pump();
    });
  }

  /**
   * Resolves when new work is welcome: fewer calls wait than the servers can have at once. Keeps memory bounded by
   * concurrency.
   */
  ready(signal: AbortSignal): Promise<void> {
    if (this.#backlog < this.#capacity) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => reject(signal.reason as Error));
      this.#admitted.push(() => {
        forget();
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await Promise.all(this.#servers.map(({ pool }) => pool.destroy()));
  }

  get #backlog(): number {
    return this.#waiting.size + this.#again.size;
  }

  get #capacity(): number {
    const all = this.#servers.reduce((sum, server) => sum + server.capacity, 0);
    return Math.max(8, all);
  }

  #pump(): void {
    if (!this.#resolved) this.#refresh(false);
    const now = Date.now();
    for (;;) {
      const server = this.#freest(now);
      const [waiter] = this.#again.size > 0 ? this.#again : this.#waiting;
      if (server === undefined || waiter === undefined) break;
      server.inFlight += 1;
      waiter.resolve(this.#slotOn(server));
    }
    while (this.#admitted.length > 0 && this.#backlog < this.#capacity) this.#admitted.shift()?.();
    this.#wakeLater(now);
  }

  #freest(now: number): Server | undefined {
    let best: Server | undefined;
    for (const server of this.#servers) if (server.free(now) > (best?.free(now) ?? 0)) best = server;
    return best;
  }

  #slotOn(server: Server): Slot {
    return {
      kind: 'slot',
      server,
      learn: (reply, sentAt) => {
        const now = Date.now();
        server.learn(reply, sentAt, now);
        if (reply.kind !== 'gone' && reply.kind !== 'overloaded') {
          this.#darkSince = undefined;
          return;
        }
        this.#lastMessage = `${server.endpoint.baseUrl}: ${reply.message}`;
        if (reply.kind === 'overloaded') return;
        if (!this.#servers.some(({ answers }) => answers)) this.#darkSince ??= now;
        this.#refresh(true);
      },
      release: () => {
        server.release();
        this.#pump();
      },
    };
  }

  /** Asks the resolver, one request at a time and not too often; what it answers counts from then on. */
  #refresh(refresh: boolean): void {
    if (this.#closed || this.#resolving !== undefined || Date.now() - this.#lookedAgainAt < REFRESH_INTERVAL_MS) return;
    this.#resolving = this.#options
      .resolve(this.#model, { refresh })
      .then((endpoints) => {
        this.#resolved = endpoints.length > 0;
        if (!this.#resolved) throw new Error('no endpoint serves it');
        const kept = new Map(this.#servers.map((server) => [server.endpoint.baseUrl, server]));
        this.#servers = endpoints.map(
          (endpoint) =>
            kept.get(endpoint.baseUrl) ?? new Server(endpoint, Math.min(endpoint.maxConcurrency, this.#max)),
        );
        for (const server of kept.values()) {
          if (this.#servers.includes(server)) server.retryNow();
          else server.retire();
        }
      })
      .catch((error: unknown) => {
        this.#resolved = this.#servers.length > 0;
        this.#lastMessage = (error as Error).message;
        if (this.#servers.length === 0) this.#darkSince ??= Date.now();
      })
      .finally(() => {
        this.#resolving = undefined;
        if (refresh || !this.#resolved) this.#lookedAgainAt = Date.now();
        if (!this.#closed) this.#pump();
      });
  }

  /**
   * While calls wait and no server is free by itself: look again when a pause ends, and give up on calls that waited
   * too long.
   */
  #wakeLater(now: number): void {
    if (this.#timer !== undefined || this.#backlog === 0 || this.#closed) return;
    const pauses = this.#servers.map(({ pausedUntil }) => pausedUntil - now).filter((ms) => ms > 0);
    if (pauses.length === 0 && this.#darkSince === undefined && this.#servers.length > 0) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        this.#giveUp();
        if (this.#darkSince !== undefined) this.#refresh(true);
        this.#pump();
      },
      Math.min(1000, ...pauses) + 1,
    );
  }

  #giveUp(): void {
    if (this.#darkSince === undefined) return;
    const before = Date.now() - this.#options.patienceMs;
    if (this.#darkSince > before) return;
    const message =
      `no server of model ${modelKey(this.#model)} answered for ` +
      `${Math.round(this.#options.patienceMs / 1000)} s; last: ${this.#lastMessage}`;
    for (const waiter of [...this.#again, ...this.#waiting])
      if (waiter.since <= before) waiter.resolve({ kind: 'noServer', message });
  }
}
