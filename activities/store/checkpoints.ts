import { createHash } from 'node:crypto';
import { prefixOf, uri } from '../../shared/ids.ts';
import type { CheckpointRef, Made } from '../../shared/records.ts';
import { faultsOf } from './checkpointFaults.ts';
import { FileStore } from './files.ts';
import { ArtifactChanged, madeUri, type ArtifactStore } from './types.ts';

/** Written last: a checkpoint that has one is whole. */
const CONFIG = 'config.json';
/** The one folder that a checkpoint may hold: chat templates beside the default one. */
const TEMPLATES = 'additional_chat_templates/';

/**
 * Identity of a checkpoint: sha256 over the lines `<sha256 of file>  <file name>\n` of every file in the folder, in the
 * byte order of the names. The trainer computes the same (see ARCHITECTURE.md), so that a result can be checked against
 * what lies in the store.
 * @throws when the folder does not exist, is empty or holds folders, but for one of chat templates.
 */
export async function checkpointDigest(folder: string): Promise<string> {
  return digestOf(new FileStore(folder), '', folder);
}

/** The same of the files of a store below a prefix. */
export function checkpointDigestIn(store: ArtifactStore, prefix: string): Promise<string> {
  return digestOf(store, prefix, prefix);
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
 * Copies a checkpoint folder into the store, as `checkpoints/<digest>/`. One that is there already is checked and kept.
 * @param more `inspect` says what else is wrong with a folder that is new to the store; `from` where it came from.
 * @throws when the folder is no checkpoint, when there is anything wrong with it, or when what lies in the store under
 * its digest is something else.
 */
export async function importCheckpoint(
  store: ArtifactStore,
  folder: string,
  more: { readonly inspect?: (folder: string) => Promise<readonly string[]>; readonly from?: Made['from'] } = {},
): Promise<CheckpointRef> {
  const source = new FileStore(folder);
  const names = await namesOf(source, '', folder);
  if (!names.includes(CONFIG)) {
    throw new Error(
      `Expected ${folder} to be a checkpoint in Hugging Face format with a config.json, got ` +
        names.slice(0, 8).join(', '),
    );
  }
  refuse(folder, await faultsOf(source, names));
  const ref = checkpointRef(await checkpointDigest(folder));
  const isNew = (await store.stat(uri.checkpoint(ref.sha256, CONFIG))) === undefined;
  if (isNew) refuse(folder, (await more.inspect?.(folder)) ?? []);
  await recordMade(store, ref, { by: 'importCheckpoint', from: more.from ?? [] });
  if (isNew)
    for (const name of [...names.filter((each) => each !== CONFIG), CONFIG])
      await store.write(uri.checkpoint(ref.sha256, name), source.read(name));
  await expectDigest(store, ref);
  return ref;
}

function refuse(folder: string, faults: readonly string[]): void {
  if (faults.length > 0)
    throw new Error(`Expected ${folder} to be a checkpoint that can be trained and served: ${faults.join('; ')}`);
}

/** @throws ArtifactChanged when a stored checkpoint is not what its name says. */
export async function expectDigest(store: ArtifactStore, ref: CheckpointRef): Promise<void> {
  const actual = await digestOf(store, prefixOf(ref.uri), ref.uri);
  if (actual !== ref.sha256) {
    throw new ArtifactChanged(
      `Expected ${ref.uri} to have the digest ${ref.sha256}, got ${actual}: it was changed, or not written whole; ` +
        'remove it and import or train it again',
    );
  }
}

async function digestOf(store: ArtifactStore, prefix: string, folder: string): Promise<string> {
  const digest = createHash('sha256');
  for (const name of await namesOf(store, prefix, folder))
    digest.update(`${(await store.refOf(prefix + name)).sha256}  ${name}\n`);
  return digest.digest('hex');
}

/** Names of a checkpoint's files, in byte order. */
async function namesOf(store: ArtifactStore, prefix: string, folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const place of store.list(prefix)) names.push(place.slice(prefix.length));
  if (names.length === 0)
    throw new ArtifactChanged(`Expected ${folder} to be a checkpoint folder, got an empty one or none`);
  const nested = names.find((name) => name.includes('/') && !name.startsWith(TEMPLATES));
  if (nested !== undefined)
    throw new Error(
      `Expected the checkpoint ${folder} to hold files only, got the folder ` +
        `${JSON.stringify(nested.slice(0, nested.indexOf('/')))} in it`,
    );
  return names.sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}
