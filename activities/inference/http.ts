import { Agent, type Dispatcher } from 'undici';
import { BodyReader, type Body } from './body.ts';
import { onAbort } from './onAbort.ts';
import { waitSaid } from './said.ts';

export interface HttpServer {
  readonly pool: Dispatcher;
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a server sent back, read to its end. */
export interface HttpReply extends Body {
  readonly status: number;
  /** Milliseconds that its headers ask for. */
  readonly retryAfterMs: number | undefined;
}

export interface TimeLimits {
  /** Milliseconds until the last byte. */
  readonly allMs: number;
  /**
   * Milliseconds without a byte, once the first has come: before it, a prompt may be read or a queue be waited in for
   * as long as the whole may take. @default none
   */
  readonly idleMs?: number;
}

/** @param hasText whether some of its text was among what has come. */
export type OnPart = (hasText: boolean) => void;

/** Redirects followed for one request. Ours. */
const MOST_REDIRECTS = 3;

export class CallTimeout extends Error {
  override readonly name = 'CallTimeout';
}

/**
 * Sends JSON, or asks with a GET where there is no body, and reads the reply; 307 and 308 are followed within the host.
 * @param onPart called for each part of a 200 after the first, which may be all that an error is.
 * @throws CallTimeout, the signal's reason, or the socket's error.
 */
export async function exchange(
  server: HttpServer,
  body: string | Buffer | undefined,
  limits: TimeLimits,
  signal: AbortSignal | undefined,
  onPart?: OnPart,
): Promise<HttpReply> {
  let target = server;
  for (let hops = 0; ; hops += 1) {
    const reply = await once(target, body, limits, signal, onPart);
    const next = hops < MOST_REDIRECTS ? redirected(target, reply) : undefined;
    if (next === undefined) return reply;
    target = next;
  }
}

function once(
  { pool, origin, path, headers }: HttpServer,
  body: string | Buffer | undefined,
  { allMs, idleMs = allMs }: TimeLimits,
  signal: AbortSignal | undefined,
  onPart?: OnPart,
): Promise<HttpReply & { readonly location: string | undefined }> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    let controller: Dispatcher.DispatchController | undefined;
    let early: Error | undefined;
    const stop = (error: Error): void => {
      early = error;
      controller?.abort(error);
      settle();
      reject(error);
    };
    const forget = onAbort(signal, () => stop(signal?.reason as Error));
    const timer = setTimeout(() => stop(new CallTimeout(`no answer within ${allMs} ms`)), allMs);
    let idle: NodeJS.Timeout | undefined;
    const settle = (): void => {
      clearTimeout(timer);
      clearTimeout(idle);
      forget();
    };

    let reader: BodyReader | undefined;
    let status = 0;
    let hasBegun = false;
    let retryAfterMs: number | undefined;
    let location: string | undefined;
    pool.dispatch(
      { origin, method: body === undefined ? 'GET' : 'POST', path, headers, ...(body !== undefined && { body }) },
      {
        onRequestStart(started) {
          controller = started;
          if (early !== undefined) started.abort(early);
        },
        onResponseStart(_, statusCode, given) {
          status = statusCode;
          retryAfterMs = readRetryAfter(given, Date.now());
          [location] = [given['location']].flat();
          reader = new BodyReader(given);
        },
        onResponseData(_, chunk) {
          try {
            reader?.push(chunk);
          } catch (error) {
            stop(error as Error);
          }
          if (status === 200 && hasBegun) onPart?.(reader?.hasText === true);
          hasBegun = true;
          if (idleMs >= allMs) return;
          idle ??= setTimeout(() => stop(new CallTimeout(`no further byte within ${idleMs} ms`)), idleMs);
          idle.refresh();
        },
        onResponseEnd() {
          settle();
          (reader as BodyReader).end().then((read) => resolve({ status, retryAfterMs, location, ...read }), reject);
        },
        onResponseError(_, error) {
          settle();
          reject(error);
        },
      },
    );
  });
}

/** For addresses beside the server's own. */
let elsewhere: Agent | undefined;

/**
 * Where a reply sends the request: within the host or this machine, and without the key where the origin is another.
 */
function redirected(
  server: HttpServer,
  { status, location }: { readonly status: number; readonly location: string | undefined },
): HttpServer | undefined {
  if ((status !== 307 && status !== 308) || location === undefined) return undefined;
  const from = new URL(server.path, server.origin);
  const to = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
  if (to === undefined || !['http:', 'https:'].includes(to.protocol)) return undefined;
  const path = `${to.pathname}${to.search}`;
  if (to.origin === from.origin) return { ...server, path };
  if (to.hostname !== from.hostname && !(isLoopback(to) && isLoopback(from))) return undefined;
  elsewhere ??= new Agent({ pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
  const { authorization: _, ...headers } = server.headers;
  return { pool: elsewhere, origin: to.origin, path, headers };
}

const isLoopback = ({ hostname }: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * What `Retry-After` asks for: seconds, or an HTTP date by the server's own clock. Nothing, where it asks for no pause
 * at all (0, a time that has passed) or cannot be read; then, how long a limit lasts that is said to be reached.
 */
export function readRetryAfter(headers: Headers, now: number): number | undefined {
  // Of nearly every answer: this is read for each of thousands a second.
  if (!Object.keys(headers).some((name) => name.startsWith('retry-after') || name.includes('ratelimit')))
    return undefined;
  const [value, exact, date] = ['retry-after', 'retry-after-ms', 'date'].map((name) => [headers[name]].flat()[0]);
  const isNumber = (text: string | undefined): text is string => /^\s*-?\d+(\.\d+)?\s*$/.test(text ?? '');
  const asked = (): number => {
    if (isNumber(exact)) return Number(exact);
    if (isNumber(value)) return Number(value) * 1000;
    const theirs = Date.parse(date ?? '');
    return Date.parse(value ?? '') - (Number.isNaN(theirs) ? now : theirs);
  };
  const ms = asked();
  return ms > 0 ? ms : limitsReset(headers, now);
}

/**
 * Milliseconds until the last of the reached limits is over, as in `x-ratelimit-remaining-tokens: 0` beside
 * `x-ratelimit-reset-tokens: 6m0s`: a span, seconds, a date, or seconds or milliseconds since 1970.
 */
function limitsReset(headers: Headers, now: number): number | undefined {
  const resets = Object.keys(headers).filter(
    (name) => /ratelimit.*reset/.test(name) && [headers[name.replace('reset', 'remaining')]].flat()[0] === '0',
  );
  const waits = resets.map((name) => {
    const value = [headers[name]].flat()[0] ?? '';
    const number = value.trim() === '' ? NaN : Number(value);
    if (Number.isNaN(number)) return waitSaid(`reset ${value.toLowerCase()}`, now) ?? 0;
    return number < 1e9 ? number * 1000 : (number < 1e12 ? number * 1000 : number) - now;
  });
  const longest = Math.max(0, ...waits);
  return longest > 0 ? longest : undefined;
}
