import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { jobResultSchema, jobSchema, type Job, type JobResult } from '../../shared/training/job.ts';
import type { TakenTraining } from '../../shared/training/taken.ts';
import type { AttemptSummary, StopReason } from '../../shared/training/trainingState.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { SubmittedJob } from '../clusters/types.ts';
import type { RunTrainingInput } from './types.ts';
import { uri, isJobKey, prefixOf } from '../../shared/ids.ts';
import { failure } from '../failure.ts';

/** Where jobs reach the reward service, and which environment variable of theirs holds its token. */
export interface RewardAddress {
  readonly publicUrl: string;
  readonly tokenEnv: string;
}

/** An attempt that was submitted, kept in `attempt-N.json` because a cluster forgets its jobs. */
export interface Submission extends SubmittedJob {
  /** The scheduled activity that submitted it. */
  readonly execution: string;
  /** Name of the cluster that has it; absent in what earlier releases wrote. */
  readonly cluster?: string;
}

/** How an attempt ended, kept in `attempt-N.end.json` because the next attempt overwrites `result.json`. */
export interface AttemptEnd extends Omit<AttemptSummary, 'execution'>, AttemptSeconds {}

interface AttemptSeconds {
  readonly seconds: number;
  /** @default 0 */
  readonly queuedSeconds?: number;
}

/** The files of `jobs/<jobKey>/`. */
export class JobFolder {
  readonly jobKey: string;
  readonly #store: ArtifactStore;

  /** @throws `InvalidTrainingInput` when the key is not a path of plain names: it becomes one inside the store. */
  constructor(store: ArtifactStore, jobKey: string) {
    if (!isJobKey(jobKey)) {
      throw failure(
        'InvalidTrainingInput',
        `Expected jobKey to be a path of names such as main/lap-0001/verifier-v1, got ${JSON.stringify(jobKey)}`,
      );
    }
    this.#store = store;
    this.jobKey = jobKey;
  }

  /** URI of one of the folder's files. */
  uri(file: string): string {
    return uri.jobs(this.jobKey, file);
  }

  get metrics(): string {
    return this.uri('metrics.jsonl');
  }

  jobFile(attempt: number): string {
    return this.uri(`job-${attempt}.json`);
  }

  log(attempt: number): string {
    return this.uri(`attempt-${attempt}.log`);
  }

  /**
   * Binds the jobKey to what is trained under it.
   * @throws `JobConflict` with the fields in which an earlier training of the same key differs.
   */
  async bind(input: RunTrainingInput): Promise<void> {
    const { resources: _, cluster: __, maxAttempts: ___, donors: ____, ...training } = input;
    const bound = await this.#find<Record<string, unknown>>('training.json');
    const plain = JSON.parse(JSON.stringify(training)) as Record<string, unknown>;
    if (!bound) {
      await this.#store.writeJson(this.uri('training.json'), plain);
      return;
    }
    const differing = Object.keys({ ...bound, ...plain }).filter(
      (field) => !isDeepStrictEqual(bound[field], plain[field]),
    );
    if (differing.length === 0) return;
    const message =
      `Expected ${this.jobKey} to be the training it was before, got another ${differing.join(', ')}: a ` +
      'new training needs a new jobKey, that is a new lap';
    throw failure('JobConflict', message);
  }

  /** What is trained under the jobKey; undefined where nothing was yet. */
  training(): Promise<RunTrainingInput | undefined> {
    return this.#find('training.json');
  }

  /** What was taken over from another training, if anything was. */
  taken(): Promise<TakenTraining | undefined> {
    return this.#find('taken.json');
  }

  async writeTaken(taken: TakenTraining): Promise<void> {
    await this.#store.writeJson(this.uri('taken.json'), taken);
  }

  /**
   * The job file's content for an attempt. Every URI in it is an address that another machine can read.
   * @throws an ApplicationFailure that names the fields which the contract does not allow.
   */
  job(input: RunTrainingInput, attempt: number, reward: RewardAddress): Job {
    const file = (uri: string) => this.#store.address(uri);
    // The schema keeps what the contract names, and no more.
    const parsed = jobSchema.safeParse({
      ...input,
      attempt,
      initCheckpoint: { ...input.initCheckpoint, uri: file(input.initCheckpoint.uri) },
      ...(input.referenceCheckpoint && {
        referenceCheckpoint: { ...input.referenceCheckpoint, uri: file(input.referenceCheckpoint.uri) },
      }),
      datasets: input.datasets.map(({ ref, ...use }) => ({ ...use, ...ref, uri: file(ref.uri) })),
      output: { uri: file(uri.jobs(this.jobKey)), checkpoints: file('checkpoints') },
      resume: 'auto',
      reward: {
        url: `${reward.publicUrl}/jobs/${encodeURIComponent(this.jobKey)}/v2/rewards`,
        ...(input.kind === 'grpo' && {
          recipeSha256: input.rewardSpecSha256,
          outageMinutes: input.outageMinutes,
          stallMinutes: input.stallMinutes,
        }),
        tokenEnv: reward.tokenEnv,
      },
    });
    if (!parsed.success) {
      const message =
        `Expected training job ${this.jobKey} to keep its contract (shared/training/job.ts), ` +
        `got\n${z.prettifyError(parsed.error)}`;
      throw failure('InvalidTrainingInput', message);
    }
    return parsed.data;
  }

