import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import * as z from 'zod';
import { cannotHold, TRAINING_FAILURES, type ClusterCapacity } from '../../shared/training/trainingState.ts';
import type { ArtifactStore } from '../store/files.ts';
import { JobFolder, type RewardAddress } from './jobFolder.ts';
import { cancelJob, runJob } from './run.ts';
import type { ClusterBackend, ClusterName, RunTrainingInput, TrainingOutcome, TrainingProgress } from './types.ts';

export { listLocalJobs, LocalCluster, stopLocalJobs, type LocalClusterSettings } from '../clusters/local.ts';
export type * from './types.ts';

export interface TrainingSettings {
  readonly store: ArtifactStore;
  /** The back ends that are configured. */
  readonly clusters: readonly ClusterBackend[];
  /** Read whenever a job file is written. */
  readonly reward: RewardAddress;
  /** @default 500 */
  readonly pollMs?: number;
  /** @default 20000 */
  readonly graceMs?: number;
}

export interface StopTrainingInput {
  readonly jobKey: string;
  readonly cluster: ClusterName;
}

export interface CheckClusterInput {
  readonly cluster: ClusterName;
  readonly resources: ClusterCapacity;
}

/** Activities of the queue `flywheel-training`. */
export interface TrainingActivities {
  /**
   * Trains once, whatever is killed meanwhile. Heartbeats are TrainingProgress; cancellation ends the job, a worker's
   * shutdown does not.
   */
  readonly runTraining: (input: RunTrainingInput) => Promise<TrainingOutcome>;
  /**
   * Ends the job of a cancelled training, if it still runs: for the clean-up of a lap whose worker was gone when it was
   * cancelled.
   */
  readonly stopTraining: (input: StopTrainingInput) => Promise<void>;
  /** Refuses a cluster that is not configured or cannot hold a job, before anything has been spent. */
  readonly checkCluster: (input: CheckClusterInput) => Promise<void>;
}

export function createTrainingActivities(settings: TrainingSettings): TrainingActivities {
  const { store, reward, pollMs = 500, graceMs = 20_000 } = settings;

  function clusterOf(name: ClusterName): ClusterBackend {
    const cluster = settings.clusters.find((each) => each.name === name);
    if (cluster) return cluster;
    const names = settings.clusters.map((each) => each.name).join(', ');
    throw refusal(
      `Expected training.cluster to be a configured back end (${names}), got ${name}: choose one of these, or ` +
        'configure it',
      TRAINING_FAILURES.clusterUnavailable,
    );
  }

  async function checkCluster({ cluster, resources }: CheckClusterInput): Promise<void> {
    const why = cannotHold(cluster, resources, await clusterOf(cluster).capacity());
    if (why !== undefined) throw refusal(why, TRAINING_FAILURES.clusterTooSmall);
  }

  return {
    checkCluster,

    stopTraining: ({ jobKey, cluster }) =>
      beating(() => cancelJob(folderOf(store, jobKey), clusterOf(cluster), graceMs)),

    runTraining: (input) =>
      beating(async (heartbeat) => {
        const folder = folderOf(store, input.jobKey);
        const cluster = clusterOf(input.cluster);
        await checkCluster(input);
        folder.job(input, 1, reward);
        await checkArtifacts(store, input);
        const differing = await folder.bind(input);
        if (differing.length > 0) {
          const message =
            `Expected ${folder.jobKey} to be the training it was before, got another ${differing.join(', ')}: a ` +
            'new training needs a new jobKey, that is a new lap';
          throw refusal(message, TRAINING_FAILURES.conflict);
        }
        const { info, cancellationSignal: signal } = Context.current();
        const { workflowId, runId } = info.workflowExecution ?? {};
        const execution = `${workflowId}/${runId}/${info.activityId}`;
        try {
          return await runJob(input, { store, cluster, folder, reward, execution, signal, heartbeat, pollMs, graceMs });
        } catch (error) {
          if (signal.aborted) await stopWatching(signal, () => cancelJob(folder, cluster, graceMs), folder.jobKey);
          throw error;
        }
      }),
  };
}

/**
 * Of all ends of a watch, only a cancellation is about the job. After the others (shutdown, timeout, pause) the next
 * worker adopts it.
 */
async function stopWatching(signal: AbortSignal, cancel: () => Promise<void>, jobKey: string): Promise<void> {
  const reason = (signal.reason as Error).message;
  if (reason === 'CANCELLED') await cancel();
  if (reason !== 'WORKER_SHUTDOWN') return;
  throw ApplicationFailure.create({
    message: `The worker shuts down; training job ${jobKey} goes on`,
    type: TRAINING_FAILURES.workerShutdown,
    nextRetryDelay: '1 second',
  });
}

/**
 * Repeats the last heartbeat every second, whatever takes long: a job that takes its time to end, the digest of a large
 * checkpoint.
 */
async function beating<T>(work: (heartbeat: (progress: TrainingProgress) => void) => Promise<T>): Promise<T> {
  const context = Context.current();
  let last: TrainingProgress | undefined;
  const beat = setInterval(() => context.heartbeat(last), 1_000);
  try {
    return await work((progress) => context.heartbeat((last = progress)));
  } finally {
    clearInterval(beat);
  }
}

function folderOf(store: ArtifactStore, jobKey: string): JobFolder {
  try {
    return new JobFolder(store, jobKey);
  } catch (error) {
    throw refusal((error as Error).message, TRAINING_FAILURES.invalidInput);
  }
}

/** A missing input is found here, with a name, and not by a trainer that has waited for a GPU. */
async function checkArtifacts(store: ArtifactStore, input: RunTrainingInput): Promise<void> {
  const shape = z.object({ maxAttempts: z.int().min(1) }).safeParse(input);
  if (!shape.success)
    throw refusal(`Expected a training input, got\n${z.prettifyError(shape.error)}`, TRAINING_FAILURES.invalidInput);
  for (const { uri } of [input.initCheckpoint, ...input.datasets.map(({ ref }) => ref)]) {
    if (!(await store.exists(uri))) {
      throw refusal(
        `Expected ${uri}, an input of training job ${input.jobKey}, to be in the store, got nothing there`,
        TRAINING_FAILURES.failed.data,
      );
    }
  }
}

function refusal(message: string, type: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}
