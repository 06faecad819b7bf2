import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ClusterCapacity, StopReason } from '../../shared/training/trainingState.ts';
import {
  isAlive,
  launchOnce,
  PYTHON_ENV,
  readRecord,
  terminate,
  type Environment,
  type ProcessRecord,
} from '../processes/records.ts';
import type { ArtifactStore } from '../store/files.ts';
import { JobFolder } from '../training/jobFolder.ts';
import type { ClusterBackend, Submission, SubmittedJob } from '../training/types.ts';

export interface LocalClusterSettings {
  readonly store: ArtifactStore;
  /** Working directory of the jobs: the project's root, where `trainer` is a package. */
  readonly root: string;
  /** Program and arguments of a job; its job file's path follows. Such as `[python, '-m', 'trainer.train']`. */
  readonly command: readonly string[];
  /** The jobs' environment, the reward token included. */
  readonly env: Environment;
  /** @default one node with the GPUs that nvidia-smi lists */
  readonly capacity?: ClusterCapacity;
}

/** Record of a job: `jobs/<jobKey>/attempt-N.json`. */
interface JobRecord extends ProcessRecord {
  readonly jobKey: string;
  readonly attempt: number;
  readonly execution: string;
}

/**
 * Runs each job as a detached process group of this machine, which outlives the worker and is found again by its
 * record.
 */
export class LocalCluster implements ClusterBackend {
  readonly name = 'local';
  readonly #settings: LocalClusterSettings;

  constructor(settings: LocalClusterSettings) {
    this.#settings = settings;
  }

  async capacity(): Promise<ClusterCapacity> {
    return this.#settings.capacity ?? { nodes: 1, gpusPerNode: await countGpus() };
  }

  async find(jobKey: string, attempt: number): Promise<SubmittedJob | undefined> {
    const record = await readRecord<JobRecord>(this.#recordFile(jobKey, attempt));
    return record && submitted(record);
  }

  async submit({ jobKey, attempt, jobFile, execution }: Submission): Promise<SubmittedJob> {
    const { store, root, command, env } = this.#settings;
    const record = await launchOnce<JobRecord>({
      record: this.#recordFile(jobKey, attempt),
      about: { jobKey, attempt, execution },
      command: [...command, store.path(jobFile)],
      cwd: root,
      env: { ...env, ...PYTHON_ENV, PYTHONPATH: root },
      log: store.path(new JobFolder(store, jobKey).log(attempt)),
    });
    return submitted(record);
  }

  async state({ jobKey, attempt }: SubmittedJob): Promise<'alive' | 'gone'> {
    const record = await readRecord<JobRecord>(this.#recordFile(jobKey, attempt));
    return record && (await isAlive(record)) ? 'alive' : 'gone';
  }

  async stop({ jobKey, attempt }: SubmittedJob, reason: StopReason, graceMs: number): Promise<void> {
    const record = await readRecord<JobRecord>(this.#recordFile(jobKey, attempt));
    if (!record || !(await isAlive(record))) return;
    await new JobFolder(this.#settings.store, jobKey).markStop(attempt, reason);
    await terminate(record, { graceMs });
  }

  #recordFile(jobKey: string, attempt: number): string {
    return new JobFolder(this.#settings.store, jobKey).path(`attempt-${attempt}.json`);
  }
}

function submitted({ jobKey, attempt, execution, pid, startedAt }: JobRecord): SubmittedJob {
  return { jobKey, attempt, execution, id: String(pid), submittedAt: startedAt };
}

/** The training jobs of this machine that run now. */
export async function listLocalJobs(store: ArtifactStore): Promise<SubmittedJob[]> {
  return (await liveRecords(store)).map(submitted);
}

/**
 * Ends every local training job, gracefully: each saves its state, and the attempt that goes on later does not count as
 * a retry. Stop the workers first, or they start the next attempt.
 * @returns the jobs that were running.
 */
export async function stopLocalJobs(
  store: ArtifactStore,
  { graceMs = 20_000 }: { readonly graceMs?: number } = {},
): Promise<SubmittedJob[]> {
  const records = await liveRecords(store);
  await Promise.all(
    records.map(async (record) => {
      await new JobFolder(store, record.jobKey).markStop(record.attempt, 'stop');
      await terminate(record, { graceMs });
    }),
  );
  return records.map(submitted);
}

async function liveRecords(store: ArtifactStore): Promise<JobRecord[]> {
  const records = await Promise.all((await recordFiles(store.path('jobs'))).map((file) => readRecord<JobRecord>(file)));
  const alive = await Promise.all(records.map(async (record) => record !== undefined && (await isAlive(record))));
  return records.filter((record, index): record is JobRecord => alive[index] === true && record !== undefined);
}

/** Job folders may lie at any depth, as their keys do; nothing below one is another. */
async function recordFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const records = entries
    .filter(({ name }) => /^attempt-\d+\.json$/.test(name))
    .map(({ name }) => path.join(folder, name));
  if (records.length > 0) return records;
  return (
    await Promise.all(
      entries.filter((entry) => entry.isDirectory()).map(({ name }) => recordFiles(path.join(folder, name))),
    )
  ).flat();
}

async function countGpus(): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', ['--list-gpus']);
    return stdout.split('\n').filter((line) => line.startsWith('GPU ')).length;
  } catch {
    return 0; // no driver, no GPU
  }
}
