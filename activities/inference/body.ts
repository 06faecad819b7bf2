import { isUtf8 } from 'node:buffer';
import type { Transform } from 'node:stream';
import { finished } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import type { Completion } from './completion.ts';
import { EventReader } from './events.ts';

/** A reply's body, read to its end. */
export interface Body {
  /** Of events, only what is none. */
  readonly body: string;
  /** What came as server-sent events, put together. */
  readonly events?: { readonly completion: Completion | undefined; readonly other: string } | undefined;
  /** False when the body is not UTF-8; the text then has U+FFFD where it breaks. */
  readonly validText: boolean;
}

/** Largest body kept whole, bytes: this only bounds memory against a server gone wild. Ours. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/**
 * Reads a body in whatever coding and form it comes: compressed though nobody asked, as events or whole, and told so by
 * its headers or not. One that cannot be decoded reads as the reason why.
 */
export class BodyReader {
  readonly #coding: string;
  readonly #isStream: boolean;
  #decoder: Transform | undefined;
  #unreadable: string | undefined;
  #failed: Error | undefined;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  /** Its first bytes, by which its form is told. */
  #head = '';
  #isWhole = false;
  #events: EventReader | undefined;
  #text: Utf8Pieces | undefined;

  constructor(headers: Readonly<Record<string, string | string[] | undefined>>) {
    const coding = String(headers['content-encoding'] ?? '').toLowerCase();
    this.#coding = coding === 'identity' ? '' : coding;
    this.#isStream = String(headers['content-type'] ?? '').includes('event-stream');
  }

  /** Whether events have brought some of an answer. */
  get hasText(): boolean {
    return this.#events?.hasText === true;
  }

  /** @throws when it is beyond all bounds. */
  push(chunk: Buffer): void {
    if (this.#failed) throw this.#failed;
    if (this.#unreadable !== undefined) return;
    if (this.#coding === '') return this.#take(chunk);
    this.#decoder ??= this.#decode(chunk);
    this.#decoder?.write(chunk);
  }

  async end(): Promise<Body> {
    if (this.#decoder && this.#unreadable === undefined) {
      const ended = finished(this.#decoder).catch(() => undefined);
      this.#decoder.end();
      await ended;
    }
    if (this.#failed) throw this.#failed;
    if (this.#unreadable !== undefined) return { body: this.#unreadable, validText: true };
    if (this.#events && this.#text) {
      this.#events.push(this.#text.push());
      const events = this.#events.end();
      return { body: events.other, events, validText: this.#text.valid };
    }
    const bytes = Buffer.concat(this.#chunks);
    return { body: bytes.toString('utf8').replace(/^\ufeff/, ''), validText: isUtf8(bytes) };
  }

  #take(chunk: Buffer): void {
    if (this.#events && this.#text) return this.#events.push(this.#text.push(chunk));
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_BODY_BYTES) throw new Error(`expected at most ${MAX_BODY_BYTES} bytes of answer, got more`);
    this.#chunks.push(chunk);
    if (this.#isWhole) return;
    this.#head += chunk.toString('latin1', 0, 64);
    const start = this.#head.replace(/^\xef\xbb\xbf/, '').trimStart();
    // JSON and pages begin as no event does; of an event's field a few letters may be missing yet.
    if (start === '' || (start.length < 8 && /^[a-z]+$/.test(start))) return;
    this.#isWhole = !/^(data|event|id|retry|error)?:/.test(start) && (!this.#isStream || /^[[{<]/.test(start));
    if (this.#isWhole) return;
    this.#events = new EventReader();
    this.#text = new Utf8Pieces();
    this.#events.push(this.#text.push(Buffer.concat(this.#chunks.splice(0))));
  }

  #decode(first: Buffer): Transform | undefined {
    const decoder = decoderOf(this.#coding, first);
    const cannot = (why: string): void => {
      this.#unreadable ??= `the body has content-encoding ${JSON.stringify(this.#coding)}, which ${why}`;
    };
    if (!decoder) cannot('cannot be read here');
    return decoder
      ?.on('error', ({ message }) => cannot(`does not hold: ${message}`))
      .on('data', (chunk: Buffer) => {
        try {
          this.#take(chunk);
        } catch (error) {
          this.#failed ??= error as Error;
        }
      });
  }
}

function decoderOf(coding: string, first: Buffer): Transform | undefined {
  switch (coding) {
    case 'gzip':
    case 'x-gzip':
      return zlib.createGunzip();
    case 'deflate':
      // With the header that the standard wants, or, as some send it, without.
      return ((first[0] ?? 0) & 0x0f) === 8 ? zlib.createInflate() : zlib.createInflateRaw();
    case 'br':
      return zlib.createBrotliDecompress();
    case 'zstd':
      // Not before Node 22.15.
      return (zlib as { createZstdDecompress?: () => Transform }).createZstdDecompress?.();
    default:
      return undefined;
  }
}

/** UTF-8 that comes in pieces, a character maybe in two of them. */
class Utf8Pieces {
  #decoder = new TextDecoder('utf-8', { fatal: true });
  valid = true;

  /** @param chunk none: there is no more. */
  push(chunk?: Buffer): string {
    try {
      return this.#decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      this.valid = false;
      this.#decoder = new TextDecoder('utf-8');
      return this.#decoder.decode(chunk, { stream: chunk !== undefined });
    }
  }
}
