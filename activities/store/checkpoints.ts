import { createHash } from 'node:crypto';
import { prefixOf, uri } from '../../shared/ids.ts';
import type { CheckpointRef, Made } from '../../shared/records.ts';
import { faultsOf } from './checkpointFaults.ts';
import { FileStore } from './files.ts';
import { BESIDE, CARD, cardFields, cardsOf, EXPORTED } from './card.ts';
import { ArtifactChanged, madeUri, type ArtifactStore } from './types.ts';

/** Written last: a checkpoint that has one is whole. */
const CONFIG = 'config.json';
/** The one folder that a checkpoint may hold: chat templates beside the default one. */
const TEMPLATES = 'additional_chat_templates/';
/** A folder that an exported model has beside its files (`flywheel export`), and that is none of the model's. */
export const EXPORTED_PROMPTS = 'prompts/';

/**
 * Identity of a checkpoint: sha256 over the lines `<sha256 of file>  <file name>\n` of every file in the folder, in the
 * byte order of the names. The trainer computes the same (see ARCHITECTURE.md), so that a result can be checked against
 * what lies in the store.
 * @throws when the folder does not exist, is empty or holds folders, but for one of chat templates.
 */
export async function checkpointDigest(folder: string): Promise<string> {
  const files = new FileStore(folder);
  return digestOf(files, '', await namesOf(files, '', folder));
}

/** The same of the files of a store below a prefix. */
export async function checkpointDigestIn(store: ArtifactStore, prefix: string): Promise<string> {
  return digestOf(store, prefix, await namesOf(store, prefix, prefix));
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
 * An exported model (`flywheel export`) is the checkpoint that its card says, as long as its files are that: its card and
 * terms are kept beside, and its prompts left.
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
  const all = await namesOf(source, '', folder, EXPORTED_PROMPTS);
  const { names, beside, sha256 } = (await exportedAs(source, all)) ?? {
    names: all,
    beside: [],
    sha256: await digestOf(source, '', all),
  };
  if (!names.includes(CONFIG)) {
    throw new Error(
      `Expected ${folder} to be a checkpoint in Hugging Face format with a config.json, got ` +
        names.slice(0, 8).join(', '),
    );
  }
  refuse(folder, await faultsOf(source, names));
  const ref = checkpointRef(sha256);
  const isNew = (await store.stat(uri.checkpoint(ref.sha256, CONFIG))) === undefined;
  if (isNew) refuse(folder, (await more.inspect?.(folder)) ?? []);
  await recordMade(store, ref, { by: 'importCheckpoint', from: more.from ?? [] });
  for (const name of beside) await store.write(cardsOf(ref) + name, source.read(name));
  if (isNew)
    for (const name of [...names.filter((each) => each !== CONFIG), CONFIG])
      await store.write(uri.checkpoint(ref.sha256, name), source.read(name));
  await expectDigest(store, ref);
  return ref;
}

/** What an exported model's card says that it is; undefined where there is no such card, or the files are another's. */
async function exportedAs(files: ArtifactStore, all: readonly string[]) {
  const card = await cardFields(files, CARD);
  const [sha256] = card.get(EXPORTED) ?? [];
  if (sha256 === undefined) return undefined;
  const beside = (card.get(BESIDE) ?? []).filter((name) => all.includes(name));
  const names = all.filter((name) => !beside.includes(name));
  return (await digestOf(files, '', names)) === sha256 ? { names, beside, sha256 } : undefined;
}

function refuse(folder: string, faults: readonly string[]): void {
  if (faults.length > 0)
    throw new Error(`Expected ${folder} to be a checkpoint that can be trained and served: ${faults.join('; ')}`);
}

/** @throws ArtifactChanged when a stored checkpoint is not what its name says. */
export async function expectDigest(store: ArtifactStore, ref: CheckpointRef): Promise<void> {
  const prefix = prefixOf(ref.uri);
  const actual = await digestOf(store, prefix, await namesOf(store, prefix, ref.uri));
  if (actual !== ref.sha256) {
    throw new ArtifactChanged(
      `Expected ${ref.uri} to have the digest ${ref.sha256}, got ${actual}: it was changed, or not written whole; ` +
        'remove it and import or train it again',
    );
  }
}

/**
 * The same of what a trainer has just written. Of a store elsewhere only that it is there: whoever put it there has
 * computed the digest, and who fetches it computes it again; reading it here would be one fetch more.
 */
export async function expectWritten(store: ArtifactStore, ref: CheckpointRef): Promise<void> {
  if (store.address(ref.uri).startsWith('file:')) return expectDigest(store, ref);
  if ((await store.stat(uri.checkpoint(ref.sha256, CONFIG))) === undefined)
    throw new ArtifactChanged(`Expected ${ref.uri} to be a checkpoint with a ${CONFIG}, got none: it was not written`);
}

async function digestOf(store: ArtifactStore, prefix: string, names: readonly string[]): Promise<string> {
  const digest = createHash('sha256');
  for (const name of names) digest.update(`${(await store.refOf(prefix + name)).sha256}  ${name}\n`);
  return digest.digest('hex');
}

/** Names of a stored checkpoint's files, in byte order. */
export const checkpointFiles = (store: ArtifactStore, { uri: at }: CheckpointRef): Promise<string[]> =>
  namesOf(store, prefixOf(at), at);

/** The same of those below a prefix. @param leaveOut files whose names begin so. */
async function namesOf(store: ArtifactStore, prefix: string, folder: string, leaveOut?: string): Promise<string[]> {
  const names: string[] = [];
  for await (const place of store.list(prefix)) {
    const name = place.slice(prefix.length);
    if (leaveOut === undefined || !name.startsWith(leaveOut)) names.push(name);
  }
  if (names.length === 0)
    throw new ArtifactChanged(`Expected ${folder} to be a checkpoint folder, got an empty one or none`);
  const nested = names.find((name) => name.includes('/') && !name.startsWith(TEMPLATES));
  if (nested !== undefined)
    throw new ArtifactChanged(
      `Expected the checkpoint ${folder} to hold files only, got the folder ` +
        `${JSON.stringify(nested.slice(0, nested.indexOf('/')))} in it`,
    );
  return names.sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
}
