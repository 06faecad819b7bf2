import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import sdk from '@temporalio/worker/package.json' with { type: 'json' };
import { FileStore } from '../activities/store/files.ts';
import { uri } from '../shared/ids.ts';
import { config } from '../temporal.config.ts';
import { configuredConverter } from './codec/converter.ts';
import { store } from './store.ts';

/** Workflow code as it was at some time, bundled. */
export interface Build {
  /** Digest of what the bundle is made of. */
  readonly buildId: string;
  readonly codePath: string;
}

/**
 * What the bundle is made of: these folders, the SDK that the lock file names, and how it is spelt; and whether it tells
 * traces.
 */
const SOURCES = ['workflows', 'shared'];
const FILES = ['package-lock.json', '.swcrc'];
/** Bundles are kept by the SDK that made them: no other runs them. */
const FOLDER = path.join(config.stateDir, 'bundles', sdk.version);

export async function buildIdOfToday(): Promise<string> {
  const hash = createHash('sha256');
  if (config.tracing.isOn) hash.update('traced\0');
  for (const file of FILES) hash.update(await readFile(path.join(config.root, file)));
  const { failureConverterPath } = configuredConverter();
  if (failureConverterPath !== undefined) hash.update(await readFile(failureConverterPath));
  for (const source of SOURCES) {
    const names = (await readdir(path.join(config.root, source), { recursive: true }))
      .filter((name) => name.endsWith('.ts'))
      .sort();
    for (const name of names)
      hash.update(`\0${source}/${name}\0`).update(await readFile(path.join(config.root, source, name)));
  }
  return hash.digest('hex').slice(0, 32);
}

export function buildOf(buildId: string): Build {
  return { buildId, codePath: path.join(FOLDER, `${buildId}.js`) };
}

/** The builds that are kept, today's included: on this machine, and in the store by a worker of whatever machine. */
export async function keptBuilds(): Promise<Build[]> {
  const here = await readdir(FOLDER).catch(() => []); // nothing was ever built here
  const names = new Set(here);
  for await (const at of store.list(uri.build(sdk.version))) names.add(path.basename(at));
  return [...names].filter((name) => name.endsWith('.js')).map((name) => buildOf(path.basename(name, '.js')));
}

/** Puts today's build into the store, where the workers that come after this machine's find it. */
export async function shareBuild({ buildId, codePath }: Build): Promise<void> {
  const at = uri.build(sdk.version, buildId);
  if (!(await store.exists(at))) await store.write(at, await readFile(codePath));
}

/** A kept build, on this machine. */
export async function fetchedBuild(build: Build): Promise<Build> {
  const { buildId, codePath } = build;
  if (existsSync(codePath)) return build;
  const code = await store.readBytes(uri.build(sdk.version, buildId));
  await new FileStore(FOLDER).write(path.basename(codePath), code);
  return build;
}

export async function dropBuild({ buildId, codePath }: Build): Promise<void> {
  await rm(codePath, { force: true });
  await store.remove(uri.build(sdk.version, buildId));
}
