import { setImmediate as endOfTurn } from 'node:timers/promises';
import { takeLease, type Lease } from './lease.ts';
import { lineBlocksOf, type FileLine } from './lines.ts';
import { DiskRefused, LeaseLost, StoreUnreachable } from './refusals.ts';
import type { Appendable, ArtifactStore, Outlasts } from './types.ts';

/** What the lines of a journal are. */
export interface JournalLines<T> {
  /** Such as `an outcome`. */
  readonly what: string;
  /** What a person does about a damaged one. */
  readonly remedy: string;
  readonly isOne: (value: Partial<T>) => boolean;
  /** @default 'a power cut' */
  readonly outlasts?: Outlasts;
  /** @default JournalDamaged */
  readonly Damaged?: typeof JournalDamaged;
}

interface JournalOptions<T> {
  readonly lines: JournalLines<T>;
  /** Called for each line that is there, in order. */
  readonly onLine?: (value: T, ordinal: number) => void;
  /** Done once nobody else writes the journal, before it is read. */
  readonly prepare?: () => Promise<void>;
}

/** A journal that cannot be trusted; nothing but a person can mend it. */
export class JournalDamaged extends Error {
  override readonly name: string = 'JournalDamaged';
}

interface JournalLine<T> {
  readonly value: T;
  /** Where the next one begins. */
  readonly end: number;
}

/** Lines that a journal holds, in order. A last one without its end is none: nobody was told of it. */
export async function* readJournal<T>(
  store: ArtifactStore,
  uri: string,
  lines: JournalLines<T>,
): AsyncGenerator<JournalLine<T>> {
  for await (const block of journalBlocks(store, uri, lines)) yield* block;
}

async function* journalBlocks<T>(store: ArtifactStore, uri: string, lines: JournalLines<T>) {
  if ((await store.stat(uri)) === undefined) return;
  for await (const block of lineBlocksOf(store.read(uri))) yield read(block, uri, lines);
}

function* read<T>(
  block: readonly FileLine[],
  uri: string,
  { what, remedy, isOne, Damaged = JournalDamaged }: JournalLines<T>,
): Generator<JournalLine<T>> {
  for (const { bytes, ended, number, offset } of block) {
    if (!ended) return;
    const value = parsed(bytes) as T | null;
    if (typeof value !== 'object' || value === null || !isOne(value)) {
      throw new Damaged(
        `Expected line ${number} of ${uri} (byte ${offset}) to be ${what}, got ` +
          `${JSON.stringify(bytes.toString('utf8', 0, 80))}: it was damaged after it was written. ${remedy}`,
      );
    }
    yield { value, end: offset + bytes.length + 1 };
  }
}

/** Journals up to this size are read at once where all of their lines are wanted; of larger ones line by line. */
const READ_WHOLE_BYTES = 32 * 1024 * 1024;

interface Append {
  readonly line: Buffer;
  readonly done: (ordinal: number) => void;
  readonly failed: (error: Error) => void;
}

/** JSON lines that one process at a time appends to, each safe before its `append` resolves. */
export class Journal<T> {
  readonly uri: string;
  readonly #file: Appendable;
  readonly #lease: Lease;
  /** Line i is the bytes from `#ends[i]` up to `#ends[i + 1]`. */
  readonly #ends: number[];
  readonly #lines: JournalLines<T>;
  #queue: Append[] = [];
  #writing: Promise<void> | undefined;
  #broken: Error | undefined;
  #closing: Promise<void> | undefined;

  private constructor(uri: string, lines: JournalLines<T>, file: Appendable, lease: Lease, ends: number[]) {
    this.uri = uri;
    this.#file = file;
    this.#lease = lease;
    this.#ends = ends;
    this.#lines = lines;
  }

