import { Pool } from 'undici';
import {
  afterAnswer,
  afterOverload,
  afterReturn,
  startLimit,
  type ConcurrencyLimit,
} from '../../shared/sampling/concurrency.ts';
import { addressOf, type Address } from './address.ts';
import type { OptionalField } from './causes.ts';
import { exchange, type OnPart, type HttpReply, type HttpServer, type TimeLimits } from './http.ts';
import { Pace, rateOf } from './pace.ts';
import { readError, readReply, type Failure, type Reply } from './reply.ts';
import { guessedTokens } from './tokens.ts';
import type { Endpoint } from './types.ts';

/**
 * Pauses after a server was gone or refused for load, doubled each time while it answers nothing: first, and at most.
 */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 20_000;
/** Longest `Retry-After` that is honoured: a server that wants longer is asked again then. Ours. */
const LONGEST_RETRY_AFTER_MS = 120_000;
/** Requests that break one after the other, without an answer between, until a server is in doubt. Ours. */
const BROKEN_IN_A_ROW = 3;
/**
 * Longest that an answer may take, milliseconds: two hours, or what its tokens take at 5 a second, a day at most; and
 * longest without a byte once it has begun, since a server that streams says something between two tokens. Ours.
 */
const timeFor = (tokens: number): TimeLimits => ({
  allMs: Math.min(86_400_000, Math.max(7_200_000, tokens * 200)),
  idleMs: 900_000,
});

/** A request's body, without the fields that its server does not know. */
export type BodyOf = (without: ReadonlySet<OptionalField>) => string | Buffer;

/** One endpoint as the engine sees it: its connections, how many calls it may have, and whether it answers. */
export class Server {
  readonly endpoint: Endpoint;
  readonly address: Address;
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;
  readonly pace: Pace;
  /** Fields that it refused: learned once. */
  readonly #without = new Set<OptionalField>();
  inFlight = 0;
  /** No call before this time. */
  pausedUntil = 0;
  #retired = false;
  #limit: ConcurrencyLimit;
  /** `doubtful`: what it said lately was no answer, and a short question is to tell whether it is gone. */
  #state: 'answers' | 'doubtful' | 'gone' = 'answers';
  /**
   * Whether it is known to serve the model that it is asked for; what it answers while it is not, nobody uses. Known
   * from the start where nothing can check it.
   */
  trusted: boolean;
  checkedAt = 0;
  /** Names under which it listed its model when it was first checked. */
  listed: readonly string[] | undefined;
  /** A check under way. */
  checking: Promise<Failure | undefined> | undefined;
  /** Whether a check tells more than the names in its answers. */
  provable = false;
  /** What it said of its build in answers since it was last gone; another word may mean another model. */
  readonly fingerprints = new Set<string>();
  /** Answers since it was last checked: how each is taken back. */
  unproven: (() => Promise<void>)[] = [];
  /** When it last gave an answer, or refused one request for what that is. */
  answeredAt = 0;
  /** What it said last, when that was no answer. */
  trouble: Failure | undefined;
  #setbacks = 0;
  #brokenInARow = 0;

