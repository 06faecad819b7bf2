import { randomUUID } from 'node:crypto';
import { LeaseLost } from '../refusals.ts';
import type { Appendable } from '../types.ts';
import type { Bucket, Head } from './bucket.ts';
import { continuing, partKey, type Part } from './place.ts';

/** Parts of the same level are made one of the next when there are so many: few to list, and no byte copied often. */
const FAN = 64;
/** Ours: what was appended is kept in memory up to so much, so that joining and closing need not fetch it. */
const KEPT_BYTES = 16 * 2 ** 20;
/** The largest object that a server copies in one request. */
const COPIED_BYTES = 5e9;

interface OwnPart extends Part {
  readonly level: number;
  readonly kept: Buffer | undefined;
}

/**
 * An artifact that grows: an object that says so, and what came since in parts beside it, each made by a write that
 * fails where there is one. Closed, and when it is opened after a kill, it is one object again; until the parts are gone
 * then, they begin within it and do not count.
 */
export class S3Appendable implements Appendable {
  readonly #bucket: Bucket;
  readonly #key: string;
  /** Of the object, without the parts. */
  #head: Pick<Head, 'bytes' | 'etag'>;
  #parts: OwnPart[] = [];

  private constructor(bucket: Bucket, key: string, head: Head) {
    this.#bucket = bucket;
    this.#key = key;
    this.#head = head;
  }

  static async open(bucket: Bucket, key: string): Promise<S3Appendable> {
    for (;;) {
      const head = await bucket.head(key);
      const parts = await bucket.parts(key);
      if (head?.grows === true) {
        const opened = new S3Appendable(bucket, key, head);
        opened.#parts = continuing(head.bytes, parts).map((part) => ({ ...part, level: 0, kept: undefined }));
        if (opened.#parts.length > 0) await opened.#become(opened.size);
        await bucket.remove(parts.map((part) => part.key));
        return opened;
      }
      // Of an artifact that is no more.
      await bucket.remove(parts.map((part) => part.key));
      if (head === undefined) await bucket.put(key, '', { ifNone: true, grows: true, by: randomUUID() });
      else if (head.bytes <= COPIED_BYTES) await bucket.retell(key, head, { grows: true });
      else await bucket.upload(key, whole(bucket, key), { ifMatch: head.etag, grows: true, by: randomUUID() });
    }
  }

  get size(): number {
    const last = this.#parts.at(-1);
    return last === undefined ? this.#head.bytes : last.offset + last.bytes;
  }

  /** @throws LeaseLost */
  async append(bytes: Buffer): Promise<void> {
    const offset = this.size;
    const key = partKey(this.#key, offset);
    const by = randomUUID();
    if ((await this.#bucket.put(key, bytes, { ifNone: true, by })) === undefined)
      throw new LeaseLost(this.#key, `another process has written byte ${offset} of it`);
    const kept = this.#kept() + bytes.length <= KEPT_BYTES ? Buffer.from(bytes) : undefined;
    this.#parts.push({ key, offset, bytes: bytes.length, level: 0, kept });
    // What was appended is safe; what could not be joined is joined at the next try.
    await this.#join().catch(() => undefined);
  }

  async cut(to: number): Promise<void> {
    if (to < this.size) await this.#become(to);
  }

  async read(from: number, to: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#read(from, Math.min(to, this.size))) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async close(): Promise<void> {
    // What stays in parts counts as well, and is made one when it is opened again.
    if (this.#parts.length > 0) await this.#become(this.size).catch(() => undefined);
  }

  #kept(): number {
    return this.#parts.reduce((sum, { kept }) => sum + (kept?.length ?? 0), 0);
  }

  /** Makes the last parts one, where there are enough of a level. The joined part stands in the first one's place. */
  async #join(): Promise<void> {
    for (;;) {
      const last = this.#parts.slice(-FAN);
      const [first] = last;
      if (first === undefined || last.length < FAN || last.some(({ level }) => level !== first.level)) return;
      const { key, offset } = first;
      await this.#bucket.upload(key, this.#read(offset, this.size), { by: randomUUID() });
      const joined = { key, offset, bytes: this.size - offset, level: first.level + 1, kept: undefined };
      this.#parts = [...this.#parts.slice(0, -FAN), joined];
      await this.#bucket.remove(last.slice(1).map((part) => part.key));
    }
  }

  /** Makes the object all bytes up to `to`, and removes the parts. */
  async #become(to: number): Promise<void> {
    const parts = this.#parts;
    const told = { ifMatch: this.#head.etag, grows: true, by: randomUUID() };
    const etag = await this.#bucket.upload(this.#key, this.#read(0, to), told);
    if (etag === undefined) throw new LeaseLost(this.#key, 'another process has written it');
    this.#head = { bytes: to, etag };
    this.#parts = [];
    await this.#bucket.remove(parts.map((part) => part.key));
  }

  async *#read(from: number, to: number): AsyncGenerator<Buffer> {
    const object = { key: this.#key, offset: 0, bytes: this.#head.bytes, kept: undefined };
    for (const { key, offset, bytes, kept } of [object, ...this.#parts]) {
      const range = { from: Math.max(from - offset, 0), to: Math.min(to - offset, bytes) };
      if (range.from >= range.to) continue;
      if (kept === undefined) yield* (await this.#bucket.get(key, range))?.body ?? [];
      else yield kept.subarray(range.from, range.to);
    }
  }
}

async function* whole(bucket: Bucket, key: string): AsyncGenerator<Buffer> {
  yield* (await bucket.get(key))?.body ?? [];
}
