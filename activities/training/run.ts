import { setTimeout as sleep } from 'node:timers/promises';
import {
  isOver,
  jobState,
  nextStep,
  type AttemptSummary,
  type StopReason,
} from '../../shared/training/trainingState.ts';
import type { Cluster, Presence, SubmittedJob } from '../clusters/types.ts';
import type { Environment } from '../processes/records.ts';
import { countAttempt, countEnd, watchTraining } from '../metrics/trainings.ts';
import { checkpointThinking } from '../store/thinking.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { Engine } from './engines.ts';
import type { AttemptEnd, JobFolder, RewardAddress, Submission } from './jobFolder.ts';
import { presenceOf } from './lost.ts';
import { LostMarks } from './lostMarks.ts';
import { MetricsTail } from './metrics.ts';
import { outcomeOf } from './outcome.ts';
import type { RunTrainingInput, TrainingOutcome, TrainingProgress } from './types.ts';
import { failure } from '../failure.ts';
import { partOf, prefixOf } from '../../shared/ids.ts';

/** What every training of this installation is run with. */
export interface TrainingMeans {
  readonly store: ArtifactStore;
  /** What a job gets to see beside the cluster's own environment: the reward token. */
  readonly env: Environment;
  /** Read whenever a job file is written. */
  readonly reward: RewardAddress;
  /** Milliseconds that a job has to save its state when it is asked to end. */
  readonly graceMs: number;
}

interface RunContext extends TrainingMeans {
  readonly cluster: Cluster;
  readonly folder: JobFolder;
  readonly engine: Engine;
  /** Which scheduled activity this is: equal in all its attempts, and no other's. */
  readonly execution: string;
  /** Aborted when this watcher shall stop watching. What becomes of the job is the caller's to decide. */
  readonly signal: AbortSignal;
  readonly heartbeat: (progress: TrainingProgress) => void;
}

/**
 * Sees a training through to its end, over as many attempts as it takes. It holds no state: all is in the job's folder
 * and the cluster, so that a second watcher, at the same time or after a kill, does the same and nothing twice.
 * @throws a failure of its type; the signal's reason when aborted.
 */
export async function runJob(input: RunTrainingInput, context: RunContext): Promise<TrainingOutcome> {
  const { store, folder, cluster, engine, env, execution, signal } = context;
  for (;;) {
    const attempts = await attemptsOf(input, context);
    const next = nextStep(attempts, { execution, maxAttempts: input.maxAttempts });
    switch (next.kind) {
      case 'done': {
        const outcome = await outcomeOf(input, next.attempt, attempts, context);
        // After all that is kept: who is killed here is followed by one who does the same.
        await folder.removeState();
        return outcome;
      }
      case 'fail':
        throw failure(next.type, `Training job ${folder.jobKey}: ${inRecipe(folder.jobKey, next.message)}`);
      case 'watch':
        await watch(input, attempts[next.attempt - 1]!.job, context);
        break;
      case 'submit': {
        const { attempt, delayMs } = next;
        const { maxSteps } = input.hyper;
        const log = store.address(folder.log(attempt));
        context.heartbeat({ jobKey: folder.jobKey, attempt, state: 'pending', step: 0, maxSteps, log });
        await pause(delayMs, signal);
        const { marks: thinking } = await checkpointThinking(store, prefixOf(input.initCheckpoint.uri));
        const told = { ...input, ...(thinking && { thinking }) };
        const jobFile = await folder.writeJob(folder.job(told, attempt, context.reward));
        signal.throwIfAborted();
        await folder.takeTurn(attempt);
        const job = await cluster.submit({
          jobKey: folder.jobKey,
          attempt,
          command: engine.command(await store.forJobs(jobFile)),
          image: engine.image,
          launch: engine.launch,
          env,
          queue: input.resources.queue,
          resources: input.resources,
          log: await store.local(folder.log(attempt)),
        });
        countAttempt(measuredAs(folder, cluster));
        await watch(input, await folder.writeSubmission(job, execution, cluster.name), context);
      }
    }
  }
}

/** A trainer's words with the fields of its job file as the lap's recipe calls them. */
function inRecipe(jobKey: string, message: string): string {
  const part = partOf(jobKey);
  if (part === undefined) return message;
  const of = part === 'consolidation' ? part : `stages.${part}`;
  return message.replace(/\bhyper\.(\w+)/g, (_, field: string) =>
    field === 'maxLongRowShare' ? `training.${field}` : `${of}.${field}`,
  );
}

/** Asks the running attempt of a job to end for good, and ends it after the grace. */
export async function cancelJob(folder: JobFolder, cluster: Cluster, graceMs: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const job = (await folder.submission(attempt)) ?? (await cluster.find(folder.jobKey, attempt));
    if (!job) return;
    if ((await cluster.state(job)).kind !== 'gone') await stopJob(folder, cluster, job, 'cancel', graceMs);
  }
}

/** Ends an attempt that runs, with the reason on record first: what is over is judged by it. */
export async function stopJob(
  folder: JobFolder,
  cluster: Pick<Cluster, 'stop'>,
  job: SubmittedJob,
  reason: StopReason,
  graceMs: number,
): Promise<void> {
  await folder.markStop(job.attempt, reason);
  await cluster.stop(job, graceMs);
}

interface Attempt extends AttemptSummary, AttemptEnd {
  readonly job: Submission;
}

/**
 * Every submitted attempt, and how it stands. The end of one is put on record before a next one can overwrite its
 * result.
 */
async function attemptsOf(input: RunTrainingInput, context: RunContext): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const job = await submissionOf(attempt, context);
    if (!job) return attempts;
    const end = (await context.folder.end(attempt)) ?? (await look(input, job, context)).seen;
    attempts.push({ ...end, execution: job.execution, job });
  }
}

