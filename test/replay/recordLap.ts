/**
 * Records the histories that `lap.test.ts` replays, from the laps that just ran under the local stack: `flywheel lap
 * --preset smoke --laps 2 --keep && node --import tsx test/replay/recordLap.ts <workflow id, default flywheel-main>`.
 * Needed after a change of the workflows that is meant to break running laps.
 */
import { Client, Connection } from '@temporalio/client';
import { config } from '../../temporal.config.ts';
import { Recorder } from './record.ts';

const [workflowId = 'flywheel-main'] = process.argv.slice(2);
const connection = await Connection.connect(config.temporal.connection);
const client = new Client({ connection, namespace: config.temporal.namespace });
const recorder = new Recorder(client, 'lap');
for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
  await recorder.record(workflowId, runId);
await connection.close();
