import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { config } from '../temporal.config.ts';
import { buildIdOfToday, buildOf } from './builds.ts';
import type { Build } from './builds.ts';

/**
 * The workflows of this checkout, bundled when no bundle of the same sources is kept: a worker that starts again is
 * there a few seconds sooner.
 */
export async function buildOfToday(): Promise<Build> {
  const build = buildOf(await buildIdOfToday());
  if (existsSync(build.codePath)) return build;
  const { code } = await bundleWorkflowCode({ workflowsPath: path.join(config.root, 'workflows', 'index.ts') });
  await mkdir(path.dirname(build.codePath), { recursive: true });
  const temporary = `${build.codePath}.${process.pid}.tmp`;
  await writeFile(temporary, code);
  await rename(temporary, build.codePath);
  return build;
}
