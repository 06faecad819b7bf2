import { createHash, randomUUID } from 'node:crypto';
import type { ArtifactRef, Made } from '../../../shared/records.ts';
import { NoArtifact } from '../refusals.ts';
import {
  ArtifactStore,
  checkedPrefix,
  checkedUri,
  madeUri,
  taken,
  type Appendable,
  type Body,
  type Leftover,
} from '../types.ts';
import { S3Appendable } from './appendable.ts';
import { Bucket } from './bucket.ts';
import { LocalCopies } from './localCopies.ts';
import { addressOf, continuing, isPart, keyOf, uriOf, type S3Place } from './place.ts';

/** Ours: names that are known to be free of folders, or of artifacts above them, and are not asked about again. */
const KNOWN = 20_000;
/** Ours: a read that broke off is taken up where it was, so often without a byte in between. */
const READ_TRIES = 5;

/**
 * A store below a prefix of a bucket, on any server that heeds conditional writes. An artifact is an object; one that
 * grows is an object and its parts (`S3Appendable`).
 */
export class S3Store extends ArtifactStore {
  readonly place: S3Place;
  readonly bucket: Bucket;
  readonly #copies: LocalCopies;
  #known = new Set<string>();
  /** What this process has opened for appending, which may have parts. */
  readonly #grown = new Set<string>();

  /** @param cache folder of this machine for copies, which processes read (`local`). */
  constructor(place: S3Place, cache: string) {
    super();
    this.place = place;
    this.bucket = new Bucket(place);
    this.#copies = new LocalCopies(this, (uri) => this.#version(uri), cache);
  }

  async stat(uri: string): Promise<{ bytes: number; changedAt: number } | undefined> {
    const key = this.#key(uri);
    const head = await this.bucket.head(key);
    if (head?.grows !== true) return head && { bytes: head.bytes, changedAt: head.changedAt };
    const parts = await this.bucket.parts(key);
    const now = await this.bucket.head(key); // after its parts: they may have become part of it
    if (now === undefined) return undefined;
    const last = continuing(now.bytes, parts).at(-1);
    return {
      bytes: last === undefined ? now.bytes : last.offset + last.bytes,
      changedAt: Math.max(now.changedAt, ...parts.map(({ changedAt }) => changedAt)),
    };
  }

  async *read(uri: string, { from, to } = { from: 0, to: Infinity }): AsyncGenerator<Buffer> {
    const key = this.#key(uri);
    if (from >= to) return;
    for (let [at, etag, tries]: [number, string | undefined, number] = [from, undefined, 0]; ;) {
      const got = await this.bucket.get(key, { from: at, to });
      if (got === undefined) throw new NoArtifact(uri, (await this.exists(uri)) ? 'a folder' : 'nothing');
      const { head } = got;
      if (!head.grows && etag !== undefined && etag !== head.etag)
        throw new Error(`Expected ${uri} to stay as it was while it was read, but it was changed: read it again`);
      etag = head.etag;
      const before = at;
      try {
        for await (const chunk of got.body) {
          at += chunk.length;
          yield chunk;
        }
        if (!head.grows || at >= to) return;
        const parts = continuing(head.bytes, await this.bucket.parts(key));
        let isWhole = true;
        for (const part of parts) {
          const range = { from: at - part.offset, to: Math.min(part.bytes, to - part.offset) };
          if (range.from >= range.to) continue;
          const more = await this.bucket.get(part.key, range);
          isWhole = more !== undefined;
          if (more === undefined) break; // taken into another since it was listed
          for await (const chunk of more.body) {
            at += chunk.length;
            yield chunk;
          }
        }
        // Before its parts were listed they may have become part of it.
        if (isWhole && (await this.bucket.head(key))?.etag === etag) return;
      } catch (error) {
        tries = at > before ? 0 : tries + 1;
        if (!isBroken(error) || tries >= READ_TRIES) throw this.bucket.explained(error);
      }
    }
  }

  async *list(given: string): AsyncGenerator<string> {
    const prefix = checkedPrefix(given);
    for await (const { key } of this.bucket.list(keyOf(this.place, prefix))) {
      const uri = uriOf(this.place, key);
      if (uri !== undefined) yield uri;
    }
  }

