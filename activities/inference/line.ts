import type { Priority } from '@temporalio/common';
import { rankedFor } from '../../shared/sampling/rendezvous.ts';
import { Parts } from './parts.ts';
import type { PromptTurn, Waiter } from './slots.ts';

/** Where a call is sent. */
type Place = object;

/** A prompt that several calls have. */
interface SharedPrompt {
  readonly digest: string;
  /** The call that goes first, as long as it is not known what comes of it. */
  leader: PromptTurn | undefined;
  ledAt: number;
  /** Where it has been read. */
  at: Place | undefined;
  /** Where it would be read, the best place first: of the places as they are. */
  ranked: readonly Place[] | undefined;
  hasBegun: boolean;
  /** Which of the line's calls had it last. */
  usedBy: number;
  /** Calls that wait until the first has begun to be answered. */
  readonly held: Set<Waiter>;
}

/** A prompt that was not used for longer than so many calls, by those that may be made at once, may be forgotten. Ours. */
const REMEMBERED_WINDOWS = 2;
/** Prompts that are known at most, beside those that are waited for. */
const MOST_PROMPTS = 4_096;
/**
 * Share of an answer's time for which a free server waits for the first call of a prompt, where there is nothing else to
 * do. Ours: a set of one prompt at a server that does not stream is slower by no more.
 */
const WAITS_FOR_FIRST = 0.05;
/**
 * Where answers begin long before they are whole, it waits for twice as long as one lately took to begin: prompts queue to
 * be read when many come at once. At most this share of an answer's time. Ours.
 */
const WAITS_AT_MOST = 0.5;
/** What is left of the longest beginning after each further one. */
const FADES = 0.95;
/** The same before an answer's time is known, milliseconds. Ours: what a long prompt takes to be read. */
const WAITS_AT_FIRST_MS = 2_000;

/**
 * Calls that wait for a server of one model. Those on their way again go first. Of calls that share a prompt the first
 * goes ahead of all that are new; the others follow once it has begun to be answered: then the server has the prompt in
 * its cache. No other server is idle for that: held calls go, too, where there is nothing else. Laps take turns: what is
 * said of new calls is said of those of one part.
 */
export class Line {
  readonly #again = new Set<Waiter>();
  readonly #parts = new Parts();
  readonly #prompts = new Map<string, SharedPrompt>();
  readonly #promptOfTurn = new WeakMap<PromptTurn, SharedPrompt>();
  readonly #changed: () => void;
  #places: ReadonlyMap<Place, string> = new Map();
  /** Those for which calls are held. */
  readonly #holding = new Set<SharedPrompt>();
  #held = 0;
  #sent = 0;
  /** Mean, of which every answer is a part. */
  #answerMs: number | undefined;
  /** How long first calls took until they began to be answered: on average, and at most lately. */
  #begin = { meanMs: Infinity, mostMs: 0 };

  /** @param changed called when other calls may go than before, and nobody asked for it. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** A call's turn; it is to be ended. */
  join(digest: string): PromptTurn {
    const prompt = this.#prompts.get(digest) ?? this.#newPrompt(digest);
    const turn: PromptTurn = {
      begun: () => {
        if (prompt.leader === turn && !prompt.hasBegun) this.#beganAfter(Date.now() - prompt.ledAt);
        prompt.hasBegun = true;
        if (prompt.held.size > 0) this.#free(prompt);
      },
      end: () => {
        if (prompt.leader !== turn) return;
        prompt.leader = undefined;
        // Of a first call that failed nothing is to be waited for.
        if (prompt.held.size > 0) this.#free(prompt);
      },
    };
    this.#promptOfTurn.set(turn, prompt);
    return turn;
  }

  get size(): number {
    return this.#again.size + this.#parts.size + this.#held;
  }

  /** How much there is for servers to do. Held calls are half of one: others are needed until they may go. */
  get load(): number {
    return this.size - this.#held / 2;
  }

