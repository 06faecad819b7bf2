import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../activities/index.ts';
import { QUEUES } from '../shared/queues.ts';
import { config } from '../temporal.config.ts';
import { workflowBundle } from './bundle.ts';

export type WorkerKind = keyof typeof QUEUES;

/**
 * Activities at once. Inference activities keep hundreds of calls in flight each, training activities only watch a job;
 * a reading or writing of the store is short. Ours: none of them should wait for a slot at laptop size.
 */
const ACTIVITIES_AT_ONCE: Record<WorkerKind, number> = { orchestrator: 16, inference: 32, training: 16 };

/**
 * Runs these workers in this process until SIGTERM or SIGINT: activities are asked to end and have a few seconds to; what they had not
 * finished, another worker does. A training job does not end with its watcher.
 */
export async function runWorkers(kinds: readonly WorkerKind[]): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('INFO') });
  const connection = await NativeConnection.connect(config.temporal.connection);
  try {
    const activities = await createActivities();
    const workers: Worker[] = [];
    for (const kind of kinds) {
      workers.push(
        await Worker.create({
          connection,
          namespace: config.temporal.namespace,
          taskQueue: QUEUES[kind],
          activities: activities[kind],
          ...(kind === 'orchestrator' && { workflowBundle: { codePath: await workflowBundle() } }),
          maxConcurrentActivityTaskExecutions: ACTIVITIES_AT_ONCE[kind],
          // A killed worker's successor gets its workflows after 1 s instead of 10.
          stickyQueueScheduleToStartTimeout: '1s',
          // Progress is read from heartbeats: let them through at least this often.
          maxHeartbeatThrottleInterval: '2s',
          shutdownGraceTime: '1s',
          shutdownForceTime: '15s',
        }),
      );
    }
    await runTogether(workers);
  } finally {
    await connection.close();
  }
}

/** A worker that fails takes the others with it: half a process would look alive and do nothing. */
async function runTogether(workers: readonly Worker[]): Promise<void> {
  const stopOthers = (failed: Worker): void => {
    for (const worker of workers) if (worker !== failed && worker.getState() === 'RUNNING') worker.shutdown();
  };
  const results = await Promise.allSettled(
    workers.map((worker) =>
      worker.run().catch((error: unknown) => {
        stopOthers(worker);
        throw error;
      }),
    ),
  );
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
