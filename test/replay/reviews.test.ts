import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  bundleWorkflowCode,
  DefaultLogger,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';

let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  workflowBundle = await bundleWorkflowCode({
    workflowsPath: path.resolve('test/workflows/reviews/workflows.ts'),
    logger: new DefaultLogger('ERROR'),
  });
}, 60_000);

test.each(['reviewDisagreement', 'reviewDeadline', 'reviewAssisted', 'reviewByProgram', 'reviewSet'])(
  'a running %s goes on with the workflows as they are now',
  async (name) => {
    const history: unknown = JSON.parse(await readFile(`test/replay/${name}.json`, 'utf8'));
    await Worker.runReplayHistory({ workflowBundle }, history);
  },
  30_000,
);