  get all(): Waiter[] {
    const held = [...this.#holding].flatMap((prompt) => [...prompt.held]);
    return [...this.#again, ...this.#parts, ...held];
  }

  /** Whose work may come in first, so that its calls are there when it is its turn. */
  neediest<T extends { readonly part?: Priority | undefined }>(outside: readonly T[]): T | undefined {
    return this.#parts.neediest(outside);
  }

  /** @param window calls that may be made at once. */
  add(waiter: Waiter, window = Infinity): void {
    const prompt = this.#promptOf(waiter);
    this.#parts.waits(waiter, 1);
    if (waiter.again) this.#again.add(waiter);
    else if (prompt === undefined) this.#parts.add('rest', waiter);
    else if (prompt.leader !== undefined && !prompt.hasBegun) this.#hold(prompt, waiter);
    else if (prompt.hasBegun && this.#sent - prompt.usedBy <= REMEMBERED_WINDOWS * window)
      this.#parts.add('rest', waiter);
    else {
      Object.assign(prompt, { leader: waiter.turn, ledAt: Infinity, hasBegun: false, at: undefined });
      this.#parts.add('first', waiter);
    }
  }

  has(waiter: Waiter): boolean {
    const held = this.#promptOf(waiter)?.held.has(waiter) === true;
    return held || this.#again.has(waiter) || this.#parts.has(waiter);
  }

  delete(waiter: Waiter): void {
    if (!this.has(waiter)) return;
    this.#parts.waits(waiter, -1);
    const prompt = this.#promptOf(waiter);
    if (prompt?.held.delete(waiter) === true) {
      this.#held -= 1;
      if (prompt.held.size === 0) this.#holding.delete(prompt);
    } else if (!this.#again.delete(waiter)) this.#parts.delete(waiter);
  }

  /**
   * Where calls may be sent, each under a name that is the same for all processes: of several each prompt has one for
   * its home, the same for everybody. With one or none no prompt has any.
   */
  spread(places: ReadonlyMap<Place, string>): void {
    this.#places = places;
    for (const prompt of this.#prompts.values()) {
      prompt.ranked = undefined;
      if (prompt.at === undefined || places.has(prompt.at)) continue;
      prompt.at = undefined;
      // It is read anew elsewhere, by one first.
      if (prompt.leader === undefined) prompt.hasBegun = false;
    }
  }

  /** The call that goes next, wherever. */
  next(now: number): Waiter | undefined {
    for (const waiter of this.waiters(now)) return waiter;
    return undefined;
  }

  /** The call that goes next of those that have that server for their home, or none at all. */
  nextAt(server: Place): Waiter | undefined {
    for (const one of this.#ready()) {
      const prompt = this.#promptOf(one);
      if (prompt === undefined || (prompt.at ?? this.#rank(prompt)[0] ?? server) === server) return one;
    }
    return undefined;
  }

  /** The calls that may go, in their order; a held one where there is no other and it has waited for long. */
  *waiters(now: number): Generator<Waiter> {
    yield* this.#ready();
    const overdue = this.#overdue(now);
    if (overdue !== undefined) yield overdue;
  }

  /** Where a call's prompt has been read; undefined where it has not, or is no other call's. */
  readAt(waiter: Waiter): Place | undefined {
    return this.#promptOf(waiter)?.at;
  }

  /** Which of these servers a call is sent to: where its prompt has been read, else the best for it. */
  placeFor<T extends Place>(waiter: Waiter, servers: readonly T[]): T | undefined {
    const prompt = this.#promptOf(waiter);
    if (prompt === undefined) return servers[0];
    const order = prompt.at === undefined ? this.#rank(prompt) : [prompt.at, ...this.#rank(prompt)];
    return (order.find((place) => servers.includes(place as T)) as T | undefined) ?? servers[0];
  }

  /** Milliseconds until a held call goes all the same; undefined where others are to go, or none is held. */
  dueInMs(now: number): number | undefined {
    if (this.#held === 0 || this.size > this.#held) return undefined;
    const led = Math.min(...Array.from(this.#holding, ({ ledAt }) => ledAt));
    return Math.max(0, led + this.#waitsMs - now);
  }

  /** A call that was next has been given to a server. @returns whether others wait for it to begin. */
  sent(waiter: Waiter, server: Place, now: number): boolean {
    this.#sent += 1;
    this.#parts.took(waiter);
    const prompt = this.#promptOf(waiter);
    if (prompt === undefined) return false;
    prompt.usedBy = this.#sent;
    if (prompt.leader !== waiter.turn || prompt.hasBegun) return false;
    Object.assign(prompt, { ledAt: now, at: server });
    return true;
  }

  answered(ms: number): void {
    this.#answerMs = this.#answerMs === undefined ? ms : this.#answerMs + (ms - this.#answerMs) / 32;
  }

  get #waitsMs(): number {
    if (this.#answerMs === undefined) return WAITS_AT_FIRST_MS;
    const { meanMs, mostMs } = this.#begin;
    const [least, most] = [this.#answerMs * WAITS_FOR_FIRST, this.#answerMs * WAITS_AT_MOST];
    return meanMs < most ? Math.max(least, Math.min(most, 2 * mostMs)) : least;
  }

  #beganAfter(ms: number): void {
    const { meanMs, mostMs } = this.#begin;
    this.#begin = {
      meanMs: meanMs === Infinity ? ms : meanMs + (ms - meanMs) / 8,
      mostMs: Math.max(ms, mostMs * FADES),
    };
  }

  #rank(prompt: SharedPrompt): readonly Place[] {
    if (this.#places.size < 2) return [];
    return (prompt.ranked ??= rankedFor(
      prompt.digest,
      [...this.#places.keys()],
      (place) => this.#places.get(place) ?? '',
    ));
  }

  #overdue(now: number): Waiter | undefined {
    if (this.dueInMs(now) !== 0) return undefined;
    for (const { held, ledAt } of this.#holding) {
      const [waiter] = held;
      if (ledAt + this.#waitsMs <= now) return waiter;
    }
    return undefined;
  }

  /** Those that nothing is waited for. */
  *#ready(): Generator<Waiter> {
    yield* this.#again;
    yield* this.#parts;
  }

  #hold(prompt: SharedPrompt, waiter: Waiter): void {
    prompt.held.add(waiter);
    this.#holding.add(prompt);
    this.#held += 1;
  }

  #promptOf({ turn }: Waiter): SharedPrompt | undefined {
    return turn && this.#promptOfTurn.get(turn);
  }

  #free(prompt: SharedPrompt): void {
    for (const waiter of prompt.held) this.#parts.add('rest', waiter);
    this.#held -= prompt.held.size;
    prompt.held.clear();
    this.#holding.delete(prompt);
    this.#changed();
  }

  #newPrompt(digest: string): SharedPrompt {
    const prompt: SharedPrompt = {
      digest,
      leader: undefined,
      ledAt: Infinity,
      at: undefined,
      ranked: undefined,
      hasBegun: false,
      usedBy: 0,
      held: new Set(),
    };
    this.#prompts.set(digest, prompt);
    if (this.#prompts.size > MOST_PROMPTS)
      for (const [key, { leader, held }] of this.#prompts) {
        if (this.#prompts.size <= MOST_PROMPTS) break;
        if (leader === undefined && held.size === 0 && key !== digest) this.#prompts.delete(key);
      }
    return prompt;
  }
}
