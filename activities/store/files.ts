import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants, copyFile, link, mkdir, open, readdir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ArtifactRef, Made } from '../../shared/records.ts';
import { DiskRefused, LeaseLost, NoArtifact, refusalOf } from './refusals.ts';
import {
  ArtifactStore,
  checkedPrefix,
  checkedUri,
  madeUri,
  taken,
  type Appendable,
  type Body,
  type Outlasts,
} from './types.ts';
import { isUnfinished, sweepUnfinished, unfinishedName } from './unfinished.ts';

/**
 * A store that is a folder of this machine, or one that machines share. What is being written lies unfinished in its
 * URI's uppermost folder; what a kill leaves there is swept before the first write, and again when the disk is full.
 */
export class FileStore extends ArtifactStore {
  readonly root: string;
  readonly #mode: number;
  #swept: Promise<void> | undefined;

  /** @param mode of the files. @default 0o666, less the umask */
  constructor(root: string, mode = 0o666) {
    super();
    this.root = path.resolve(root);
    this.#mode = mode;
  }

  async stat(uri: string): Promise<{ bytes: number; changedAt: number } | undefined> {
    const file = await stat(this.path(uri)).catch(unlessAbsent);
    return file?.isFile() === true ? { bytes: file.size, changedAt: file.mtimeMs } : undefined;
  }

  async *read(uri: string, { from, to } = { from: 0, to: Infinity }): AsyncGenerator<Buffer> {
    if (from >= to) return;
    try {
      yield* createReadStream(this.path(uri), { start: from, end: to - 1 }) as AsyncIterable<Buffer>;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'EISDIR') throw new NoArtifact(uri, 'a folder', { cause: error });
      throw code === 'ENOENT' || code === 'ENOTDIR' ? new NoArtifact(uri, 'nothing', { cause: error }) : error;
    }
  }

  async *list(given: string): AsyncGenerator<string> {
    const prefix = checkedPrefix(given);
    const above = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const folder = above === '' ? this.root : this.path(above);
    const entries = (await readdir(folder, { withFileTypes: true }).catch(unlessAbsent)) ?? [];
    const uris: string[] = [];
    for (const entry of entries) {
      const linked = entry.isSymbolicLink() ? await stat(path.join(folder, entry.name)).catch(unlessAbsent) : entry;
      if (!isUnfinished(entry.name)) uris.push(above + entry.name + (linked?.isDirectory() === true ? '/' : ''));
    }
    for (const uri of uris.sort()) {
      if (!uri.startsWith(prefix)) continue;
      if (uri.endsWith('/')) yield* this.list(uri);
      else yield uri;
    }
  }

  async write(uri: string, body: Body, made?: Made): Promise<ArtifactRef> {
    const at = checkedUri(uri);
    return this.#whole(at, body, 'a power cut', async (unfinished, target, sha256) => {
      if (made !== undefined) await this.writeJson(madeUri(at), { sha256, ...made });
      await rename(unfinished, target);
      if (made === undefined) await this.#drop(madeUri(at));
      return { uri: at, sha256 };
    });
  }

  async create(uri: string, body: string, outlasts: Outlasts = 'a power cut'): Promise<'created' | 'exists'> {
    if ((await this.stat(uri)) !== undefined) return 'exists';
    return this.#whole(uri, body, outlasts, async (unfinished, target) => {
      try {
        await link(unfinished, target).catch((error: NodeJS.ErrnoException) => {
          if (!isWithoutLinks(error)) throw error;
          // No hard links here: still made by one alone, but a kill in the middle may leave a part of it.
          return copyFile(unfinished, target, constants.COPYFILE_EXCL);
        });
        return 'created';
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        return 'exists';
      }
    });
  }

  async remove(uri: string): Promise<void> {
    await this.#drop(uri);
    await this.#drop(madeUri(checkedUri(uri)));
  }

  async appendable(uri: string): Promise<Appendable> {
    const target = await this.#placeOf(uri);
    const file = await this.#writing(uri, () => open(target, 'a+', this.#mode));
    let { size } = await file.stat();
    if (size === 0) await sync(path.dirname(target));
    return {
      get size() {
        return size;
      },
      append: (bytes, outlasts) =>
        this.#writing(uri, async () => {
          await file.appendFile(bytes);
          const { size: now } = await file.stat();
          if (now !== size + bytes.length) throw new LeaseLost(uri, 'another process has written it');
          if (outlasts === 'a power cut') await file.datasync();
          size += bytes.length;
        }),
      async cut(to) {
        await file.truncate(to);
        size = to;
      },
      async read(from, to) {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(to - from), 0, to - from, from);
        return buffer.subarray(0, bytesRead);
      },
      close: () => file.close(),
    };
  }

  async local(uri: string): Promise<string> {
    return this.path(uri);
  }

  address(uri: string): string {
    return pathToFileURL(this.path(uri)).href;
  }

  /** Where a URI lies. */
  path(uri: string): string {
    return path.join(this.root, checkedUri(uri));
  }

  /** Where an artifact will lie, in a folder that is there. */
  async #placeOf(uri: string): Promise<string> {
    const target = this.path(uri);
    await this.#writing(uri, () => makeFolder(path.dirname(target))).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' || error.code === 'ENOTDIR' ? taken(uri) : error;
    });
    if ((await stat(target).catch(unlessAbsent))?.isDirectory() === true) throw taken(uri);
    return target;
  }

  async #drop(uri: string): Promise<void> {
    await unlink(this.path(uri)).catch(unlessAbsent);
  }

  /** The one way to write a file: beside, to the disk, in its place at once, and its folder to the disk. */
  async #whole<T>(
    uri: string,
    body: Body,
    outlasts: Outlasts,
    place: (unfinished: string, target: string, sha256: string) => Promise<T>,
  ): Promise<T> {
    const target = await this.#placeOf(uri);
    const folder = path.dirname(target);
    const [top = ''] = path.relative(this.root, folder).split(path.sep);
    this.#swept ??= sweepUnfinished(this.root).catch(() => undefined); // what cannot be swept is left
    await this.#swept;
    const unfinished = path.join(this.root, top, await unfinishedName());
    const hash = createHash('sha256');
    return this.#writing(uri, async () => {
      try {
        const file = await open(unfinished, 'w', this.#mode);
        try {
          for await (const chunk of typeof body === 'string' || ArrayBuffer.isView(body) ? [body] : body) {
            hash.update(chunk);
            await file.writeFile(chunk);
          }
          if (outlasts === 'a power cut') await file.sync();
        } finally {
          await file.close();
        }
        const placed = await place(unfinished, target, hash.digest('hex'));
        if (outlasts === 'a power cut') await sync(folder);
        return placed;
      } finally {
        await rm(unfinished, { force: true });
      }
    });
  }

  /** @throws `DiskRefused` where it is the disk that refuses. */
  async #writing<T>(uri: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const refusal = refusalOf(error, this.path(uri));
      if (refusal instanceof DiskRefused) this.#swept = undefined;
      throw refusal;
    }
  }
}

