/** A worker and a client that tell traces: runs one workflow, and what fails, as a process of its own. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleWorkflowCode, DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { inSpan } from '../../../activities/metrics/spans.ts';
import { config } from '../../../temporal.config.ts';
import { withClient } from '../../../workers/client.ts';
import { tracedModules, tracing } from '../../../workers/watch/tracing.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const traced = await tracing('worker');
const connection = await NativeConnection.connect(config.temporal.connection);
const worker = await Worker.create({
  connection,
  taskQueue: 'traced',
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: path.join(import.meta.dirname, 'tracedWorkflow.ts'),
    workflowInterceptorModules: tracedModules(),
    logger: new DefaultLogger('ERROR'),
  }),
  activities: {
    work: (word: string) =>
      inSpan('model call prove', { 'flywheel.task': 'prove' }, async () => word, {
        told: () => ({ 'flywheel.outcome': 'answered' }),
      }),
  },
  ...traced?.worker,
});
await worker.runUntil(
  withClient(async (client) => {
    const asked = { workflowId: 'traced', taskQueue: 'traced', args: ['done'] };
    process.stdout.write(String(await client.workflow.execute('traced', asked)));
    await sleep(500); // the workflow's own span comes with its last task
  }),
);
await connection.close();
await inSpan('fails', {}, () => Promise.reject(new RangeError('a text of a model'))).catch(() => undefined);
await traced?.flush();
