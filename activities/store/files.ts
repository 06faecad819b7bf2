import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import type { ArtifactRef, DatasetRef } from '../../shared/records.ts';

/**
 * The data plane: all texts, in a local folder, append-only. Writes are atomic (a file is whole or absent) and every
 * artifact is known by its sha256.
 */
export class ArtifactStore {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  /**
   * Absolute path of a store URI.
   * @throws when the URI is absolute or leaves the store.
   */
  path(uri: string): string {
    const resolved = path.resolve(this.root, uri);
    if (path.isAbsolute(uri) || !resolved.startsWith(path.resolve(this.root) + path.sep)) {
      throw new Error(`Expected a path inside the artifact store, got ${JSON.stringify(uri)}`);
    }
    return resolved;
  }

  async exists(uri: string): Promise<boolean> {
    return stat(this.path(uri)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw error;
      },
    );
  }

  /** Writes rows as JSONL, atomically. An equal rewrite is harmless: it has the same digest. */
  async writeJsonl(uri: string, rows: Iterable<unknown> | AsyncIterable<unknown>): Promise<DatasetRef> {
    const hash = createHash('sha256');
    let count = 0;
    await this.atomically(uri, async (temporary) => {
      const out = createWriteStream(temporary);
      const failed = once(out, 'error').then(([error]) => Promise.reject(error as Error));
      failed.catch(() => undefined); // reported by the race below
      for await (const row of rows) {
        const line = `${JSON.stringify(row)}\n`;
        hash.update(line);
        count += 1;
        if (!out.write(line)) await Promise.race([once(out, 'drain'), failed]);
      }
      out.end();
      await Promise.race([once(out, 'finish'), failed]);
    });
    return { uri, sha256: hash.digest('hex'), rows: count };
  }

  async writeText(uri: string, text: string): Promise<ArtifactRef> {
    await this.atomically(uri, async (temporary) => {
      const file = await open(temporary, 'w');
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
    });
    return { uri, sha256: createHash('sha256').update(text).digest('hex') };
  }

  writeJson(uri: string, value: unknown): Promise<ArtifactRef> {
    return this.writeText(uri, `${JSON.stringify(value, null, 2)}\n`);
  }

  readText(uri: string): Promise<string> {
    return readFile(this.path(uri), 'utf8');
  }

  /** The reference of a file that is there. */
  async refOf(uri: string): Promise<ArtifactRef> {
    return {
      uri,
      sha256: createHash('sha256')
        .update(await readFile(this.path(uri)))
        .digest('hex'),
    };
  }

  async readJson<T>(uri: string): Promise<T> {
    return JSON.parse(await this.readText(uri)) as T;
  }

  /**
   * Rows of a dataset, in order.
   * @throws at the end when the content is not what the reference says: a changed artifact is not the same artifact.
   */
  async *readJsonl<T>(ref: DatasetRef): AsyncGenerator<T> {
    const hash = createHash('sha256');
    let count = 0;
    for await (const line of createInterface({ input: createReadStream(this.path(ref.uri)), crlfDelay: Infinity })) {
      hash.update(`${line}\n`);
      count += 1;
      yield JSON.parse(line) as T;
    }
    const sha256 = hash.digest('hex');
    if (sha256 !== ref.sha256) {
      throw new Error(
        `Expected ${ref.uri} to have sha256 ${ref.sha256} and ${ref.rows} rows, got ${sha256} and ${count}: it ` +
          'was changed after it was written',
      );
    }
  }

  async readRows<T>(ref: DatasetRef): Promise<T[]> {
    const rows: T[] = [];
    for await (const row of this.readJsonl<T>(ref)) rows.push(row);
    return rows;
  }

  private async atomically(uri: string, write: (temporary: string) => Promise<void>): Promise<void> {
    const target = this.path(uri);
    await mkdir(path.dirname(target), { recursive: true });
    const temporary = `${target}.${randomUUID()}.tmp`;
    await write(temporary);
    await rename(temporary, target);
  }
}
