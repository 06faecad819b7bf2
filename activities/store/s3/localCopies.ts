import { rm, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { randomUUID } from 'node:crypto';
import { checkpointDigest } from '../checkpoints.ts';
import { FileStore } from '../files.ts';
import { withLease } from '../lease.ts';
import type { ArtifactStore } from '../types.ts';

/** A checkpoint, which is never another under its digest. */
const CHECKPOINT = /^checkpoints\/([0-9a-f]{64})$/;

/**
 * Copies of artifacts in a folder of this machine, each made once, whole or not at all, however many processes ask at
 * once. A checkpoint is kept for good; another artifact is fetched again when it was changed.
 */
export class LocalCopies {
  readonly #store: ArtifactStore;
  readonly #versionOf: (uri: string) => Promise<string | undefined>;
  readonly #files: FileStore;
  /** Of each copy, which version it was made from. */
  readonly #about: FileStore;
  readonly #locks: FileStore;
  readonly #beside: string;

  /** @param versionOf an artifact: another one whenever its bytes are others, and none where it is not there. */
  constructor(store: ArtifactStore, versionOf: (uri: string) => Promise<string | undefined>, folder: string) {
    this.#store = store;
    this.#versionOf = versionOf;
    this.#files = new FileStore(path.join(folder, 'files'));
    this.#about = new FileStore(path.join(folder, 'about'));
    this.#locks = new FileStore(path.join(folder, 'locks'));
    this.#beside = path.join(folder, 'unfinished');
  }

  /** A place where nothing lies where nothing is stored. */
  async of(uri: string): Promise<string> {
    const place = this.#files.path(uri);
    const [, digest] = CHECKPOINT.exec(uri) ?? [];
    if (digest !== undefined && (await this.#files.exists(uri))) return place;
    await withLease(
      this.#locks,
      `${encodeURIComponent(uri)}.lock`,
      () => undefined,
      () => (digest === undefined ? this.#refresh(uri) : this.#fetchCheckpoint(uri, digest)),
    );
    return place;
  }

  async #fetchCheckpoint(uri: string, digest: string): Promise<void> {
    if (await this.#files.exists(uri)) return; // by another, meanwhile
    const folder = path.join(this.#beside, randomUUID());
    const draft = new FileStore(folder);
    try {
      let isThere = false;
      for await (const each of this.#store.list(`${uri}/`)) {
        await draft.write(each.slice(uri.length + 1), this.#store.read(each));
        isThere = true;
      }
      if (!isThere) return;
      const got = await checkpointDigest(folder);
      if (got !== digest)
        throw new Error(
          `Expected ${uri} to have the digest ${digest}, got ${got}: run \`flywheel store verify\`, and import it again`,
        );
      await mkdir(path.dirname(this.#files.path(uri)), { recursive: true });
      await rename(folder, this.#files.path(uri));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The artifact, or all below the folder; a copy of what is no more goes. */
  async #refresh(uri: string): Promise<void> {
    const there = new Set<string>();
    if ((await this.#versionOf(uri)) !== undefined) there.add(uri);
    else for await (const each of this.#store.list(`${uri}/`)) there.add(each);
    for (const each of there) await this.#copy(each);
    for (const prefix of [uri, `${uri}/`])
      for await (const each of this.#about.list(prefix)) {
        if (there.has(each) || (each !== uri && !each.startsWith(`${uri}/`))) continue;
        await this.#files.remove(each);
        await this.#about.remove(each);
      }
  }

  async #copy(uri: string): Promise<void> {
    const now = await this.#versionOf(uri); // before its bytes, which may be newer: it is fetched again then
    if (now === undefined) return;
    if ((await this.#about.findJson<string>(uri)) === now && (await this.#files.stat(uri)) !== undefined) return;
    await this.#files.write(uri, this.#store.read(uri));
    await this.#about.writeJson(uri, now);
  }
}
