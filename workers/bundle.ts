import { existsSync } from 'node:fs';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { FileStore } from '../activities/store/files.ts';
import { config } from '../temporal.config.ts';
import { tracedModules } from './watch/tracing.ts';
import { configuredConverter } from './codec/converter.ts';
import { buildIdOfToday, buildOf, type Build } from './builds.ts';

/**
 * The workflows of this checkout, bundled when no bundle of the same sources is kept: a worker that starts again is
 * there a few seconds sooner.
 */
export async function buildOfToday(): Promise<Build> {
  const build = buildOf(await buildIdOfToday());
  if (existsSync(build.codePath)) return build;
  // How a workflow's own failures are told is the bundle's, and not the worker's.
  const { failureConverterPath } = configuredConverter();
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(config.root, 'workflows', 'index.ts'),
    workflowInterceptorModules: tracedModules(),
    ...(failureConverterPath !== undefined && { failureConverterPath }),
  });
  await new FileStore(path.dirname(build.codePath)).write(path.basename(build.codePath), code);
  return build;
}
