import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ApplicationFailure } from '@temporalio/common';
import type { Domain } from '../../shared/domain.ts';
import { prefixOf, uri } from '../../shared/ids.ts';
import type { CheckpointRef } from '../../shared/records.ts';
import type { Environment } from '../processes/records.ts';
import { checkpointRef, expectDigest, importCheckpoint } from '../store/checkpoints.ts';
import { FileStore } from '../store/files.ts';
import type { ArtifactStore } from '../store/types.ts';

/** What knows models better than their files tell. */
export interface Bases {
  /**
   * Brings a model of a hub to this machine: the folder, and the commit that the revision (a branch, a tag, a commit)
   * stands for now.
   * @throws with what was tried and what to do.
   */
  readonly fetch: (name: string, revision: string) => Promise<{ readonly commit: string; readonly folder: string }>;
  /** What keeps a checkpoint folder from being trained and served, a sentence a file. */
  readonly inspect: (folder: string) => Promise<readonly string[]>;
}

interface Trainer {
  readonly python: string;
  /** The project's root, where `trainer` is. */
  readonly root: string;
  readonly env: Environment;
}

/** What trainer/bases.py prints. */
interface Said {
  readonly refused?: string;
  readonly commit: string;
  readonly folder: string;
  readonly faults: readonly string[];
}

/** Hugging Face's own libraries, in the trainer's Python. Where there is none, nothing is fetched or inspected. */
export function basesByTrainer({ python, root, env }: Trainer): Bases {
  async function run(...args: string[]): Promise<Said | undefined> {
    try {
      const { stdout } = await promisify(execFile)(python, ['-m', 'trainer.bases', ...args], { cwd: root, env });
      return JSON.parse(stdout) as Said;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw ApplicationFailure.fromError(error); // killed, or its environment is broken: no fault of the lap's
    }
  }
  return {
    async fetch(name, revision) {
      const found = await run('fetch', name, revision);
      if (found !== undefined && found.refused === undefined) return found;
      const refused = found?.refused ?? `the trainer's Python fetches models of a hub, and ${python} is not there`;
      throw new Error(refused);
    },
    async inspect(folder) {
      return (await run('inspect', folder))?.faults ?? [];
    },
  };
}

export interface ImportedBase {
  readonly checkpoint: CheckpointRef;
  /** As the recipe shall say it: of a hub's model, with its commit. */
  readonly name: string;
}

/** Where bases are beside the store. */
interface Places {
  /** The project's root. */
  readonly root: string;
  readonly bases: Bases;
}

