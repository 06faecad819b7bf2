import { isUtf8 } from 'node:buffer';
import type { Dispatcher } from 'undici';
import { onAbort } from './onAbort.ts';

export interface HttpServer {
  readonly pool: Dispatcher;
  readonly path: string;
  readonly headers: Record<string, string>;
}

/** What a server sent back, read to its end. */
export interface HttpReply {
  readonly status: number;
  /** Milliseconds that `Retry-After` asks for. */
  readonly retryAfterMs: number | undefined;
  readonly body: string;
  /** False when the body is not UTF-8; `body` then has U+FFFD where it breaks. */
  readonly validText: boolean;
}

/**
 * Largest body read, bytes. Ours: a 256K-token answer is about 1 MB; this only bounds memory against a server gone
 * wild.
 */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

export class CallTimeout extends Error {
  override readonly name = 'CallTimeout';
}

/**
 * Posts JSON and reads the reply. No timeout but the overall one: an answer may take an hour before its first byte.
 * @throws CallTimeout, the signal's reason, or the socket's error.
 */
export function postJson(
  { pool, path, headers }: HttpServer,
  body: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<HttpReply> {
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
    const timer = setTimeout(() => stop(new CallTimeout(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const settle = (): void => {
      clearTimeout(timer);
      forget();
    };

    const chunks: Buffer[] = [];
    let bytes = 0;
    let status = 0;
    let retryAfterMs: number | undefined;
    pool.dispatch(
      { method: 'POST', path, headers, body },
      {
        onRequestStart(started) {
          controller = started;
          if (early !== undefined) started.abort(early);
        },
        onResponseStart(_, statusCode, headers) {
          status = statusCode;
          retryAfterMs = readRetryAfter(headers['retry-after'], Date.now());
        },
        onResponseData(_, chunk) {
          bytes += chunk.length;
          if (bytes > MAX_BODY_BYTES) stop(new Error(`expected at most ${MAX_BODY_BYTES} bytes of answer, got more`));
          else chunks.push(chunk);
        },
        onResponseEnd() {
          settle();
          const bytes = Buffer.concat(chunks);
          resolve({ status, retryAfterMs, body: bytes.toString('utf8'), validText: isUtf8(bytes) });
        },
        onResponseError(_, error) {
          settle();
          reject(error);
        },
      },
    );
  });
}

/** Seconds, or an HTTP date; anything else is ignored. */
export function readRetryAfter(header: string | string[] | undefined, now: number): number | undefined {
  const [value] = [header].flat();
  if (value === undefined) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
