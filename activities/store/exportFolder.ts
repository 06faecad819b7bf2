import { createHash } from 'node:crypto';
import { constants, copyFile, link, mkdir, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { prefixOf } from '../../shared/ids.ts';
import type { CheckpointRef } from '../../shared/records.ts';
import { checkpointFiles } from './checkpoints.ts';
import { FileStore } from './files.ts';
import { refusalOf } from './refusals.ts';
import { ArtifactChanged, type ArtifactStore } from './types.ts';
import { isLeft, isUnfinished, unfinishedName } from './unfinished.ts';

/** The folder that a person names is no place for something of its own. */
export class FolderTaken extends Error {
  override readonly name = 'FolderTaken';
}

/**
 * Makes a folder whole or not at all: it is filled beside its place, and renamed into it. What a kill leaves beside is
 * removed by the next that is made there.
 * @throws FolderTaken where something lies there already; an empty folder may.
 */
export async function newFolder<T>(named: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const target = await freeFolder(named);
  const parent = path.dirname(target);
  const first = await mkdir(parent, { recursive: true });
  await sweep(parent);
  const beside = path.join(parent, await unfinishedName());
  try {
    await mkdir(beside);
    const filled = await fill(beside);
    await rename(beside, target).catch((error: NodeJS.ErrnoException) => {
      const { code = '' } = error;
      if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) throw takenBy(named, 'something that came meanwhile');
      if (['EBUSY', 'EXDEV'].includes(code)) throw takenBy(named, 'a mount: name a folder below it');
      throw error;
    });
    return filled;
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    if (first !== undefined) await removeEmpty(parent, first);
    throw refusalOf(error, target);
  }
}

/**
 * Where a folder would be, by its own name.
 * @throws FolderTaken where something lies there.
 */
export async function freeFolder(named: string): Promise<string> {
  const there = await stat(named).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error.code === 'ENOTDIR' ? takenBy(named, 'a path through a file') : error;
  });
  if (there === undefined) return path.resolve(named);
  if (!there.isDirectory()) throw takenBy(named, 'a file');
  const [first, ...others] = await readdir(named);
  if (first !== undefined)
    throw takenBy(named, `one that holds ${first}${others.length > 0 ? ` and ${others.length} more` : ''}`);
  return realpath(named);
}

const takenBy = (named: string, what: string) =>
  new FolderTaken(`Expected ${named} to be a new folder, or an empty one, got ${what}: name another`);

async function sweep(folder: string): Promise<void> {
  for (const name of (await readdir(folder)).filter(isUnfinished))
    if (await isLeft(folder, name)) await rm(path.join(folder, name), { recursive: true, force: true });
}

/** Folders from `folder` up to `top`, which this process made and nobody has used. */
async function removeEmpty(folder: string, top: string): Promise<void> {
  for (let at = folder; at.startsWith(top); at = path.dirname(at)) {
    const isGone = await rmdir(at).then(
      () => true,
      () => false, // another uses it
    );
    if (!isGone) return;
  }
}

/** How a checkpoint's files came to where they were to be. */
export interface PlacedCheckpoint {
  readonly files: readonly string[];
  readonly bytes: number;
  /** Files that take no room of their own: the file system shares their blocks. */
  readonly cloned: number;
  /** Files that are the store's, under a second name. */
  readonly linked: number;
}

interface Placing {
  /** Weights may be hard links to the store's files: whoever writes into one changes the store's. */
  readonly link: boolean;
  readonly signal: AbortSignal;
}

/**
 * Puts a checkpoint's files into a folder and checks them by its digest as they come: clones where the file system can,
 * hard links of weights where they may be, copies else.
 * @throws ArtifactChanged where the store holds another checkpoint than the reference says.
 */
export async function placeCheckpoint(
  store: ArtifactStore,
  ref: CheckpointRef,
  folder: string,
  { link: mayLink, signal }: Placing,
): Promise<PlacedCheckpoint> {
  const to = new FileStore(folder);
  const names = await checkpointFiles(store, ref);
  const digest = createHash('sha256');
  let [bytes, cloned, linked] = [0, 0, 0];
  for (const name of names) {
    signal.throwIfAborted();
    const from = prefixOf(ref.uri) + name;
    const place = to.path(name);
    await mkdir(path.dirname(place), { recursive: true });
    const local = store.address(from).startsWith('file:') ? await store.local(from) : undefined;
    const isCloned = local !== undefined && (await managed(copyFile(local, place, constants.COPYFILE_FICLONE_FORCE)));
    const isLinked =
      local !== undefined && !isCloned && mayLink && isWeights(name) && (await managed(link(local, place)));
    const written = isCloned || isLinked ? await to.refOf(name) : await to.write(name, until(signal, store.read(from)));
    digest.update(`${written.sha256}  ${name}\n`);
    bytes += (await to.stat(name))?.bytes ?? 0;
    cloned += Number(isCloned);
    linked += Number(isLinked);
  }
  const got = digest.digest('hex');
  if (got !== ref.sha256)
    throw new ArtifactChanged(
      `Expected ${ref.uri} to have the digest ${ref.sha256}, got ${got}: it was changed, or not written whole`,
    );
  return { files: names, bytes, cloned, linked };
}

const isWeights = (name: string): boolean => /\.(safetensors|bin)$/.test(name);

/** False where the file system knows no such thing, or not from there to here. */
async function managed(work: Promise<void>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'ENOTTY', 'EINVAL', 'EXDEV', 'EPERM', 'EMLINK'].includes(code))
      return false;
    throw error;
  }
}

async function* until(signal: AbortSignal, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
  }
}