  /**
   * Opens a journal, and makes it where it is missing. A torn last line is cut off.
   * @throws JournalDamaged when any other line is not what it should be, with its number.
   * @throws LeaseHeld when another process writes it.
   */
  static async open<T>(
    store: ArtifactStore,
    uri: string,
    { lines, onLine, prepare }: JournalOptions<T>,
  ): Promise<Journal<T>> {
    const lease = await takeLease(store, `${uri}.lock`);
    let file: Appendable | undefined;
    try {
      await prepare?.();
      const ends = [0];
      for await (const block of journalBlocks(store, uri, lines))
        for (const { value, end } of block) {
          ends.push(end);
          onLine?.(value, ends.length - 2);
        }
      file = await store.appendable(uri);
      if (file.size > (ends.at(-1) as number)) await file.cut(ends.at(-1) as number);
      return new Journal<T>(uri, lines, file, lease, ends);
    } catch (error) {
      await file?.close();
      await lease.release();
      throw error;
    }
  }

  /**
   * Lines that come while a write is under way go out together with the next.
   * @returns the line's ordinal, once it is safe.
   * @throws when it cannot be written; the journal then takes nothing more, and opening it again repairs it.
   */
  append(value: T): Promise<number> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((done, failed) => {
      this.#queue.push({ line: Buffer.from(`${JSON.stringify(value)}\n`), done, failed });
      // At the end of this turn of the event loop, so that all answers that came in it are one write.
      this.#writing ??= endOfTurn().then(() => this.#write());
    });
  }

  /** Bytes of its lines. */
  get bytes(): number {
    return this.#ends.at(-1) as number;
  }

  /** A line's text, without its end. */
  async line(ordinal: number): Promise<string> {
    return (await this.#bytes(this.#ends[ordinal] as number, (this.#ends[ordinal + 1] as number) - 1)).toString('utf8');
  }

  /** How to read many lines, while nothing is appended. @throws when something could not be. */
  async reader(): Promise<(ordinal: number) => string | Promise<string>> {
    await this.#writing;
    if (this.#broken !== undefined) throw this.#broken;
    const end = this.#ends.at(-1) as number;
    if (end > READ_WHOLE_BYTES) return (ordinal) => this.line(ordinal);
    const whole = await this.#bytes(0, end);
    return (ordinal) => whole.toString('utf8', this.#ends[ordinal], (this.#ends[ordinal + 1] as number) - 1);
  }

  async close(): Promise<void> {
    this.#broken ??= new Error(`Expected ${this.uri} to be open, but it was closed`);
    this.#closing ??= (async () => {
      await this.#writing;
      try {
        await this.#file.close();
      } finally {
        await this.#lease.release();
      }
    })();
    return this.#closing;
  }

  async #cut(size: number): Promise<void> {
    await this.#lease.sure(); // what is there now may be another's
    await this.#file.cut(size);
  }

  async #bytes(from: number, to: number): Promise<Buffer> {
    const bytes = await this.#file.read(from, to);
    if (bytes.length === to - from) return bytes;
    const { Damaged = JournalDamaged } = this.#lines;
    throw new Damaged(
      `Expected ${to - from} bytes at ${from} of ${this.uri}, got ${bytes.length}: it was changed while it was in use`,
    );
  }

  /** Writes what waits, and what comes meanwhile. Never rejects. */
  async #write(): Promise<void> {
    const { outlasts = 'a power cut' } = this.#lines;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      const size = this.#ends.at(-1) as number;
      try {
        await this.#lease.sure();
        await this.#file.append(Buffer.concat(batch.map(({ line }) => line)), outlasts);
        await this.#lease.sure(); // else another may have read it without these
      } catch (error) {
        this.#broken =
          error instanceof DiskRefused || error instanceof StoreUnreachable || error instanceof LeaseLost
            ? error
            : new Error(`Could not append to ${this.uri}: ${(error as Error).message}`, { cause: error });
        // Else it is cut, or its lines count, when it is opened again.
        if (!(error instanceof LeaseLost)) await this.#cut(size).catch(() => undefined);
        for (const { failed } of [...batch, ...this.#queue]) failed(this.#broken);
        this.#queue = [];
        continue;
      }
      for (const { line, done } of batch) done(this.#ends.push((this.#ends.at(-1) as number) + line.length) - 2);
    }
    this.#writing = undefined;
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined; // the caller names the line
  }
}