  /** Writes an attempt's job file, and returns its URI. */
  async writeJob(job: Job): Promise<string> {
    return (await this.#store.writeJson(this.jobFile(job.attempt), job)).uri;
  }

  /**
   * Says whose turn it is to write here, before the attempt is submitted: a trainer that sees a later one than its own
   * ends itself (trainer/contract/fence.py). It never goes back, whoever comes late.
   */
  async takeTurn(attempt: number): Promise<void> {
    const turn = await this.#find<number>('attempt');
    if (turn === undefined || turn < attempt) await this.#store.write(this.uri('attempt'), `${attempt}\n`);
  }

  submission(attempt: number): Promise<Submission | undefined> {
    return this.#find(`attempt-${attempt}.json`);
  }

  async writeSubmission(job: SubmittedJob, execution: string, cluster: string): Promise<Submission> {
    const submission = { ...job, execution, cluster };
    await this.#store.writeJson(this.uri(`attempt-${job.attempt}.json`), submission);
    return submission;
  }

  /** The result as it lies there, of whichever attempt. */
  async lastResult(): Promise<JobResult | undefined> {
    return jobResultSchema.safeParse(await this.#find('result.json')).data;
  }

  /** The last step of which there is a whole state; the trainer writes `progress.json` last. */
  async lastState(): Promise<number | undefined> {
    const steps: number[] = [];
    for await (const file of this.#store.list(prefixOf(this.uri('state')))) {
      const [, step] = /\/checkpoint-(\d+)\/progress\.json$/.exec(file) ?? [];
      if (step !== undefined) steps.push(Number(step));
    }
    return steps.length === 0 ? undefined : Math.max(...steps);
  }

  /** Seconds of training behind a result, those of what it took over included. */
  async seconds({ attempt, seconds }: Pick<JobResult & { seconds: number }, 'attempt' | 'seconds'>): Promise<number> {
    const ends = await Promise.all(Array.from({ length: attempt }, (_, index) => this.end(index + 1)));
    const taken = (await this.taken())?.seconds ?? 0;
    const ran = ends.reduce((sum, end) => sum + (end?.seconds ?? 0), 0);
    return taken + (ran > 0 || taken > 0 ? ran : seconds);
  }

  /** The attempt's own result; that of an earlier attempt is none. */
  async result(attempt: number): Promise<{ readonly result?: JobResult; readonly invalidResult?: string }> {
    if ((await this.#store.stat(this.uri('result.json'))) === undefined) return {};
    const invalid = (why: string) => ({
      invalidResult: `expected ${this.uri('result.json')} to be a job result (shared/training/job.ts), got ${why}`,
    });
    let value: unknown;
    try {
      value = await this.#store.readJson(this.uri('result.json'));
    } catch (error) {
      return invalid(`no JSON: ${(error as Error).message}`);
    }
    const whose = (value as { attempt?: unknown } | null)?.attempt;
    if (typeof whose === 'number' && whose < attempt) return {};
    const parsed = jobResultSchema.safeParse(value);
    if (!parsed.success) return invalid(z.prettifyError(parsed.error));
    if (parsed.data.jobKey !== this.jobKey || parsed.data.attempt !== attempt) {
      return invalid(`that of ${parsed.data.jobKey}, attempt ${parsed.data.attempt}`);
    }
    return { result: parsed.data };
  }

  /** Why we asked the attempt to end, if we did. */
  async stoppedBy(attempt: number): Promise<StopReason | undefined> {
    return (await this.#find<{ readonly reason: StopReason }>(`attempt-${attempt}.stop.json`))?.reason;
  }

  async markStop(attempt: number, reason: StopReason): Promise<void> {
    await this.#store.writeJson(this.uri(`attempt-${attempt}.stop.json`), { reason, at: new Date().toISOString() });
  }

  end(attempt: number): Promise<AttemptEnd | undefined> {
    return this.#find(`attempt-${attempt}.end.json`);
  }

  async writeEnd(end: AttemptEnd): Promise<void> {
    await this.#store.writeJson(this.uri(`attempt-${end.attempt}.end.json`), end);
  }

  /**
   * Seconds that an attempt ran, to its last sign of life (its result, its metrics, its log), and that it was queued
   * before.
   * @param since when it began to run, as the cluster says now. It is kept, as a cluster forgets.
   * @param nowMs for what never ran, in milliseconds since the epoch.
   */
  async secondsOf(job: SubmittedJob, since: string | undefined, nowMs = Date.now()): Promise<AttemptSeconds> {
    const submitted = Date.parse(job.submittedAt);
    const file = `attempt-${job.attempt}.start.json`;
    const kept = since === job.submittedAt ? since : (await this.#find<{ readonly since: string }>(file))?.since;
    if (kept === undefined && since !== undefined) await this.#store.writeJson(this.uri(file), { since });
    const times = await Promise.all(
      [this.uri('result.json'), this.metrics, this.log(job.attempt)].map(
        (uri) => this.#store.stat(uri).then((found) => found?.changedAt ?? 0), // it never came so far
      ),
    );
    const end = Math.max(...times);
    const told = kept ?? since;
    // Of one that has left signs, but that nobody saw run, no queue is known.
    const start = told !== undefined ? Date.parse(told) : end > submitted ? submitted : nowMs;
    return { seconds: secondsFrom(start, end), queuedSeconds: secondsFrom(submitted, start) };
  }

  /** What an attempt resumes from: as large as three models, and nobody's once the job has succeeded. */
  async removeState(): Promise<void> {
    const files: string[] = [];
    for await (const file of this.#store.list(this.uri('state/'))) files.push(file);
    for (const file of files) await this.#store.remove(file);
  }

  #find<T>(file: string): Promise<T | undefined> {
    return this.#store.findJson(this.uri(file));
  }
}

/** In seconds, of milliseconds since the epoch. */
function secondsFrom(start: number, end: number): number {
  return Math.max(0, Math.round(end - start)) / 1000;
}