/** An attempt that was submitted. One whose submitter died before it could say so is ours now. */
async function submissionOf(attempt: number, context: RunContext): Promise<Submission | undefined> {
  const { folder, cluster, execution } = context;
  const known = await folder.submission(attempt);
  if (known) return known;
  const job = await cluster.find(folder.jobKey, attempt);
  return job && folder.writeSubmission(job, execution, cluster.name);
}

/** Looks at an attempt once. */
async function look(
  input: RunTrainingInput,
  job: SubmittedJob,
  { store, folder, cluster }: RunContext,
): Promise<{ readonly presence: Presence; readonly seen: AttemptEnd }> {
  const { attempt } = job;
  const presence = await presenceOf(job, { marks: new LostMarks(store, folder), cluster }); // before its result: what is gone writes no more
  const { result, invalidResult } = await folder.result(attempt);
  const stoppedBy = await folder.stoppedBy(attempt);
  const state = jobState({ presence: presence.kind, result, invalidResult, stoppedBy, maxSteps: input.hyper.maxSteps });
  const said = [presence.kind === 'gone' && presence.why, presence.words].filter(Boolean).join(', ');
  const seen: AttemptEnd = {
    attempt,
    state,
    stoppedBy,
    ...(state === 'failed' && result?.status === 'failed' && { class: result.class, message: result.message }),
    ...(state === 'preempted' && result?.status === 'preempted' && { step: result.step }),
    ...(state === 'failed' && invalidResult !== undefined && { class: 'app' as const, message: invalidResult }),
    ...(state === 'lost' && {
      message: (said === '' ? '' : `${cluster.name} says ${said}; `) + (await lastWords(store, folder.log(attempt))),
    }),
    ...(await folder.secondsOf(job, presence.kind === 'queued' ? undefined : presence.since)),
  };
  if (isOver(state)) {
    await folder.writeEnd(seen);
    const { seconds, queuedSeconds = 0 } = seen;
    countEnd(measuredAs(folder, cluster), { end: state, class: seen.class ?? 'none', seconds, queuedSeconds });
  }
  return { presence, seen };
}

/** Watches an attempt until it is over, one way or another. */
async function watch(input: RunTrainingInput, job: Submission, context: RunContext): Promise<void> {
  const measured = watchTraining(measuredAs(context.folder, context.cluster));
  await lookUntilOver(input, job, { ...context, saw: measured.saw }).finally(measured.end);
}

/** What a job is counted as: by where it runs and what it trains, not by its own name. */
const measuredAs = ({ jobKey }: JobFolder, { name }: Cluster) => ({ cluster: name, stage: partOf(jobKey) ?? 'other' });

async function lookUntilOver(
  input: RunTrainingInput,
  job: Submission,
  context: RunContext & { readonly saw: (state: string, step: number) => void },
): Promise<void> {
  const { folder, cluster, signal, heartbeat, graceMs, saw } = context;
  const metrics = new MetricsTail(context.store, folder.metrics);
  const { maxSteps } = input.hyper;
  const log = context.store.address(folder.log(job.attempt));
  let resultSince: number | undefined;
  for (;;) {
    const { presence, seen } = await look(input, job, context);
    const { last, grownAt } = await metrics.read();
    // An alive attempt without a result is starting, running or exporting, as its own metrics say.
    const own = grownAt >= Date.parse(job.submittedAt) ? last : undefined;
    const state = seen.state === 'starting' ? jobState({ presence: 'alive', step: own?.step, maxSteps }) : seen.state;
    saw(state, last?.step ?? 0);
    heartbeat({
      jobKey: folder.jobKey,
      attempt: job.attempt,
      state,
      step: last?.step ?? 0,
      maxSteps,
      log,
      ...(state === 'queued' && { queuedSince: job.submittedAt }),
      ...(presence.words !== undefined && { clusterSays: presence.words }),
      ...(last && { reward: last.reward, stepSeconds: last.stepSeconds }),
      ...(last?.flatGroupShare !== undefined && { flatGroupShare: last.flatGroupShare }),
    });
    if (isOver(seen.state)) {
      if (seen.stoppedBy === 'stop' && (seen.state === 'preempted' || seen.state === 'lost')) {
        throw failure(
          'JobStopped',
          `Training job ${folder.jobKey} was stopped together with the project; it goes on from its last checkpoint`,
          { nextRetryDelay: '2 seconds' },
        );
      }
      return;
    }
    if (seen.state === 'exporting') {
      // Its result is there: all it has left to do is to end.
      resultSince ??= Date.now();
      if (Date.now() - resultSince > graceMs) await stopJob(folder, cluster, job, 'timeout', 0);
    } else if (
      presence.kind === 'alive' &&
      Date.now() - Date.parse(presence.since) > input.resources.wallSeconds * 1000
    ) {
      await stopJob(folder, cluster, job, 'timeout', graceMs);
      continue;
    }
    await pause(resultSince === undefined ? cluster.lookEveryMs : cluster.lookEveryMs / 5, signal);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}

/** Where an attempt's log is, and its last line. A lost job may have none. */
async function lastWords(store: ArtifactStore, log: string): Promise<string> {
  const { bytes = 0 } = (await store.stat(log)) ?? {};
  if (bytes === 0) return `no log in ${log}`;
  const end = (await store.readBytes(log, { from: Math.max(0, bytes - 2048), to: bytes })).toString('utf8');
  return `the log ${log} ends with ${JSON.stringify(end.trim().split('\n').at(-1)?.slice(0, 200))}`;
}
