import { Context } from '@temporalio/activity';
import { refuseUnreachable } from '../clusters/reachable.ts';
import { clusterFor, clusterNamed } from '../clusters/registry.ts';
import type { Cluster, SubmittedJob } from '../clusters/types.ts';
import { beating } from '../processes/heartbeat.ts';
import type { ArtifactStore } from '../store/types.ts';
import { engineFor, type Engine } from './engines.ts';
import { JobFolder } from './jobFolder.ts';
import { cancelJob, runJob, stopJob, type TrainingMeans } from './run.ts';
import { takenOutcome } from './outcome.ts';
import { takeOver } from './takeOver.ts';
import type { RunTrainingInput, TrainingOutcome } from './types.ts';
import { failure } from '../failure.ts';

export type * from './types.ts';

interface TrainingSettings extends Omit<TrainingMeans, 'graceMs'> {
  readonly clusters: readonly Cluster[];
  readonly engines: readonly Engine[];
  /** @default 20000 */
  readonly graceMs?: number;
}

export type TrainingActivities = ReturnType<typeof createTrainingActivities>;

/** Activities of the queue `flywheel-training`. */
export function createTrainingActivities(settings: TrainingSettings) {
  const { clusters, engines, ...means } = { graceMs: 20_000, ...settings };
  const { store, reward, graceMs } = means;

  /** Checks what is to be trained and binds its key to it; takes over what an equal training of a donor came to. */
  async function begin(input: RunTrainingInput) {
    const folder = new JobFolder(store, input.jobKey);
    const engine = engineOf(engines, input);
    const cluster = await clusterFor(clusters, input.cluster, input.resources);
    if (input.kind === 'grpo') refuseUnreachable(cluster, reward.publicUrl);
    folder.job(input, 1, reward);
    await checkArtifacts(store, input);
    await folder.bind(input);
    const result = await takeOver(input, { store, folder, cluster, graceMs });
    const taken = result && (await folder.taken());
    return { folder, engine, cluster, ...(taken && { outcome: await takenOutcome(input, result, taken, store) }) };
  }

  return {
    /** A result that is taken over, if one is: asked for before judges are served for nothing. */
    takeTraining: (input: RunTrainingInput): Promise<TrainingOutcome | undefined> =>
      beating(async () => (await begin(input)).outcome),

    /**
     * Ends the job of a cancelled training, if it still runs: for the clean-up of a lap whose worker was gone when it
     * was cancelled.
     */
    stopTraining: ({ jobKey, cluster }: Pick<RunTrainingInput, 'jobKey' | 'cluster'>): Promise<void> =>
      beating(() => cancelJob(new JobFolder(store, jobKey), clusterNamed(clusters, cluster), graceMs)),

    /**
     * Trains once, whatever is killed meanwhile. Heartbeats are TrainingProgress; cancellation ends the job, a worker's
     * shutdown does not.
     */
    runTraining: (input: RunTrainingInput): Promise<TrainingOutcome> =>
      beating(async (heartbeat) => {
        const { folder, engine, cluster, outcome } = await begin(input);
        if (outcome !== undefined) return outcome;
        const { info, cancellationSignal: signal } = Context.current();
        const { workflowId, runId } = info.workflowExecution ?? {};
        const execution = `${workflowId}/${runId}/${info.activityId}`;
        try {
          return await runJob(input, { ...means, cluster, engine, folder, execution, signal, heartbeat });
        } catch (error) {
          if (signal.aborted) await stopWatching(() => cancelJob(folder, cluster, graceMs), folder.jobKey);
          throw error;
        }
      }),
  };
}

/**
 * Of all ends of a watch, only a cancellation is about the job. After the others (shutdown, timeout, pause) the next
 * worker adopts it.
 */
async function stopWatching(cancel: () => Promise<void>, jobKey: string): Promise<void> {
  const { cancelRequested, workerShutdown } = Context.current().cancellationDetails ?? {};
  if (cancelRequested === true) await cancel();
  if (workerShutdown === true)
    throw failure('WorkerShutdown', `The worker shuts down; training job ${jobKey} goes on`, {
      nextRetryDelay: '1 second',
    });
}

function engineOf(engines: readonly Engine[], { engine, kind }: RunTrainingInput): Engine {
  try {
    return engineFor(engines, engine, kind);
  } catch (error) {
    throw failure('InvalidTrainingInput', (error as Error).message);
  }
}

/**
 * Ends every job that runs on a cluster, gracefully: each saves its state, and the attempt that goes on later does not
 * count as a retry. Stop the workers first, or they start the next attempt.
 * @returns the jobs that were running.
 */
export async function stopJobs(
  store: ArtifactStore,
  cluster: Pick<Cluster, 'stop'> & { running(): Promise<SubmittedJob[]> },
  graceMs: number,
): Promise<SubmittedJob[]> {
  const jobs = await cluster.running();
  await Promise.all(jobs.map((job) => stopJob(new JobFolder(store, job.jobKey), cluster, job, 'stop', graceMs)));
  return jobs;
}

/** A missing input is found here, with a name, and not by a trainer that has waited for a GPU. */
async function checkArtifacts(store: ArtifactStore, input: RunTrainingInput): Promise<void> {
  const { maxAttempts } = input;
  if (!(Number.isInteger(maxAttempts) && maxAttempts >= 1))
    throw failure('InvalidTrainingInput', `Expected maxAttempts to be a whole number from 1 on, got ${maxAttempts}`);
  for (const { uri } of [
    input.initCheckpoint,
    ...(input.referenceCheckpoint ? [input.referenceCheckpoint] : []),
    ...input.datasets.map(({ ref }) => ref),
  ]) {
    if (!(await store.exists(uri))) {
      throw failure(
        'JobFailed.data',
        `Expected ${uri}, an input of training job ${input.jobKey}, to be in the store, got nothing there`,
      );
    }
  }
}