  constructor(endpoint: Endpoint, maxConcurrency: number, trusted = true) {
    this.endpoint = endpoint;
    this.trusted = trusted;
    this.#limit = startLimit(maxConcurrency);
    this.address = addressOf(endpoint.baseUrl);
    this.pace = new Pace(endpoint.limits && rateOf(this.address, endpoint.limits));
    // One call per connection; no timeout but the caller's, since an answer may take an hour before its first byte.
    this.#pool = new Pool(this.address.origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: { timeout: 10_000 },
    });
    this.#headers = {
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      ...(endpoint.apiKey === undefined ? {} : { authorization: `Bearer ${endpoint.apiKey}` }),
    };
  }

  get answers(): boolean {
    return this.#state === 'answers';
  }

  /** Calls it may have at once now. */
  get capacity(): number {
    return this.answers ? Math.floor(this.#limit.limit) : 1;
  }

  free(now: number): number {
    return now < this.pausedUntil || !this.trusted ? 0 : this.capacity - this.inFlight;
  }

  /** Whether it is full or not for no other reason than its calls. */
  isAtWork(now: number): boolean {
    return this.answers && this.trusted && now >= this.pausedUntil;
  }

  setMax(max: number): void {
    this.#limit = { ...this.#limit, max, limit: Math.min(this.#limit.limit, max) };
  }

  /**
   * Asks for a chat completion; a field that the server does not know is left out from then on.
   * @param limit tokens that the answer may have.
   * @param onPart called as more of an answer comes.
   * @throws only the signal's reason.
   */
  async ask(bodyOf: BodyOf, limit: number, signal: AbortSignal | undefined, onPart?: OnPart): Promise<Reply> {
    for (;;) {
      const body = bodyOf(this.#without);
      await this.pace.turn({ prompt: guessedTokens(body.length), answer: limit }, signal);
      const reply = await this.#send(this.address.chat, body, timeFor(limit), signal, onPart).then(
        (came) => readReply(came, limit),
        (error: Error) => readErrorUnless(signal, error),
      );
      if (reply.kind === 'answer' || reply.field === undefined || this.#without.has(reply.field)) return reply;
      this.#without.add(reply.field);
    }
  }

  /** Reads another of its pages. @throws the signal's reason or the socket's error. */
  read(path: string, limits: TimeLimits, signal?: AbortSignal): Promise<HttpReply> {
    return this.#send(path, undefined, limits, signal);
  }

  /** @param short it was the least that can be asked: what comes of that is not the question's fault. */
  learn(reply: Reply, sentAt: number, now: number, short = false): void {
    if (reply.kind !== 'answer' && reply.kind !== 'refused') this.trouble = reply;
    switch (reply.kind) {
      case 'answer':
      case 'refused':
        this.isThere(now);
        return;
      case 'broken':
        if (reply.overload === true) this.#overloaded(sentAt, now);
        this.#brokenInARow += 1;
        if (short) this.#gone(sentAt, now);
        else if (this.#brokenInARow >= BROKEN_IN_A_ROW) this.#doubt();
        return;
      case 'overloaded': {
        const known = sentAt <= this.#limit.decreasedAt;
        this.#overloaded(sentAt, now);
        this.#pause(reply, known, now);
        return;
      }
      case 'gone':
        if (short || reply.status === undefined) this.#gone(sentAt, now);
        // Where others got their answers meanwhile, it is not the server that is gone.
        else if (this.answeredAt < sentAt) this.#doubt();
    }
  }

  /** It may serve another model by now. */
  distrust(): void {
    this.trusted = false;
    this.fingerprints.clear();
  }

  /** It gave an answer. */
  isThere(now: number): void {
    this.trouble = undefined;
    this.#limit = this.#state === 'gone' ? afterReturn(this.#limit) : afterAnswer(this.#limit, this.inFlight);
    this.#state = 'answers';
    this.answeredAt = now;
    this.#setbacks = 0;
    this.#brokenInARow = 0;
  }

  /** A call has ended. */
  release(): void {
    this.inFlight -= 1;
    if (this.#retired) this.retire();
  }

  /** It is no longer among the resolver's endpoints, and gets nothing new: its connections end with its last call. */
  retire(): void {
    this.#retired = true;
    if (this.inFlight === 0) void this.#pool.close();
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }

  /** It may have been started again: find out now. */
  retryNow(): void {
    if (!this.answers) this.pausedUntil = 0;
  }

  #send(
    path: string,
    body: string | Buffer | undefined,
    limits: TimeLimits,
    signal?: AbortSignal,
    onPart?: OnPart,
  ): Promise<HttpReply> {
    const server: HttpServer = { pool: this.#pool, origin: this.address.origin, path, headers: this.#headers };
    return exchange(server, body, limits, signal, onPart);
  }

  #overloaded(sentAt: number, now: number): void {
    this.#limit = afterOverload(this.#limit, { sentAt, inFlight: this.inFlight }, now);
  }

  #doubt(): void {
    if (this.#state === 'answers') this.#state = 'doubtful';
  }

  #gone(sentAt: number, now: number): void {
    this.#state = 'gone';
    this.#pause({}, sentAt < this.pausedUntil, now);
  }

  #pause({ cause, retryAfterMs = 0 }: Partial<Failure>, known: boolean, now: number): void {
    // A quota says when it ends; who is only asked for patience may ask again sooner.
    const asked = cause === 'quota' ? retryAfterMs : Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS);
    let own = 0;
    if (!known) {
      const longer = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#setbacks, 10));
      own = longer * (0.5 + Math.random());
      this.#setbacks += 1;
    }
    this.pausedUntil = Math.max(this.pausedUntil, now + Math.max(asked, own));
  }
}

function readErrorUnless(signal: AbortSignal | undefined, error: Error): Reply {
  signal?.throwIfAborted();
  return readError(error);
}

/** The least that can be asked, to find out whether a server answers at all. */
export function shortQuestion(model: string): BodyOf {
  const messages = [{ role: 'user', content: '1 + 1 =' }];
  return (without) => JSON.stringify({ model, messages, ...limitOf(1, without) });
}

/** The field that limits an answer's tokens, by the name that the server knows. */
export function limitOf(tokens: number, without: ReadonlySet<OptionalField>): object {
  return { [without.has('max_tokens') ? 'max_completion_tokens' : 'max_tokens']: tokens };
}
