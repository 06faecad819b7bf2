import { createHash } from 'node:crypto';
import path from 'node:path';
import type { ArtifactRef, DatasetRef, Made } from '../../shared/records.ts';
import { inBlocks, linesOf, type FileLine } from './lines.ts';

/** The content is not what the reference says: a changed artifact is not the same artifact. */
export class ArtifactChanged extends Error {}

/** An artifact's content. Chunks are written as they come: give some kilobytes at a time. */
export type Body = string | Uint8Array | AsyncIterable<string | Uint8Array>;

/** What something is safe from once its promise has resolved. */
export type Outlasts = 'a kill' | 'a power cut';

/** An artifact that grows at its end, open for one writer. Only `Journal` asks for one. */
export interface Appendable {
  /** Bytes that it holds. */
  readonly size: number;
  /** Resolves when the bytes are safe from what they shall outlast. */
  append(bytes: Buffer, outlasts: Outlasts): Promise<void>;
  /** Drops everything from `size` on. */
  cut(size: number): Promise<void>;
  /** The bytes from `from` up to, without, `to`. */
  read(from: number, to: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** See `ArtifactStore.leftovers`. */
export interface Leftover {
  readonly what: string;
  /** As far as it is known. */
  readonly bytes: number;
  remove(): Promise<void>;
}

/**
 * The data plane: all texts and models, by URI. A URI is a path inside the store, such as
 * `laps/main/lap-0001/plan.json`; folders are no more than what URIs have in common. The abstract members are what a
 * store has to promise, whatever it keeps things in; test/activities/store/contract.ts tries them. The others are built
 * on these, once for all stores. A URI that names no place in the store is refused by every member, with `checkedUri`:
 * by a rejected promise, `address` by a throw. References that come back have it in plain form.
 */
export abstract class ArtifactStore {
  /** Undefined where there is no such artifact, and for a folder. `changedAt` is in milliseconds since the epoch. */
  abstract stat(uri: string): Promise<{ readonly bytes: number; readonly changedAt: number } | undefined>;

  /**
   * The artifact's bytes, from `from` up to, without, `to`; what lies beyond its end is left out. One that is being
   * appended to is read up to some moment of now.
   * @throws `NoArtifact`, once it is iterated, where there is no such artifact: nothing, or a folder.
   */
  abstract read(uri: string, range?: { readonly from: number; readonly to: number }): AsyncIterable<Buffer>;

  /**
   * URIs that begin with the prefix, sorted, at any depth. What is not written whole yet is not among them.
   * @param prefix of URIs in plain form; of a folder outside the store it is refused, with `checkedPrefix`.
   */
  abstract list(prefix: string): AsyncIterable<string>;

  /**
   * Writes an artifact, in place of one that is there: at every moment, also after a kill or a power cut, there is the
   * old one or the new one, whole. Of a write that fails nothing is left.
   * @param made what it was made of, kept as `<uri>.made.json` with the artifact's digest. It is there before the
   * artifact is: none that was written with it ever lacks it. A write without it leaves none of an earlier one.
   * @throws `taken` where the URI is a folder's, or lies below an artifact; `DiskRefused` where there is no room for
   * it; `create` and `appendable` do, too.
   */
  abstract write(uri: string, body: Body, made?: Made): Promise<ArtifactRef>;

  /**
   * Writes an artifact unless it is there: of all who try, in whatever process and on whatever machine, exactly one
   * gets `created`. The only lock there is.
   * @param outlasts @default 'a power cut'
   */
  abstract create(uri: string, body: string, outlasts?: Outlasts): Promise<'created' | 'exists'>;

  /** With what it was made of. Does nothing where there is no such artifact. */
  abstract remove(uri: string): Promise<void>;

  /** Opens an artifact for appending, and makes it where it is missing. `Journal` sees to it that one writer does. */
  abstract appendable(uri: string): Promise<Appendable>;

  /**
   * Path of a file or folder of this machine with the artifact or the artifacts below, for processes that read files;
   * nothing lies there where nothing is stored. Where `address` is `file:` it is the same place, and what a process
   * writes there is stored: a training job's log is. From other stores it is a copy, and what is written to it is lost.
   */
  abstract local(uri: string): Promise<string>;

  /**
   * What a process on another machine is told: `file:///…`, or `s3://bucket/key` with the key as it is. Nothing has to
   * be there yet. Trainers read and write by these two.
   */
  abstract address(uri: string): string;

  /**
   * What kills left that is no artifact, and is of no use to anybody: older than this.
   * @default what sweeps itself
   */
  async *leftovers(_olderThanMs: number): AsyncGenerator<Leftover> {}

  /** By what a job is told an artifact: a path where the store is a file system, which it shares; else an address. */
  async forJobs(uri: string): Promise<string> {
    const address = this.address(uri);
    return address.startsWith('file:') ? this.local(uri) : address;
  }

  /** Whether there is such an artifact, or a folder of that name. */
  async exists(uri: string): Promise<boolean> {
    if ((await this.stat(uri)) !== undefined) return true;
    for await (const _ of this.list(`${uri}/`)) return true;
    return false;
  }

  async readBytes(uri: string, range?: { readonly from: number; readonly to: number }): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.read(uri, range)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async readText(uri: string): Promise<string> {
    return (await this.readBytes(uri)).toString('utf8');
  }

  async readJson<T>(uri: string): Promise<T> {
    return JSON.parse(await this.readText(uri)) as T;
  }

  /** Undefined where there is no such artifact. */
  async findJson<T>(uri: string): Promise<T | undefined> {
    return (await this.stat(uri)) === undefined ? undefined : this.readJson<T>(uri);
  }

  /**
   * Lines of a dataset, in order.
   * @throws ArtifactChanged, at the end.
   */
  async *lines({ uri, sha256, rows }: ArtifactRef & Partial<DatasetRef>): AsyncGenerator<FileLine> {
    const hash = createHash('sha256');
    let count = 0;
    for await (const line of linesOf(this.read(uri))) {
      hash.update(line.bytes).update(line.ended ? '\n' : '');
      count += 1;
      yield line;
    }
    const got = hash.digest('hex');
    if (got !== sha256 || (rows ?? count) !== count)
      throw new ArtifactChanged(
        `Expected ${uri} to have sha256 ${sha256} and ${rows ?? count} rows, got ${got} and ${count}: it was ` +
          'changed after it was written',
      );
  }

  /** Its rows. */
  async *readJsonl<T>(ref: ArtifactRef & Partial<DatasetRef>): AsyncGenerator<T> {
    for await (const { bytes } of this.lines(ref)) yield JSON.parse(bytes.toString('utf8')) as T;
  }

  /** The rows of datasets, one dataset after the other. */
  async readRows<T>(...parts: readonly DatasetRef[]): Promise<T[]> {
    const rows: T[] = [];
    for (const part of parts) for await (const row of this.readJsonl<T>(part)) rows.push(row);
    return rows;
  }

  async rowsById<T extends { readonly id: string }>(...parts: readonly DatasetRef[]): Promise<Map<string, T>> {
    return new Map((await this.readRows<T>(...parts)).map((row) => [row.id, row]));
  }

  /** The reference of an artifact that is there. */
  async refOf(uri: string): Promise<ArtifactRef> {
    const hash = createHash('sha256');
    for await (const chunk of this.read(uri)) hash.update(chunk);
    return { uri: checkedUri(uri), sha256: hash.digest('hex') };
  }

  writeJson(uri: string, value: unknown, made?: Made): Promise<ArtifactRef> {
    return this.write(uri, `${JSON.stringify(value, null, 2)}\n`, made);
  }

  /** Writes a dataset, a row a line. */
  async writeJsonl(uri: string, rows: Iterable<unknown> | AsyncIterable<unknown>, made?: Made): Promise<DatasetRef> {
    let count = 0;
    async function* lines(): AsyncGenerator<string> {
      for await (const row of rows) {
        count += 1;
        yield `${JSON.stringify(row)}\n`;
      }
    }
    return { ...(await this.write(uri, inBlocks(lines()), made)), rows: count };
  }

  /**
   * What an artifact was made of, and its digest then; undefined where nobody said so. A kill within a write may leave
   * that of the other content: the digest tells.
   */
  async readMade(uri: string): Promise<Omit<MadeArtifact, 'uri'> | undefined> {
    return this.findJson(madeUri(checkedUri(uri)));
  }

  /** The same of all artifacts whose URIs begin with one of these prefixes. */
  async listMade(...prefixes: readonly string[]): Promise<MadeArtifact[]> {
    const found: MadeArtifact[] = [];
    const ending = madeUri('');
    for (const prefix of prefixes) {
      for await (const uri of this.list(prefix)) {
        const made = uri.endsWith(ending) ? await this.readMade(uri.slice(0, -ending.length)) : undefined;
        if (made !== undefined) found.push({ uri: uri.slice(0, -ending.length), ...made });
      }
    }
    return found;
  }
}

export type MadeArtifact = ArtifactRef & Made;

export function madeUri(uri: string): string {
  return `${uri}.made.json`;
}

/**
 * The URI in its plain form.
 * @throws when it does not name a place inside the store.
 */
export function checkedUri(uri: string): string {
  const plain = path.posix.normalize(uri).replace(/\/$/, '');
  if (uri === '' || uri.startsWith('/') || /^\.\.?(\/|$)/.test(plain) || /\p{Cc}/u.test(uri)) {
    throw new Error(`Expected a path inside the artifact store, got ${JSON.stringify(uri)}`);
  }
  return plain;
}

/** A prefix of URIs, what it says of folders in plain form. */
export function checkedPrefix(prefix: string): string {
  const name = prefix.lastIndexOf('/') + 1;
  return name === 0 ? prefix : `${checkedUri(prefix.slice(0, name))}/${prefix.slice(name)}`;
}

/** A URI is an artifact's or a folder's, not both. */
export function taken(uri: string): Error {
  return new Error(`Expected ${uri} to be free for an artifact, got a folder there or an artifact above it`);
}
