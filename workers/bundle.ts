import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { config } from '../temporal.config.ts';

/** What the workflow bundle is made of: these folders, and the SDK that the lock file names. */
const SOURCES = ['workflows', 'shared'];
const folder = path.join(config.stateDir, 'bundles');

/** The path of the workflow bundle, built when no bundle of the same sources is kept: a worker that starts again is there a few seconds sooner. */
export async function workflowBundle(): Promise<string> {
  const digest = await digestOfSources();
  const file = path.join(folder, `${digest}.js`);
  if (existsSync(file)) return file;
  const { code } = await bundleWorkflowCode({ workflowsPath: path.join(config.root, 'workflows', 'index.ts') });
  await mkdir(folder, { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, code);
  await rename(temporary, file);
  for (const name of await readdir(folder)) {
    if (name.endsWith('.js') && name !== path.basename(file)) await rm(path.join(folder, name), { force: true });
  }
  return file;
}

async function digestOfSources(): Promise<string> {
  const hash = createHash('sha256').update(await readFile(path.join(config.root, 'package-lock.json')));
  for (const source of SOURCES) {
    const names = (await readdir(path.join(config.root, source), { recursive: true })).filter((name) => name.endsWith('.ts')).sort();
    for (const name of names) hash.update(`\0${source}/${name}\0`).update(await readFile(path.join(config.root, source, name)));
  }
  return hash.digest('hex').slice(0, 32);
}
