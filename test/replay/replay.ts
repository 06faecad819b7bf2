import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';

export const folderOf = (name: string): string => path.resolve('test/replay', name);

/** A recorded history. */
export const history = (folder: string, name: string): unknown =>
  JSON.parse(gunzipSync(readFileSync(path.join(folderOf(folder), name))).toString());

let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;

/**
 * Replays a history with the workflows as they are now. @throws where they decide otherwise than it records.
 * @param interceptors modules that are bundled beside; one test file has one bundle.
 */
export async function replay(
  recorded: unknown,
  workflows = 'workflows/index.ts',
  interceptors: string[] = [],
): Promise<void> {
  if (bundle === undefined) {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
    bundle = bundleWorkflowCode({
      workflowsPath: path.resolve(workflows),
      workflowInterceptorModules: interceptors,
      logger: new DefaultLogger('ERROR'),
    });
  }
  const sinks = { exporter: { export: { fn: () => undefined } } };
  await Worker.runReplayHistory({ workflowBundle: await bundle, sinks }, recorded);
}
