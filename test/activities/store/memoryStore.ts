import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ArtifactRef, Made } from '../../../shared/records.ts';
import { NoArtifact } from '../../../activities/store/refusals.ts';
import {
  ArtifactStore,
  checkedPrefix,
  checkedUri,
  madeUri,
  taken,
  type Appendable,
  type Body,
} from '../../../activities/store/types.ts';

/** A fake: keeps everything in this process, and nothing after it. Shows what a store has to do that is no folder. */
export class MemoryStore extends ArtifactStore {
  readonly #artifacts = new Map<string, { readonly bytes: Buffer; readonly changedAt: number }>();

  async stat(uri: string): Promise<{ bytes: number; changedAt: number } | undefined> {
    const found = this.#artifacts.get(checkedUri(uri));
    return found && { bytes: found.bytes.length, changedAt: found.changedAt };
  }

  async *read(uri: string, range?: { readonly from: number; readonly to: number }): AsyncGenerator<Buffer> {
    const found = this.#artifacts.get(checkedUri(uri));
    if (found === undefined) throw new NoArtifact(uri, (await this.exists(uri)) ? 'a folder' : 'nothing');
    yield found.bytes.subarray(range?.from, range?.to);
  }

  async *list(given: string): AsyncGenerator<string> {
    const prefix = checkedPrefix(given);
    for (const uri of [...this.#artifacts.keys()].sort()) if (uri.startsWith(prefix)) yield uri;
  }

  async write(uri: string, body: Body, made?: Made): Promise<ArtifactRef> {
    const at = this.#placeOf(uri);
    const chunks: Buffer[] = [];
    for await (const chunk of typeof body === 'string' || ArrayBuffer.isView(body) ? [body] : body)
      chunks.push(Buffer.from(chunk as string));
    const bytes = Buffer.concat(chunks);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (made !== undefined) await this.writeJson(madeUri(at), { sha256, ...made });
    this.#put(at, bytes);
    if (made === undefined) this.#artifacts.delete(madeUri(at));
    return { uri: at, sha256 };
  }

  async create(uri: string, body: string): Promise<'created' | 'exists'> {
    if (this.#artifacts.has(checkedUri(uri))) return 'exists';
    this.#put(this.#placeOf(uri), Buffer.from(body));
    return 'created';
  }

  async remove(uri: string): Promise<void> {
    const at = checkedUri(uri);
    for (const each of [at, madeUri(at)]) this.#artifacts.delete(each);
  }

  async appendable(uri: string): Promise<Appendable> {
    const at = this.#placeOf(uri);
    const now = (): Buffer => this.#artifacts.get(at)?.bytes ?? Buffer.alloc(0);
    this.#put(at, now());
    return {
      get size() {
        return now().length;
      },
      append: async (bytes) => this.#put(at, Buffer.concat([now(), bytes])),
      cut: async (size) => this.#put(at, now().subarray(0, size)),
      read: async (from, to) => now().subarray(from, to),
      close: async () => undefined,
    };
  }

  /** A copy, in a folder of its own. */
  async local(uri: string): Promise<string> {
    const folder = await mkdtemp(path.join(tmpdir(), 'flywheel-memory-'));
    for await (const each of this.list(checkedUri(uri))) {
      await mkdir(path.join(folder, path.dirname(each)), { recursive: true });
      await writeFile(path.join(folder, each), await this.readBytes(each));
    }
    return path.join(folder, uri);
  }

  address(uri: string): string {
    return `memory:///${checkedUri(uri)}`;
  }

  #placeOf(uri: string): string {
    const at = checkedUri(uri);
    for (const each of this.#artifacts.keys())
      if (each.startsWith(`${at}/`) || at.startsWith(`${each}/`)) throw taken(uri);
    return at;
  }

  #put(uri: string, bytes: Buffer): void {
    this.#artifacts.set(uri, { bytes, changedAt: Date.now() });
  }
}
