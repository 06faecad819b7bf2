import type { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from './activities.ts';
import { withClient } from './client.ts';
import { QUEUES } from '../shared/queues.ts';
import { config } from '../temporal.config.ts';
import { BuildKeeper, end } from './buildKeeper.ts';
import { fetchedBuild, keptBuilds, shareBuild, type Build } from './builds.ts';
import { buildOfToday } from './bundle.ts';
import { configuredConverter } from './codec/converter.ts';
import { DEPLOYMENT } from './deployment.ts';
import { measureLaps } from './laps/gauges.ts';
import { WatchedLaps } from './laps/watchLaps.ts';
import { store } from './store.ts';
import { measurePools } from './watch/pools.ts';
import { temporalAnswers, temporalMetrics } from './watch/temporal.ts';
import { tracing, UNTRACED } from './watch/tracing.ts';
import { watchProcess } from './watch/watch.ts';

export type WorkerKind = keyof typeof QUEUES;

/**
 * Activities at once. Inference activities keep hundreds of calls in flight each, training activities only watch a job;
 * a reading or writing of the store is short. Ours: none of them should wait for a slot at laptop size.
 */
const ACTIVITIES_AT_ONCE: Record<WorkerKind, number> = { orchestrator: 16, inference: 32, training: 16 };

interface HostOptions {
  /**
   * New laps shall start on this checkout's workflows as soon as its worker is there: what a laptop wants. A team makes
   * that a step of its deployment (`flywheel deployment set-current`).
   */
  readonly becomeCurrent?: boolean;
  /** Done before a lap is opened; what goes wrong with it is logged. @default nothing */
  readonly onLap?: (say: (line: string) => void) => Promise<void>;
}

/**
 * Runs these workers in this process until SIGTERM or SIGINT: activities are asked to end and have a few seconds to;
 * what they had not finished, another worker does. A training job does not end with its watcher.
 */
export async function runWorkers(
  kinds: readonly WorkerKind[],
  { becomeCurrent = false, onLap }: HostOptions = {},
): Promise<void> {
  const logger = new DefaultLogger('INFO');
  const ofTemporal = config.metrics.isOn ? await temporalMetrics() : undefined;
  Runtime.install({ logger, ...(ofTemporal && { telemetryOptions: ofTemporal.telemetryOptions }) });
  const [only = 'orchestrator', ...others] = kinds;
  const process = others.length === 0 ? only : 'worker';
  const traced = await tracing(process);
  const dataConverter = configuredConverter();
  const connection = await NativeConnection.connect(config.temporal.connection);
  const activities = await createActivities({
    onLap: () => onLap?.((line) => logger.info(line)).catch(({ message }: Error) => logger.warn(message)),
  });
  const create = (kind: WorkerKind, build?: Build): Promise<Worker> =>
    Worker.create({
      connection,
      namespace: config.temporal.namespace,
      dataConverter,
      taskQueue: QUEUES[kind],
      activities: activities[kind],
      ...(traced?.worker ?? UNTRACED),
      ...(build && workflowsOf(build)),
      maxConcurrentActivityTaskExecutions: ACTIVITIES_AT_ONCE[kind],
      // A killed worker's successor gets its workflows after 1 s instead of 10.
      stickyQueueScheduleToStartTimeout: '1s',
      // Progress is read from heartbeats: let them through at least this often.
      maxHeartbeatThrottleInterval: '2s',
      shutdownGraceTime: '1s',
      shutdownForceTime: '15s',
    });
  const run = async (client: Client): Promise<void> => {
    const parts: Part[] = [];
    const workers = new Map<WorkerKind, Worker>();
    const polls = (kind: WorkerKind) => (): string | undefined => {
      const state = workers.get(kind)?.getState() ?? 'not there yet';
      return state === 'RUNNING' ? undefined : `the ${kind} worker does not poll: it is ${state.toLowerCase()}`;
    };
    const watched = await watchProcess(process, {
      checks: [...kinds.map(polls), temporalAnswers(client.connection, config.temporal.address)],
      more: ofTemporal?.text,
      say: (line) => logger.info(line),
    });
    if (kinds.includes('orchestrator') && config.metrics.isOn) {
      measureLaps(new WatchedLaps(client, store));
      measurePools(store);
    }
    try {
      for (const kind of kinds) {
        const build = kind === 'orchestrator' ? await buildOfToday() : undefined;
        const worker = await create(kind, build);
        workers.set(kind, worker);
        parts.push({ run: () => worker.run(), shutdown: () => end(worker) });
        if (build === undefined) continue;
        await shareBuild(build);
        parts.push(
          new BuildKeeper({
            client,
            today: build.buildId,
            becomeCurrent,
            kept: keptBuilds,
            startWorker: async (old) => create(kind, await fetchedBuild(old)),
            say: (line) => logger.info(line),
          }),
        );
      }
      await runTogether(parts);
    } finally {
      await watched.close();
    }
  };
  try {
    await withClient(run);
  } finally {
    await connection.close();
  }
}

/**
 * What makes a worker run a build's workflows: each stays on the build that it started with, unless its definition says
 * that it upgrades.
 */
export function workflowsOf({ buildId, codePath }: Build) {
  return {
    workflowBundle: { codePath },
    workerDeploymentOptions: {
      version: { deploymentName: DEPLOYMENT, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
  } as const;
}

interface Part {
  run(): Promise<void>;
  shutdown(): void;
}

/** A part that ends takes the others with it: half a process would look alive and do nothing. */
async function runTogether(parts: readonly Part[]): Promise<void> {
  const results = await Promise.allSettled(
    parts.map((part) =>
      part.run().finally(() => {
        for (const other of parts) if (other !== part) other.shutdown();
      }),
    ),
  );
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