  async write(uri: string, body: Body, made?: Made): Promise<ArtifactRef> {
    const at = checkedUri(uri);
    const [hadMade] = await Promise.all([
      made === undefined && this.bucket.head(this.#key(madeUri(at))),
      this.#seeFree(at),
    ]);
    const hash = createHash('sha256');
    const ref = () => ({ uri: at, sha256: hash.copy().digest('hex') });
    const tell = async () => made && this.writeJson(madeUri(at), { sha256: ref().sha256, ...made });
    if (typeof body === 'string' || ArrayBuffer.isView(body)) {
      hash.update(body);
      await tell();
      await this.bucket.put(this.#key(at), body);
    } else
      await this.bucket.upload(
        this.#key(at),
        (async function* () {
          for await (const chunk of body) {
            hash.update(chunk);
            yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
          }
          await tell(); // the object is there after its last byte
        })(),
      );
    if (hadMade) await this.bucket.remove([this.#key(madeUri(at))]);
    return ref();
  }

  async create(uri: string, body: string): Promise<'created' | 'exists'> {
    const at = checkedUri(uri);
    await this.#seeFree(at);
    const made = await this.bucket.put(this.#key(at), body, { ifNone: true, by: randomUUID() });
    return made === undefined ? 'exists' : 'created';
  }

  async remove(uri: string): Promise<void> {
    const at = checkedUri(uri);
    const parts = this.#grown.has(at) ? await this.bucket.parts(this.#key(at)) : [];
    await this.bucket.remove([at, madeUri(at)].map((each) => this.#key(each)));
    await this.bucket.remove(parts.map(({ key }) => key)); // without the object they do not count
  }

  async appendable(uri: string): Promise<Appendable> {
    const at = checkedUri(uri);
    await this.#seeFree(at);
    this.#grown.add(at);
    return S3Appendable.open(this.bucket, this.#key(at));
  }

  async local(uri: string): Promise<string> {
    return this.#copies.of(checkedUri(uri));
  }

  override async *leftovers(olderThanMs: number): AsyncGenerator<Leftover> {
    const isOld = (at: number): boolean => Date.now() - at > olderThanMs;
    for await (const { key, id, begunAt } of this.bucket.uploads(keyOf(this.place, '')))
      if (isOld(begunAt))
        yield { what: `unfinished upload of ${key}`, bytes: 0, remove: () => this.bucket.abort(key, id) };
    for await (const { key, bytes, changedAt } of this.bucket.list(keyOf(this.place, ''))) {
      const whole = key.replace(/\.appended\/\d+$/, '');
      if (!isPart(key) || !isOld(changedAt)) continue;
      const head = await this.bucket.head(whole);
      const parts = head?.grows === true ? continuing(head.bytes, await this.bucket.parts(whole)) : [];
      if (parts.some((part) => part.key === key)) continue;
      yield { what: `part of ${whole} that does not count`, bytes, remove: () => this.bucket.remove([key]) };
    }
  }

  address(uri: string): string {
    return addressOf(this.place, checkedUri(uri));
  }

  /** Another one whenever the bytes are others. */
  async #version(uri: string): Promise<string | undefined> {
    const head = await this.bucket.head(this.#key(uri));
    if (head?.grows !== true) return head?.etag;
    const now = await this.stat(uri);
    return now && `${now.bytes} bytes of ${now.changedAt}`;
  }

  #key(uri: string): string {
    return keyOf(this.place, checkedUri(uri));
  }

  /**
   * Sees that a URI is no folder, and that no artifact stands above it: servers with a flat list of keys do not care.
   * @throws `taken`
   */
  async #seeFree(at: string): Promise<void> {
    const above = at
      .split('/')
      .slice(0, -1)
      .map((_, index, names) => names.slice(0, index + 1).join('/'));
    const artifact = `${at}\n`; // no URI has a newline
    const asks = [
      ...above.filter((each) => !this.#known.has(each)).map((each) => this.bucket.head(this.#key(each))),
      ...(this.#known.has(artifact) ? [] : [this.#firstBelow(at)]),
    ];
    if ((await Promise.all(asks)).some((found) => found !== undefined)) throw taken(at);
    if (this.#known.size > KNOWN) this.#known.clear();
    for (const each of [...above, artifact]) this.#known.add(each);
  }

  async #firstBelow(at: string): Promise<string | undefined> {
    for await (const { key } of this.bucket.list(`${this.#key(at)}/`, 1)) return key;
    return undefined;
  }
}

/** Whether a connection ended within an answer. */
function isBroken(error: unknown): boolean {
  const { code = '', name } = error as NodeJS.ErrnoException;
  return /^(ECONNRESET|EPIPE|ETIMEDOUT|ERR_STREAM_PREMATURE_CLOSE)$/.test(code) || name === 'TimeoutError';
}
