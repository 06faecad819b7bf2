import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import {
  groupLives,
  launchOnce,
  livingIn,
  readLiving,
  readRecord,
  terminate,
  type ProcessRecord,
} from '../processes/records.ts';
import type { Cluster, ClusterCapacity, JobAttempt, Machine, Presence, SubmittedJob } from './types.ts';

const settings = z.strictObject({
  kind: z.literal('local'),
  /** @default one node with the GPUs that nvidia-smi lists */
  capacity: z.strictObject({ nodes: z.literal(1), gpusPerNode: z.int().min(0) }).optional(),
  lookEveryMs: z.int().min(10).default(500),
});

interface JobRecord extends ProcessRecord {
  readonly jobKey: string;
  readonly attempt: number;
}

/**
 * Runs each job as a detached process group of this machine, which is found again by its record
 * (`<jobKey, URL-encoded>.<attempt>.json`) and is over when all of it is. Images, queues and accounts are other
 * clusters'.
 */
export class LocalCluster implements Cluster {
  static readonly settings = settings;
  readonly name: string;
  readonly lookEveryMs: number;
  readonly #capacity: ClusterCapacity | undefined;
  readonly #machine: Machine;

  constructor(name: string, { capacity, lookEveryMs }: z.infer<typeof settings>, machine: Machine) {
    this.name = name;
    this.lookEveryMs = lookEveryMs;
    this.#capacity = capacity;
    this.#machine = machine;
  }

  async capacity(): Promise<ClusterCapacity> {
    return this.#capacity ?? { nodes: 1, gpusPerNode: await countGpus() };
  }

  async submit({ jobKey, attempt, command, env, log }: JobAttempt): Promise<SubmittedJob> {
    const { root, env: machines } = this.#machine;
    const record = await launchOnce<JobRecord>({
      record: this.#record(jobKey, attempt),
      about: { jobKey, attempt },
      command,
      cwd: root,
      env: { ...machines, ...env },
      log,
    });
    return submitted(record);
  }

  async find(jobKey: string, attempt: number): Promise<SubmittedJob | undefined> {
    const record = await readRecord<JobRecord>(this.#record(jobKey, attempt));
    return record && submitted(record);
  }

  async state({ jobKey, attempt }: SubmittedJob): Promise<Presence> {
    const record = await readLiving(this.#record(jobKey, attempt), groupLives);
    return record ? { kind: 'alive', since: record.startedAt } : { kind: 'gone' };
  }

  async stop({ jobKey, attempt }: SubmittedJob, graceMs: number): Promise<void> {
    const record = await readLiving(this.#record(jobKey, attempt), groupLives);
    if (record) await terminate(record, { graceMs });
  }

  /** The jobs that run now. */
  async running(): Promise<SubmittedJob[]> {
    return (await livingIn<JobRecord>(this.#machine.folder, groupLives)).map(submitted);
  }

  #record(jobKey: string, attempt: number): string {
    return path.join(this.#machine.folder, `${encodeURIComponent(jobKey)}.${attempt}.json`);
  }
}

function submitted({ jobKey, attempt, pid, startedAt }: JobRecord): SubmittedJob {
  return { jobKey, attempt, id: String(pid), submittedAt: startedAt };
}

async function countGpus(): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', ['--list-gpus']);
    return stdout.split('\n').filter((line) => line.startsWith('GPU ')).length;
  } catch {
    return 0; // no driver, no GPU
  }
}