const HUB_NAME = /^(hf:)?([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/;
const COMMIT = /^[0-9a-f]{40}$/;
const CHECKPOINT = /^checkpoints\/([0-9a-f]{64})\/?$/;

/** The fields of a recipe that name a model. */
type ModelField = 'domain.base' | 'verifier';

/**
 * The model that a recipe names: one that the domain ships, a checkpoint or another folder of the store, or a model of
 * a hub by its name and revision. All but shipped ones are inspected before they are taken in; a checkpoint was, and
 * is what its name says.
 */
export async function importBase(
  store: ArtifactStore,
  { root, bases }: Places,
  domain: Domain,
  base: string,
  field: ModelField = 'domain.base',
): Promise<ImportedBase> {
  const shipped = Object.hasOwn(domain.bases, base) ? domain.bases[base] : undefined;
  if (shipped !== undefined) return { checkpoint: await importCheckpoint(store, path.join(root, shipped)), name: base };
  const { inspect } = bases;
  const [, digest] = CHECKPOINT.exec(base) ?? [];
  if (digest !== undefined)
    return { checkpoint: await checkpointOf(store, digest, field), name: uri.checkpoint(digest) };
  if (!base.startsWith('hf:') && (await store.exists(base)))
    return { checkpoint: await importCheckpoint(store, await store.local(base), { inspect }), name: base };
  const hub = hubModelIn(base);
  if (hub === undefined) throw new Error(`Invalid lap input: ${noBase(domain, base, field)}`);
  const fetch: Bases['fetch'] = (...model) =>
    bases.fetch(...model).catch((error: Error) => {
      if (error instanceof ApplicationFailure) throw error;
      throw new Error(`Invalid lap input: ${field}: ${error.message}`, { cause: error });
    });
  return fromHub(store, { fetch, inspect }, hub.name, hub.revision);
}

/**
 * A model that a person brings: a folder of this machine, a checkpoint of the store, or a model of a hub. A folder
 * comes before a hub's model of the same name.
 * @throws naming what is wrong with it.
 */
export async function importModel(store: ArtifactStore, bases: Bases, named: string): Promise<ImportedBase> {
  const [, digest] = CHECKPOINT.exec(named) ?? [];
  if (digest !== undefined) return { checkpoint: await checkpointOf(store, digest), name: uri.checkpoint(digest) };
  const isFolder = (await stat(named).catch(() => undefined))?.isDirectory() === true;
  const [, marked, name = '', revision = marked && 'main'] = HUB_NAME.exec(named) ?? [];
  if (!isFolder && revision !== undefined) return fromHub(store, bases, name, revision);
  if (!isFolder)
    throw new Error(
      `Expected a folder with a model, or a model of a hub (hf:org/name@revision), got ${JSON.stringify(named)}, ` +
        'which is not there',
    );
  const checkpoint = await importCheckpoint(store, path.resolve(named), { inspect: bases.inspect });
  return { checkpoint, name: checkpoint.uri };
}

async function fromHub(store: ArtifactStore, bases: Bases, name: string, revision: string): Promise<ImportedBase> {
  const kept = COMMIT.test(revision) ? await importedFrom(store, `hf:${name}@${revision}`) : undefined;
  if (kept !== undefined) return { checkpoint: kept, name: `hf:${name}@${revision}` };
  const { commit, folder } = await bases.fetch(name, revision);
  const pinned = `hf:${name}@${commit}`;
  const from = [{ as: 'hub', model: pinned }];
  return { checkpoint: await importCheckpoint(store, folder, { inspect: bases.inspect, from }), name: pinned };
}

/** @throws when it is not there, or is another. */
async function checkpointOf(store: ArtifactStore, digest: string, field?: ModelField): Promise<CheckpointRef> {
  const ref = await presentCheckpoint(store, digest, field);
  await expectDigest(store, ref);
  return ref;
}

async function presentCheckpoint(
  store: ArtifactStore,
  digest: string,
  field: ModelField = 'domain.base',
): Promise<CheckpointRef> {
  const ref = checkpointRef(digest);
  if (!(await store.exists(ref.uri)))
    throw new Error(
      `Invalid lap input: ${field}: expected a checkpoint of the store, got ${ref.uri}, which is not there: ` +
        '`flywheel import base` puts a model into it',
    );
  return ref;
}

/** A checkpoint's folder: its files begin with the prefix. */
export interface CheckpointFolder {
  readonly files: ArtifactStore;
  readonly prefix: string;
  /** Where its name says it. */
  readonly sha256?: string;
}

/**
 * Where the model that a recipe names lies, without taking it in or reading its weights.
 * @throws where there is none of that name.
 */
export async function findBase(
  store: ArtifactStore,
  { root }: Pick<Places, 'root'>,
  domain: Domain,
  base: string,
  field: ModelField = 'domain.base',
): Promise<CheckpointFolder | 'on a hub'> {
  const shipped = Object.hasOwn(domain.bases, base) ? domain.bases[base] : undefined;
  if (shipped !== undefined) return { files: new FileStore(path.join(root, shipped)), prefix: '' };
  const inStore = ({ uri: at, sha256 }: CheckpointRef) => ({ files: store, prefix: prefixOf(at), sha256 });
  const [, digest] = CHECKPOINT.exec(base) ?? [];
  if (digest !== undefined) return inStore(await presentCheckpoint(store, digest, field));
  const mayBeStored = !base.startsWith('hf:') && !path.isAbsolute(base);
  if (mayBeStored && (await store.exists(base))) return { files: store, prefix: prefixOf(base) };
  const hub = hubModelIn(base);
  if (hub === undefined) throw new Error(noBase(domain, base, field));
  const { name, revision } = hub;
  const kept = COMMIT.test(revision) ? await keptOf(store, `hf:${name}@${revision}`) : undefined;
  return kept === undefined ? 'on a hub' : inStore(kept);
}

/** Undefined where the base is no name of a hub's model. */
function hubModelIn(base: string): { readonly name: string; readonly revision: string } | undefined {
  const [, marked, name = '', revision = marked && 'main'] = HUB_NAME.exec(base) ?? [];
  return revision === undefined ? undefined : { name, revision };
}

function noBase(domain: Domain, base: string, field: ModelField): string {
  const known = [Object.keys(domain.bases).join(', '), 'a checkpoint folder in the store'].filter(Boolean).join(', ');
  return (
    `${field}: expected ${known} or a model of a hub (hf:org/name@revision), got ${JSON.stringify(base)}; ` +
    '`flywheel import base` puts a folder of this machine into the store'
  );
}

/** The checkpoint that a hub's model became, once it lies in the store. */
async function importedFrom(store: ArtifactStore, hub: string): Promise<CheckpointRef | undefined> {
  const kept = await keptOf(store, hub);
  if (kept !== undefined) await expectDigest(store, kept);
  return kept;
}

async function keptOf(store: ArtifactStore, hub: string): Promise<CheckpointRef | undefined> {
  for (const { uri: at, sha256, from } of await store.listMade('checkpoints/')) {
    if (!from.some((source) => 'model' in source && source.model === hub)) continue;
    if (!(await store.exists(`${at}/config.json`))) continue; // its import was broken off
    return { uri: at, sha256 };
  }
  return undefined;
}
