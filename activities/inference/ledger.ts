import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, stat, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { Outcome } from '../../shared/outcomes.ts';
import { linesOf } from '../store/lines.ts';
import { lockLedger, type LedgerLock } from '../store/ledgerLock.ts';
import { sealLines, unsealFile } from './sealedLedger.ts';

/** A ledger that cannot be trusted; nothing but a person can mend it. */
export class LedgerDamaged extends Error {
  override readonly name = 'LedgerDamaged';
}

/** Ledgers up to this size are read at once to be sealed; larger ones line by line, so that memory stays bounded. */
const READ_WHOLE_BYTES = 32 * 1024 * 1024;

interface Append {
  readonly key: string;
  readonly line: string;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

/**
 * The outcomes of calls, a JSON line each, written by one process at a time. `append` resolves when the line has been
 * handed to the operating system: it survives a kill -9 of the process (a power cut may take the last lines; their
 * calls are then made again). Lines that come while a write is under way go out together with the next.
 */
export class Ledger {
  readonly file: string;
  readonly #handle: FileHandle;
  readonly #lock: LedgerLock;
  /** Key → ordinal of its line; line i is the bytes from `#offsets[i]` to `#offsets[i + 1]`, newline included. */
  readonly #index: Map<string, number>;
  readonly #offsets: number[];
  #queue: Append[] = [];
  #writing: Promise<void> | undefined;
  #broken: Error | undefined;
  #closing: Promise<void> | undefined;

  private constructor(parts: {
    file: string;
    handle: FileHandle;
    lock: LedgerLock;
    index: Map<string, number>;
    offsets: number[];
  }) {
    this.file = parts.file;
    this.#handle = parts.handle;
    this.#lock = parts.lock;
    this.#index = parts.index;
    this.#offsets = parts.offsets;
  }

  /**
   * Opens `file` (a path that ends in `.jsonl`), creating it and its folder where needed. A sealed ledger is opened
   * again for appending. A torn last line is cut off: nobody was told of it.
   * @throws LedgerDamaged when any other line is not an outcome, with its number.
   * @throws LedgerBusy when another live process writes it.
   */
  static async open(file: string): Promise<Ledger> {
    await mkdir(path.dirname(file), { recursive: true });
    const lock = await lockLedger(file);
    let handle: FileHandle | undefined;
    try {
      await unsealFile(file);
      handle = await open(file, 'a+');
      const { index, offsets } = await scan(file);
      const end = offsets.at(-1) ?? 0;
      if ((await handle.stat()).size > end) await handle.truncate(end);
      return new Ledger({ file, handle, lock, index, offsets });
    } catch (error) {
      await handle?.close();
      await lock.release();
      throw error;
    }
  }

  get size(): number {
    return this.#index.size;
  }

  has(key: string): boolean {
    return this.#index.has(key);
  }

  async get(key: string): Promise<Outcome | undefined> {
    const ordinal = this.#index.get(key);
    return ordinal === undefined ? undefined : (JSON.parse(await this.#lineAt(ordinal)) as Outcome);
  }

  /**
   * Resolves once the outcome is written.
   * @throws when it cannot be written; the ledger then takes nothing more, and opening it again repairs it.
   */
  append(outcome: Outcome): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((done, failed) => {
      this.#queue.push({ key: outcome.key, line: `${JSON.stringify(outcome)}\n`, done, failed });
      // At the end of this turn of the event loop, so that all answers that came in it are one write.
      this.#writing ??= endOfTurn().then(() => this.#write());
    });
  }

  /**
   * Closes the ledger and leaves it compressed, as `<file>.gz`: first the outcomes named, in that order, then the
   * others, marked `unused`. A kill at any moment leaves one whole ledger or both forms of it.
   */
  async seal(order: Iterable<string>): Promise<void> {
    await this.#writing;
    if (this.#broken !== undefined) throw this.#broken;
    const used: number[] = [];
    const rest = new Map(this.#index);
    for (const key of order) {
      const ordinal = rest.get(key);
      if (ordinal === undefined) continue;
      used.push(ordinal);
      rest.delete(key);
    }
    const end = this.#offsets.at(-1) ?? 0;
    const whole = end <= READ_WHOLE_BYTES ? await readFile(this.file) : undefined;
    const read =
      whole === undefined
        ? (ordinal: number) => this.#lineAt(ordinal)
        : (ordinal: number) =>
            whole.toString('utf8', this.#offsets[ordinal], (this.#offsets[ordinal + 1] as number) - 1);
    await sealLines(this.file, { used, unused: [...rest.values()], read });
    await unlink(this.file);
    await this.close();
  }

  async close(): Promise<void> {
    this.#broken ??= new Error(`Expected ${this.file} to be open, but it was closed`);
    this.#closing ??= (async () => {
      await this.#writing;
      await this.#handle.close();
      await this.#lock.release();
    })();
    return this.#closing;
  }

  async #lineAt(ordinal: number): Promise<string> {
    const start = this.#offsets[ordinal] as number;
    const length = (this.#offsets[ordinal + 1] as number) - start - 1;
    const { buffer, bytesRead } = await this.#handle.read(Buffer.allocUnsafe(length), 0, length, start);
    if (bytesRead !== length)
      throw new LedgerDamaged(
        `Expected ${length} bytes at ${start} of ${this.file}, got ${bytesRead}: the file was changed while it ` +
          'was in use',
      );
    return buffer.toString('utf8');
  }

  /** Writes what waits, and what comes meanwhile. Never rejects. */
  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        // The file was opened for appending, so bytes always land at its end.
        await this.#handle.appendFile(
          batch.length === 1 ? (batch[0] as Append).line : batch.map(({ line }) => line).join(''),
        );
      } catch (error) {
        this.#broken = new Error(`Could not append to ${this.file}: ${(error as Error).message}`, { cause: error });
        for (const { failed } of [...batch, ...this.#queue]) failed(this.#broken);
        this.#queue = [];
        continue;
      }
      for (const { key, line, done } of batch) {
        const start = this.#offsets.at(-1) as number;
        this.#index.set(key, this.#offsets.length - 1);
        this.#offsets.push(start + Buffer.byteLength(line));
        done();
      }
    }
    this.#writing = undefined;
  }
}

async function scan(file: string): Promise<{ index: Map<string, number>; offsets: number[] }> {
  const index = new Map<string, number>();
  const offsets = [0];
  if ((await stat(file)).size === 0) return { index, offsets };
  for await (const line of linesOf(createReadStream(file))) {
    if (!line.ended) break;
    const key = keyOf(line.bytes);
    if (key === undefined) {
      throw new LedgerDamaged(
        `Expected line ${line.number} of ${file} (byte ${line.offset}) to be an outcome, got ` +
          `${JSON.stringify(line.bytes.subarray(0, 80).toString('utf8'))}: it was damaged after it was written. ` +
          'Restore the file, or delete that line to pay for its call again',
      );
    }
    index.set(key, offsets.length - 1);
    offsets.push(line.offset + line.bytes.length + 1);
  }
  return { index, offsets };
}

function keyOf(bytes: Buffer): string | undefined {
  try {
    const outcome = JSON.parse(bytes.toString('utf8')) as Partial<Outcome> | null;
    return typeof outcome?.key === 'string' && typeof outcome.kind === 'string' ? outcome.key : undefined;
  } catch {
    return undefined;
  }
}
