import path from 'node:path';
import { Worker, type NativeConnection } from '@temporalio/worker';
import { QUEUES } from '../../../shared/queues.ts';

export interface WorkerParts {
  /** The file that has the workflows, or their bundle. */
  readonly workflows: string;
  readonly bundle?: string | undefined;
  readonly orchestrator?: object | undefined;
  readonly inference: object;
}

/** An orchestrator's and an inference worker. */
export function createWorkers(
  { connection, namespace }: { readonly connection: NativeConnection; readonly namespace: string },
  { workflows, bundle, orchestrator, inference }: WorkerParts,
): Promise<Worker[]> {
  return Promise.all([
    Worker.create({
      connection,
      namespace,
      taskQueue: QUEUES.orchestrator,
      stickyQueueScheduleToStartTimeout: '1s', // a killed worker's successor gets its workflows soon
      activities: { ...inference, ...orchestrator },
      ...(bundle === undefined ? { workflowsPath: path.resolve(workflows) } : { workflowBundle: { codePath: bundle } }),
    }),
    Worker.create({
      connection,
      namespace,
      taskQueue: QUEUES.inference,
      activities: inference,
      maxConcurrentActivityTaskExecutions: 32,
      maxHeartbeatThrottleInterval: '2s',
    }),
  ]);
}
