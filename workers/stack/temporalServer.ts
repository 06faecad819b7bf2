import path from 'node:path';
import { Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs, tsToMs } from '@temporalio/common/lib/time.js';
import { SEARCH_ATTRIBUTES } from '../../shared/searchAttributes.ts';
import { config } from '../../temporal.config.ts';
import { withClient } from '../client.ts';
import { launchOf } from './services.ts';

/** IndexedValueType of Temporal's API. */
const KEYWORD = 2;
/** Of gRPC. */
const NOT_FOUND = 5;
const HOUR_MS = 3_600_000;

/** Whether the server answers a request, not only takes connections. */
export function serverAnswers(timeoutMs = 2_000): Promise<boolean> {
  return answers(timeoutMs, ({ workflowService }) => workflowService.getSystemInfo({}));
}

/** Whether it reads workflows: a server that has lost its history shards still tells who it is. */
export function serverWorks(): Promise<boolean> {
  return answers(10_000, async ({ workflowService }) => {
    try {
      await workflowService.describeWorkflowExecution({
        namespace: config.temporal.namespace,
        execution: { workflowId: 'no-such-workflow' },
      });
    } catch (error) {
      if (!isGrpcServiceError(error) || (error.code as number) !== NOT_FOUND) throw error;
    }
  });
}

async function answers(timeoutMs: number, request: (connection: Connection) => Promise<unknown>): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ ...config.temporal.connection, connectTimeout: timeoutMs });
    const open = connection;
    await open.withDeadline(Date.now() + timeoutMs, () => request(open));
    return true;
  } catch {
    return false; // whatever the reason, it does not answer
  } finally {
    await connection?.close();
  }
}

/** Dynamic configuration of our own server. */
export const SERVER_SETTINGS = [
  'history.timerProcessorMaxTimeShift="50ms"', // without it every short timer takes 1.1 s
  'system.enableActivityEagerExecution=true', // activities in sequence run 2 to 3 times faster
  // Laps take turns at the workers: exactly within a partition of a queue, and about so with the usual four.
  'matching.enableFairness=true',
  'matching.numTaskqueueWritePartitions=1',
];

/**
 * How our own server is started: in the state folder, by its database's name alone, as `#`, `?` and `%` in a path would
 * be syntax. WAL with synchronous=NORMAL gives 2 to 4 times the throughput, and survived kills under load.
 */
export function launchOfServer(cli: string, ports: { readonly temporal: number; readonly ui: number }) {
  const command = [
    [cli, 'server', 'start-dev', '--log-level', 'warn'],
    ['--ip', '127.0.0.1', '--port', String(ports.temporal), '--ui-port', String(ports.ui)],
    ['--db-filename', path.basename(config.temporal.databaseFile)],
    ['--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=NORMAL'],
    ...SERVER_SETTINGS.map((setting) => ['--dynamic-config-value', setting]),
  ].flat();
  // its only look-up outside
  const offline = { TEMPORAL_VERSION_CHECK_DISABLED: '1' };
  return { ...launchOf('temporal', command, offline), cwd: path.dirname(config.temporal.databaseFile) };
}

/**
 * Makes a server ready for laps: the search attributes exist, and our own server keeps finished laps for days.
 * An attribute that exists stays as it is; another's server keeps its own retention.
 */
export function prepareServer(): Promise<void> {
  return withClient(async ({ workflowService, connection: { operatorService } }) => {
    const { namespace, external, retentionHours } = config.temporal;
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
    const missing = SEARCH_ATTRIBUTES.filter((name) => !(name in customAttributes));
    if (missing.length > 0) {
      const searchAttributes = Object.fromEntries(missing.map((name) => [name, KEYWORD]));
      await operatorService.addSearchAttributes({ namespace, searchAttributes });
    }
    if (external) return;
    const described = await workflowService.describeNamespace({ namespace });
    const wanted = retentionHours * HOUR_MS;
    if (tsToMs(described.config?.workflowExecutionRetentionTtl) === wanted) return;
    await workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: msToTs(wanted) } });
  });
}
