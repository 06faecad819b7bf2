/**
 * Records the histories that `lap.test.ts` replays, from the laps that just ran under the local stack: `flywheel lap
 * --preset smoke --laps 2 --keep && node --import tsx test/replay/recordLap.ts <workflow id, default flywheel-main>`.
 * Needed after a change of the workflows that is meant to break running laps.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { config } from '../../temporal.config.ts';

const [workflowId = 'flywheel-main'] = process.argv.slice(2);
const connection = await Connection.connect(config.temporal.connection);
const client = new Client({ connection, namespace: config.temporal.namespace });
const folder = path.join(import.meta.dirname, 'lap');
await mkdir(folder, { recursive: true });

/** One history of each workflow type below the flywheel, and of the lap both a first and a later one. */
const recorded = new Set<string>();
for await (const { runId } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
  await record(workflowId, runId);
await connection.close();

async function record(id: string, runId: string): Promise<void> {
  const handle = client.workflow.getHandle(id, runId);
  const { type } = await handle.describe();
  const history = await handle.fetchHistory();
  const later = history.events?.some(
    (event) => event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name === 'consolidate',
  );
  const name = later ? 'laterLap' : type;
  if (recorded.has(name) && name !== 'flywheel') return; // each run of a flywheel has another lap below it
  if (!recorded.has(name)) {
    await writeFile(path.join(folder, `${name}.json.gz`), gzipSync(historyToJSON(history), { level: 9 }));
    process.stdout.write(`${name}: ${history.events?.length ?? 0} events of ${id}\n`);
  }
  recorded.add(name);
  for (const event of history.events ?? []) {
    const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution;
    if (child?.workflowId && child.runId) await record(child.workflowId, child.runId);
  }
}
