/**
 * Records the histories that `lap.test.ts` replays, from the lap that just ran under the local stack:
 * `flywheel lap --preset smoke --keep && node --import tsx test/replay/recordLap.ts <workflow id, default lap-main>`.
 * Needed after a change of the workflows that is meant to break running laps.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { config } from '../../temporal.config.ts';

const [workflowId = 'lap-main'] = process.argv.slice(2);
const connection = await Connection.connect(config.temporal.connection);
const client = new Client({ connection, namespace: config.temporal.namespace });
const folder = path.join(import.meta.dirname, 'lap');
await mkdir(folder, { recursive: true });

/** One history of each workflow type below the lap: the lap itself, and the first child of each kind. */
const recorded = new Set<string>();
await record(workflowId);
await connection.close();

async function record(id: string): Promise<void> {
  const handle = client.workflow.getHandle(id);
  const { type } = await handle.describe();
  if (recorded.has(type)) return;
  recorded.add(type);
  const history = await handle.fetchHistory();
  await writeFile(path.join(folder, `${type}.json.gz`), gzipSync(historyToJSON(history), { level: 9 }));
  process.stdout.write(`${type}: ${history.events?.length ?? 0} events of ${id}\n`);
  for (const event of history.events ?? []) {
    const child = event.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId;
    if (child) await record(child);
  }
}
