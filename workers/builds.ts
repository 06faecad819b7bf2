import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import sdk from '@temporalio/worker/package.json' with { type: 'json' };
import { config } from '../temporal.config.ts';

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

/** The builds that are kept on this machine, today's included. */
export async function keptBuilds(): Promise<Build[]> {
  const names = await readdir(FOLDER).catch(() => []); // nothing was ever built here
  return names.filter((name) => name.endsWith('.js')).map((name) => buildOf(path.basename(name, '.js')));
}

export async function dropBuild({ codePath }: Build): Promise<void> {
  await rm(codePath, { force: true });
}
