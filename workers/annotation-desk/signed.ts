import { createHmac, timingSafeEqual } from 'node:crypto';

/** Ours: a working day; drafts stay in the browser. */
export const SESSION_SECONDS = 12 * 60 * 60;

/** Who was signed in, and when. */
export interface Session {
  readonly id: string;
  /** The person's generation then: one who was revoked since is signed out. */
  readonly generation: number;
  /** Seconds since the epoch. */
  readonly since: number;
}

/**
 * Values that a browser keeps and cannot make: what they say, signed. The desk keeps nothing of them, so that it may be
 * killed at any moment, and run twice. Each use of the secret has a key of its own.
 */
export class Signed<Value> {
  readonly #key: Buffer;
  readonly #seconds: number;
  readonly #now: () => number;

  /**
   * @param use what the values are, such as `session`: what was signed for one is not read for another.
   * @param seconds for which a value is good.
   * @param now milliseconds since the epoch.
   */
  constructor(secret: string, use: string, seconds: number, now: () => number = Date.now) {
    this.#key = keyFor(secret, use);
    this.#seconds = seconds;
    this.#now = now;
  }

  write(value: Value): string {
    const text = Buffer.from(JSON.stringify({ at: this.#now(), value })).toString('base64url');
    return `${text}.${this.#signature(text).toString('base64url')}`;
  }

  /** Undefined for what was not written with this secret, or is too old. */
  read(cookie: string | undefined): Value | undefined {
    const [text = '', signature = '', ...more] = cookie?.split('.') ?? [];
    const [expected, got] = [this.#signature(text), Buffer.from(signature, 'base64url')];
    if (more.length > 0 || got.length !== expected.length || !timingSafeEqual(got, expected)) return undefined;
    const { at, value } = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as { at: number; value: Value };
    const age = this.#now() - at;
    return age < this.#seconds * 1000 ? value : undefined;
  }

  #signature(text: string): Buffer {
    return createHmac('sha256', this.#key).update(text).digest();
  }
}

export function keyFor(secret: string, use: string): Buffer {
  return createHmac('sha256', secret).update(`annotation desk: ${use}`).digest();
}
