/** How fast a server may be asked. */
export interface RateLimits {
  readonly requestsPerMinute?: number | undefined;
  /** Prompts and answers together. */
  readonly tokensPerMinute?: number | undefined;
  /**
   * What counts as a request's tokens: `asked`, its prompt and all that its answer may have, as OpenAI and Azure count
   * when it comes; or `used`, what it came to. Nobody counts more than was asked, so that `asked` keeps a limit whoever
   * counts; it is slow where answers stay far below what they may have. Under `used` a request counts as the mean of
   * the answers before it until its own is known.
   * @default asked
   */
  readonly counts?: 'asked' | 'used' | undefined;
}

/** Tokens of one request. */
export interface RequestTokens {
  readonly prompt: number;
  /** At most, as long as it is not known. */
  readonly answer: number;
}

/** A request that was let pass. */
interface Passed {
  readonly at: number;
  tokens: number;
  isOver: boolean;
}

/** Limits are of a minute; the second more is for requests that take unlike times to arrive. Ours. */
const WINDOW_MS = 61_000;
/** Requests for which a timer was late are made up for, as many as belong to this time. Ours. */
const CATCH_UP_MS = 50;
/** Answers whose mean tells what another will come to; before, what it may have does. Ours. */
const ANSWERS_OF_A_MEAN = 8;

/**
 * Lets requests pass so that limits are kept in every window that providers count by. Requests come evenly spaced: some
 * count them by the second. Tokens of any minute stay within theirs, wherever it begins: so they do where a provider
 * counts by the clock's minutes, by the last one, or by a bucket that fills again all the time. Pure; times are in
 * milliseconds of any clock.
 */
export class RateLimit {
  #limits: RateLimits;
  /** Those of the last window, in order, from the first on that counts. */
  #passed: Passed[] = [];
  #first = 0;
  #tokens = 0;
  #answers = 0;
  /** Tokens of them. */
  #answered = 0;
  /** When the next request is due; what lies in the past may be caught up with. */
  #due = -Infinity;

  constructor(limits: RateLimits = {}) {
    this.#limits = limits;
  }

  change(limits: RateLimits): void {
    this.#limits = limits;
  }

  /**
   * Milliseconds until such a request may pass; 0: it may. One of more tokens than a minute has, waits for a minute that
   * is its own.
   */
  waitMs(asked: RequestTokens, now: number): number {
    this.#forget(now);
    const { tokensPerMinute = Infinity } = this.#limits;
    let over = this.#tokens + this.#reckoned(asked) - tokensPerMinute;
    let until = Math.max(now, this.#due);
    for (let next = this.#first; over > 0 && next < this.#passed.length; next += 1) {
      const { at, tokens } = this.#passed[next] as Passed;
      over -= tokens;
      until = Math.max(until, at + WINDOW_MS);
    }
    return until - now;
  }

  /** Lets it pass. @returns what is told what it came to, or that it was not sent. */
  take(asked: RequestTokens, now: number): (came: RequestTokens | 'not sent') => void {
    this.#forget(now);
    const { requestsPerMinute } = this.#limits;
    if (requestsPerMinute !== undefined) {
      const apart = WINDOW_MS / requestsPerMinute;
      // Where requests are further apart than that, there is nothing to make up for.
      this.#due = Math.max(this.#due, now - Math.max(0, CATCH_UP_MS - apart)) + apart;
    }
    const passed: Passed = { at: now, tokens: 0, isOver: false };
    this.#passed.push(passed);
    this.#count(passed, this.#reckoned(asked));
    return (came) => {
      if (came === 'not sent') {
        this.#count(passed, 0);
        return;
      }
      this.#answers += 1;
      this.#answered += came.answer;
      this.#count(passed, came.prompt + (this.#limits.counts === 'used' ? came.answer : asked.answer));
    };
  }

  #reckoned({ prompt, answer }: RequestTokens): number {
    const hasMean = this.#limits.counts === 'used' && this.#answers >= ANSWERS_OF_A_MEAN;
    return prompt + (hasMean ? Math.ceil(this.#answered / this.#answers) : answer);
  }

  #count(passed: Passed, tokens: number): void {
    if (passed.isOver) return;
    this.#tokens += tokens - passed.tokens;
    passed.tokens = tokens;
  }

  #forget(now: number): void {
    for (; this.#first < this.#passed.length; this.#first += 1) {
      const passed = this.#passed[this.#first] as Passed;
      if (passed.at + WINDOW_MS > now) break;
      this.#tokens -= passed.tokens;
      passed.isOver = true;
    }
    if (this.#first * 2 <= this.#passed.length) return;
    this.#passed = this.#passed.slice(this.#first);
    this.#first = 0;
  }
}