/** Whether a file of the folder can have two names; else claims are made another way, see `create`. */
export async function hasHardLinks(folder: string): Promise<boolean> {
  const [file, other] = [path.join(folder, await unfinishedName()), path.join(folder, await unfinishedName())];
  try {
    await writeFile(file, '');
    await link(file, other);
    return true;
  } catch (error) {
    if (isWithoutLinks(error as NodeJS.ErrnoException)) return false;
    throw error;
  } finally {
    for (const each of [file, other]) await rm(each, { force: true });
  }
}

/** EXDEV: there are hard links, but not from one folder to another. */
function isWithoutLinks({ code = '' }: NodeJS.ErrnoException): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'].includes(code);
}

/** A folder at a time: asked for all at once, Node calls a read-only disk and a used-up quota ENOENT. */
async function makeFolder(folder: string): Promise<void> {
  const there = await stat(folder).catch(unlessAbsent);
  if (there?.isDirectory() === true) return;
  if (folder !== path.dirname(folder)) await makeFolder(path.dirname(folder));
  await mkdir(folder).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST' || !(await stat(folder)).isDirectory()) throw error; // else another has just made it
  });
  await sync(path.dirname(folder));
}

/** Puts a folder's names to the disk, where that can be asked for: some file systems know no such thing. */
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync().catch((error: NodeJS.ErrnoException) => {
      if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes(error.code ?? '')) throw error;
    });
  } finally {
    await handle.close();
  }
}

function unlessAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
