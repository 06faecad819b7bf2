import type { Priority } from '@temporalio/common';
import type { ModelRef } from '../../shared/records.ts';
import { isBetterOff } from '../../shared/sampling/rendezvous.ts';
import { Alarm } from './alarm.ts';
import { Door } from './door.ts';
import { measureQueue, type QueueStanding } from './gauges.ts';
import { Trust } from './identity.ts';
import { Line } from './line.ts';
import { onAbort } from './onAbort.ts';
import type { Grant } from './pace.ts';
import type { Reply } from './reply.ts';
import { capacityOf, freest, replaced } from './pool.ts';
import { Server, shortQuestion } from './server.ts';
import type { Endpoint } from './types.ts';
import { ServerWatch } from './watch.ts';
import {
  noSlot,
  outOfPatience,
  type NoSlot,
  type PromptTurn,
  type QueueOptions,
  type Slot,
  type Waiter,
  type Waiting,
  type Wish,
} from './slots.ts';

/** Least time between two requests to the serving side for a model that is gone: a quarter of the time that it is. */
const REFRESH_MS = { least: 3_000, most: 20_000 };

/**
 * Calls that wait for a server of one model: laps take turns, and within one the first that came goes first; a call on
 * its way again goes before new ones.
 */
export class ModelQueue {
  readonly #model: ModelRef;
  readonly #options: QueueOptions;
  readonly #trust: Trust;
  #servers: Server[] = [];
  readonly #line = new Line(() => this.#pump());
  readonly #door = new Door(
    () => this.#line.load < capacityOf(this.#servers),
    (outside) => this.#line.neediest(outside),
  );
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
  /** Of servers that come and go by themselves. */
  readonly #watch: ServerWatch;
  #closed = false;
  readonly #unmeasured = measureQueue(this);

  constructor(model: ModelRef, options: QueueOptions) {
    this.#model = model;
    this.#options = options;
    this.#trust = new Trust(model, options.identity, (server, failure, askedAt) =>
      failure === undefined ? this.#answered() : this.#learn(server, failure, askedAt, true),
    );
    this.#watch = new ServerWatch({
      servers: () => this.#servers,
      waiting: () => this.#line.size,
      look: async (load) => {
        const endpoints = await options.resolve(model, { refresh: false, load });
        if (this.#closed || endpoints.length === 0) return;
        this.#serveBy(endpoints, false);
        this.#pump();
      },
    });
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
    if (this.#darkSince === undefined || this.#line.size === 0) return undefined;
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
      const forget = onAbort(signal, () => {
        this.#line.delete(waiter);
        reject(signal?.reason as Error);
      });
      const waiter: Waiter = {
        ...wish,
        resolve: (slot) => {
          this.#line.delete(waiter);
          forget();
          resolve(slot);
        },
      };
      this.#line.add(waiter, capacityOf(this.#servers));
      this.#pump(); // looks again where it is served: somebody may have mended it
      if (this.#line.has(waiter)) this.#giveUp(waiter);
    });
  }

  /**
   * Resolves when new work is welcome: fewer calls wait than the servers can have at once. Keeps memory bounded by
   * concurrency.
   * @param together whether the work is several calls at once.
   * @param part whose it is. @throws the signal's reason.
   */
  ready(signal: AbortSignal, together = false, part?: Priority): Promise<void> {
    return this.#door.enter(signal, together, part);
  }

  /**
   * A call's turn among all that have its prompt and are made now; it is to be ended. Undefined where it makes no
   * difference which goes first.
   */
  join(prompt: string): PromptTurn | undefined {
    const isSame = this.#servers.length > 0 && this.#servers.every(({ endpoint }) => endpoint.sharesAtOnce === true);
    return isSame ? undefined : this.#line.join(prompt);
  }

  /** How it stands now, in figures. */
  get standing(): QueueStanding {
    const now = Date.now();
    const isDark = this.#darkSince !== undefined && this.#line.size > 0;
    return {
      role: this.#model.role,
      waiting: this.#line.size,
      darkMs: isDark ? now - (this.#darkSince as number) : 0,
      servers: this.#servers.map((server) => ({
        at: server.address.origin,
        inFlight: server.inFlight,
        limit: server.capacity,
        answers: server.answers,
        backoffMs: Math.max(0, server.pausedUntil - now),
      })),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#unmeasured();
    this.#alarm.off();
    this.#watch.off();
    await Promise.all(this.#servers.map((server) => server.close()));
  }

  #pump(): void {
    if (!this.#resolved) this.#refresh(false);
    const now = Date.now();
    for (const server of this.#line.size > 0 ? this.#servers : [])
      if (!server.trusted && now >= server.pausedUntil && server.checking === undefined)
        void this.#trust.check(server).finally(() => this.#pump());
    for (;;) {
      const [waiter, server] = this.#match(now);
      if (waiter === undefined || server === undefined) break;
      server.inFlight += 1;
      const leads = this.#line.sent(waiter, server, now);
      waiter.resolve(this.#slotOn(server, server.pace.grant(waiter.tokens, now), leads));
    }
    this.#door.open();
    this.#wakeLater(now);
    this.#watch.stir();
  }

  /**
   * The call that goes next, and where to: its home, as long as there is one at home somewhere; another server where its
   * home is full, or it has no home yet. One whose prompt has been read waits for its home, unless that is much fuller.
   */
  #match(now: number): readonly [waiter?: Waiter | undefined, server?: Server | undefined] {
    const free = freest(this.#servers, now);
    const passes = (waiter: Waiter) => (server: Server) => server.pace.dueInMs(waiter.tokens, now) === 0;
    for (const server of this.#servers.length > 1 ? free : []) {
      const waiter = this.#line.nextAt(server);
      if (waiter !== undefined && passes(waiter)(server)) return [waiter, server];
    }
    for (const waiter of free.length === 0 ? [] : this.#line.waiters(now)) {
      const server = this.#line.placeFor(waiter, free.filter(passes(waiter)));
      // It keeps its turn: smaller ones would pass it by for ever.
      if (server === undefined) return [];
      const home = this.#servers.find((one) => one === this.#line.readAt(waiter));
      const stays = home !== undefined && home !== server && home.isAtWork(now);
      if (!stays || isBetterOff(home, server)) return [waiter, server];
    }
    return [];
  }

  #slotOn(server: Server, grant: Grant, leads: boolean): Slot {
    return {
      kind: 'slot',
      server,
      leads,
      ask: async (bodyOf, limit, signal, onPart) => {
        const sentAt = Date.now();
        grant.use();
        const reply = await this.#trust.ask(server, bodyOf, limit, signal, onPart);
        if (reply.kind === 'answer') {
          grant.came(reply.usage);
          this.#line.answered(Date.now() - sentAt);
        }
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
        this.#serveBy(endpoints, true);
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

  #serveBy(endpoints: readonly Endpoint[], retry: boolean): void {
    const before = this.#servers;
    this.#servers = replaced(before, endpoints, retry, (endpoint) => {
      const most = Math.min(endpoint.maxConcurrency, this.#max);
      return new Server(endpoint, most, this.#options.identity === undefined);
    });
    this.#watch.keep(endpoints, before);
    this.#line.spread(new Map(this.#servers.map((server) => [server, server.endpoint.baseUrl])));
  }

  /**
   * While calls wait and no server is free by itself: look again when a pause ends or its limits let one pass, and give
   * up on calls that waited too long.
   */
  #wakeLater(now: number): void {
    if (this.#line.size === 0 || this.#closed) return;
    const next = this.#line.next(now);
    const waits = this.#servers
      .flatMap((server) => [server.pausedUntil - now, next === undefined ? 0 : server.pace.dueInMs(next.tokens, now)])
      .concat(this.#line.dueInMs(now) ?? 0)
      .filter((ms) => ms > 0);
    if (waits.length === 0 && this.#darkSince === undefined && this.#servers.length > 0) return;
    this.#alarm.ringBy(now + Math.min(1000, ...waits) + 1);
  }

  #woken(): void {
    for (const waiter of this.#line.all) this.#giveUp(waiter);
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
    if (over !== undefined) waiter.resolve(noSlot(this.#model, this.#servers, `${over}; last: ${this.#lastMessage}`));
  }
}
