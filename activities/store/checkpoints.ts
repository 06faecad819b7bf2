import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { CheckpointRef, Made } from '../../shared/records.ts';
import { madeUri, type ArtifactStore } from './types.ts';
import { uri } from '../../shared/ids.ts';

/**
 * Identity of a checkpoint: sha256 over the lines `<sha256 of file>  <file name>\n` of every file in the folder, in the
 * byte order of the names. The trainer computes the same (see ARCHITECTURE.md), so that a result can be checked against
 * what lies in the store.
 * @throws when the folder does not exist, is empty or holds folders: a checkpoint is flat.
 */
export async function checkpointDigest(folder: string): Promise<string> {
  const digest = createHash('sha256');
  for (const name of await checkpointFiles(folder)) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(path.join(folder, name)), hash);
    digest.update(`${hash.digest('hex')}  ${name}\n`);
  }
  return digest.digest('hex');
}

/** Where a checkpoint lies in the store. */
export function checkpointRef(sha256: string): CheckpointRef {
  return { uri: uri.checkpoint(sha256), sha256 };
}

/** Keeps what a checkpoint was made of. Of equal ones the first says it: they are one. */
export async function recordMade(store: ArtifactStore, { uri, sha256 }: CheckpointRef, made: Made): Promise<void> {
  await store.create(madeUri(uri), `${JSON.stringify({ sha256, ...made }, null, 2)}\n`);
}

/**
 * Copies a checkpoint folder into the store, as `checkpoints/<digest>/`. It appears whole or not at all; one that is
 * there already is checked and kept.
 * @throws when the folder is no checkpoint, or when what lies in the store under its digest is something else.
 */
export async function importCheckpoint(store: ArtifactStore, folder: string): Promise<CheckpointRef> {
  const files = await checkpointFiles(folder);
  if (!files.includes('config.json')) {
    throw new Error(
      `Expected ${folder} to be a checkpoint in Hugging Face format with a config.json, got ` +
        files.slice(0, 8).join(', '),
    );
  }
  const ref = checkpointRef(await checkpointDigest(folder));
  await recordMade(store, ref, { by: 'importCheckpoint', from: [] });
  const target = store.path(ref.uri);
  if (await store.exists(ref.uri)) {
    await expectDigest(target, ref.sha256);
    return ref;
  }
  const temporary = store.path(uri.checkpoint(`.import-${randomUUID()}`));
  try {
    await mkdir(temporary, { recursive: true });
    for (const name of files)
      await copyFile(path.join(folder, name), path.join(temporary, name), constants.COPYFILE_FICLONE);
    await expectDigest(temporary, ref.sha256);
    await rename(temporary, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      await expectDigest(target, ref.sha256); // another import was faster
    });
    return ref;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** @throws when a stored checkpoint is not what its name says. */
export async function expectDigest(folder: string, sha256: string): Promise<void> {
  const actual = await checkpointDigest(folder);
  if (actual !== sha256) {
    throw new Error(
      `Expected ${folder} to have the digest ${sha256}, got ${actual}: it was changed, or not written whole; ` +
        'remove it and import or train it again',
    );
  }
}

async function checkpointFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`Expected ${folder} to be a checkpoint folder, got ${error.code ?? error.message}`, {
      cause: error,
    });
  });
  for (const name of names) {
    if (!(await stat(path.join(folder, name))).isFile()) {
      throw new Error(
        `Expected the checkpoint ${folder} to hold files only, got the folder ${JSON.stringify(name)} in it`,
      );
    }
  }
  if (names.length === 0) throw new Error(`Expected ${folder} to be a checkpoint folder, got an empty one`);
  return names.sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}
