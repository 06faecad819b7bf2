import { modelKey, type ModelRef } from '../../shared/records.ts';
import type { RequestTokens } from '../../shared/sampling/rateLimit.ts';
import { Alarm } from './alarm.ts';
import { Trust } from './identity.ts';
import { onAbort } from './onAbort.ts';
import type { Grant } from './pace.ts';
import type { Reply } from './reply.ts';
import { Server, shortQuestion } from './server.ts';
import {
  outOfPatience,
  type NoSlot,
  type QueueOptions,
  type Slot,
  type Waiter,
  type Waiting,
  type Wish,
} from './slots.ts';

/** Least time between two requests to the serving side for a model that is gone: a quarter of the time that it is. */
const REFRESH_MS = { least: 3_000, most: 20_000 };

/** Calls that wait for a server of one model, first come first served; a call on its way again goes before new ones. */
export class ModelQueue {
  readonly #model: ModelRef;
  readonly #options: QueueOptions;
  readonly #trust: Trust;
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
  /** Nothing but a person can say where the model is served. */
  #hopeless = false;
  /** Since when no server answers. */
  #darkSince: number | undefined;
  readonly #alarm = new Alarm(() => this.#woken());
  #closed = false;

  constructor(model: ModelRef, options: QueueOptions) {
    this.#model = model;
    this.#options = options;
    this.#trust = new Trust(model, options.identity, (server, failure, askedAt) =>
      failure === undefined ? this.#answered() : this.#learn(server, failure, askedAt, true),
    );
  }

  /** Caps every server of the model, for the sets that ask it from now on. */
  limitTo(maxConcurrency: number): void {
    this.#max = maxConcurrency;
    for (const server of this.#servers) server.setMax(Math.min(server.endpoint.maxConcurrency, maxConcurrency));
  }

  /** When a server last gave an answer, to whatever call. */
  get answeredAt(): number {
    return Math.max(0, ...this.#servers.map(({ answeredAt }) => answeredAt));
  }

  /** Undefined while a server answers. */
  get waiting(): Waiting | undefined {
    if (this.#darkSince === undefined || this.#backlog === 0) return undefined;
    return { since: new Date(this.#darkSince).toISOString(), last: this.#lastMessage };
  }

  /**
   * A slot as soon as a server has one free.
   * @throws the signal's reason.
   */
  slot(wish: Wish, signal: AbortSignal | undefined): Promise<Slot | NoSlot> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const waiting = wish.again ? this.#again : this.#waiting;
      const forget = onAbort(signal, () => {
        waiting.delete(waiter);
        reject(signal?.reason as Error);
      });
      const waiter: Waiter = {
        ...wish,
        resolve(slot) {
          waiting.delete(waiter);
          forget();
          resolve(slot);
        },
      };
      waiting.add(waiter);
      this.#pump(); // looks again where it is served: somebody may have mended it
      if (waiting.has(waiter)) this.#giveUp(waiter);
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
    this.#alarm.off();
    await Promise.all(this.#servers.map((server) => server.close()));
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
    for (const server of this.#backlog > 0 ? this.#servers : [])
      if (!server.trusted && now >= server.pausedUntil && server.checking === undefined)
        void this.#trust.check(server).finally(() => this.#pump());
    for (let waiter = this.#next; waiter !== undefined; waiter = this.#next) {
      const server = this.#freest(waiter.tokens, now);
      if (server === undefined) break;
      server.inFlight += 1;
      waiter.resolve(this.#slotOn(server, server.pace.grant(waiter.tokens, now)));
    }
    while (this.#admitted.length > 0 && this.#backlog < this.#capacity) this.#admitted.shift()?.();
    this.#wakeLater(now);
  }

  get #next(): Waiter | undefined {
    const [waiter] = this.#again.size > 0 ? this.#again : this.#waiting;
    return waiter;
  }

  #freest(tokens: RequestTokens, now: number): Server | undefined {
    let best: Server | undefined;
    for (const server of this.#servers)
      if (server.free(now) > (best?.free(now) ?? 0) && server.pace.dueInMs(tokens, now) === 0) best = server;
    return best;
  }

  #slotOn(server: Server, grant: Grant): Slot {
    return {
      kind: 'slot',
      server,
      ask: async (bodyOf, limit, signal, onPart) => {
        const sentAt = Date.now();
        grant.use();
        const reply = await this.#trust.ask(server, bodyOf, limit, signal, onPart);
        if (reply.kind === 'answer') grant.came(reply.usage);
        this.#learn(server, reply, sentAt);
        return reply;
      },
      answersSince: async (time, signal) => {
        if (server.answers && this.answeredAt > time) return true;
        const sentAt = Date.now();
        const reply = await this.#trust.ask(server, shortQuestion(server.endpoint.model), 1, signal);
        this.#learn(server, reply, sentAt, true);
        return server.answers;
      },
      unproven: (takeBack) => {
        if (server.provable) server.unproven.push(takeBack);
      },
      release: () => {
        grant.end();
        server.release();
        this.#pump();
      },
    };
  }

  /** Whether there is nothing for `prove` to do. */
  get isProven(): boolean {
    return this.#servers.every((server) => server.unproven.length === 0);
  }

  /** Checks every server that gave answers since it was last checked: of another model's none stands afterwards. */
  async prove(): Promise<void> {
    const unproven = this.#servers.filter((server) => server.unproven.length > 0);
    await Promise.all(unproven.map((server) => this.#trust.check(server)));
  }

  #answered(): void {
    this.#darkSince = undefined;
  }

  #learn(server: Server, reply: Reply, sentAt: number, short = false): void {
    const now = Date.now();
    server.learn(reply, sentAt, now, short);
    if (reply.kind === 'answer' || reply.kind === 'refused') {
      this.#answered();
      return;
    }
    this.#lastMessage = `${server.endpoint.baseUrl}: ${reply.message}`;
    // It may have been started again, and with another model.
    const left =
      reply.kind === 'gone' || reply.cause === 'cut' || (reply.kind === 'overloaded' && reply.status !== 429);
    if (left && this.#options.identity !== undefined) server.distrust();
    if (this.#servers.every(({ trouble }) => trouble !== undefined)) this.#darkSince ??= now;
    if (!server.answers) this.#refresh(true);
  }

  /** Asks the resolver, one request at a time and not too often; what it answers counts from then on. */
  #refresh(refresh: boolean): void {
    const now = Date.now();
    const pause = Math.min(REFRESH_MS.most, Math.max(REFRESH_MS.least, (now - (this.#darkSince ?? now)) / 4));
    if (this.#closed || this.#resolving !== undefined || now - this.#lookedAgainAt < pause) return;
    this.#resolving = this.#options
      .resolve(this.#model, { refresh })
      .then((endpoints) => {
        this.#resolved = endpoints.length > 0;
        this.#hopeless = false;
        if (!this.#resolved) throw new Error('no endpoint serves it');
        const kept = new Map(this.#servers.map((server) => [server.endpoint.baseUrl, server]));
        this.#servers = endpoints.map(
          (endpoint) =>
            kept.get(endpoint.baseUrl) ??
            new Server(endpoint, Math.min(endpoint.maxConcurrency, this.#max), this.#options.identity === undefined),
        );
        for (const server of kept.values()) {
          if (this.#servers.includes(server)) server.retryNow();
          else server.retire();
        }
      })
      .catch((error: unknown) => {
        this.#resolved = this.#servers.length > 0;
        this.#lastMessage = (error as Error).message;
        if (this.#servers.length > 0) return;
        this.#hopeless = (error as { readonly nonRetryable?: unknown }).nonRetryable === true;
        this.#darkSince ??= Date.now();
      })
      .finally(() => {
        this.#resolving = undefined;
        if (refresh || !this.#resolved) this.#lookedAgainAt = Date.now();
        if (!this.#closed) this.#pump();
      });
  }

  /**
   * While calls wait and no server is free by itself: look again when a pause ends or its limits let one pass, and give
   * up on calls that waited too long.
   */
  #wakeLater(now: number): void {
    const next = this.#next;
    if (next === undefined || this.#closed) return;
    const waits = this.#servers
      .flatMap((server) => [server.pausedUntil - now, server.pace.dueInMs(next.tokens, now)])
      .filter((ms) => ms > 0);
    if (waits.length === 0 && this.#darkSince === undefined && this.#servers.length > 0) return;
    this.#alarm.ringBy(now + Math.min(1000, ...waits) + 1);
  }

  #woken(): void {
    for (const waiter of [...this.#again, ...this.#waiting]) this.#giveUp(waiter);
    if (this.#darkSince !== undefined && this.#servers.every(({ answers }) => !answers)) this.#refresh(true);
    this.#pump();
  }

  /** Tells a call that it waited for long enough, or that waiting is of no use, if so. */
  #giveUp(waiter: Waiter): void {
    if (this.#darkSince === undefined) return;
    const { since, patienceMs = this.#options.patienceMs } = waiter;
    const over = outOfPatience({
      since: Math.max(since, this.#darkSince),
      patienceMs,
      servers: this.#servers,
      hopeless: this.#hopeless && this.#resolving === undefined,
      now: Date.now(),
    });
    if (over === undefined) return;
    const message = `no server of model ${modelKey(this.#model)} answered${over}; last: ${this.#lastMessage}`;
    waiter.resolve({ kind: 'noServer', cause: this.#servers.at(-1)?.trouble?.cause ?? 'outage', message });
  }
}
