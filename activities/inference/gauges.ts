import { gauge } from '../metrics/registry.ts';
import type { ModelRole } from '../../shared/records.ts';

/** How the calls for one model stand now. */
export interface QueueStanding {
  readonly role: ModelRole;
  readonly waiting: number;
  /** For how long no server has answered, while calls wait. */
  readonly darkMs: number;
  readonly servers: readonly ServerStanding[];
}

interface ServerStanding {
  /** Its origin, such as `http://gpu-1:8000`. */
  readonly at: string;
  readonly inFlight: number;
  readonly limit: number;
  readonly answers: boolean;
  readonly backoffMs: number;
}

interface Queue {
  readonly standing: QueueStanding;
}

/** Queues of this process that are open. */
const queues = new Set<Queue>();

/** @returns what is called once it is closed. */
export function measureQueue(queue: Queue): () => void {
  queues.add(queue);
  return () => void queues.delete(queue);
}

const OF_SERVER = ['role', 'server'] as const;

/** Adds a figure up over the servers that have the same labels: one address may serve several models of a role. */
function ofServers(name: `flywheel_${string}`, help: string, of: (server: ServerStanding) => number): void {
  gauge({ name, help, labels: OF_SERVER }, (all) => {
    all.reset();
    for (const { standing } of queues)
      for (const server of standing.servers) all.inc({ role: standing.role, server: server.at }, of(server));
  });
}

function ofQueues(name: `flywheel_${string}`, help: string, of: (standing: QueueStanding) => number): void {
  gauge({ name, help, labels: ['role'] }, (all) => {
    all.reset();
    for (const { standing } of queues) all.inc({ role: standing.role }, of(standing));
  });
}

ofServers('flywheel_model_calls_in_flight', 'Calls that a server has now.', ({ inFlight }) => inFlight);
ofServers('flywheel_model_concurrency_limit', 'Calls that a server may have at once now.', ({ limit }) => limit);
ofServers('flywheel_model_servers', 'Servers that are known: 1, or more models at one address.', () => 1);
ofServers('flywheel_model_servers_up', 'Of them, those that answer; one that was not asked yet is up.', ({ answers }) =>
  answers ? 1 : 0,
);
ofServers(
  'flywheel_model_backoff_seconds',
  'For how long a server is not asked any more now.',
  ({ backoffMs }) => backoffMs / 1000,
);
ofQueues('flywheel_model_calls_waiting', 'Calls that wait for a server.', ({ waiting }) => waiting);
ofQueues(
  'flywheel_model_outage_seconds',
  'For how long no server of a model has answered, while calls wait for it; else 0.',
  ({ darkMs }) => darkMs / 1000,
);
