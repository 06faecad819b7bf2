import { readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../failure.ts';
import { quoted, variables } from '../shell.ts';
import type { Cluster, ClusterCapacity, JobAttempt, Machine, Presence, SubmittedJob } from '../types.ts';
import { SlurmCommands } from './commands.ts';
import { SlurmRest } from './rest.ts';
import { isOf, nameOf, type JobName } from './names.ts';
import { sbatchOptions } from './options.ts';
import { queueOf, type SharedQueue } from './queue.ts';
import { SlurmRecords, writeWhole, type SlurmRecord } from './records.ts';
import { filesOf, requestOf, type JobFiles } from './request.ts';
import { slurmSettings, type SlurmSettings } from './settings.ts';
import { firstOf, isHeld, presenceOf } from './states.ts';
import type { SlurmJob, SlurmTransport } from './types.ts';

/** Between two looks at a job that is asked to leave. */
const LEAVING_LOOK_MS = 1_000;

/**
 * Runs each attempt as a batch job of Slurm. The controller keeps no key of ours, so a job is submitted held, under a
 * name that stands for its attempt; of several that hold it, by submitters at the same time or by one whose answer got
 * lost, the first is released and the others are cancelled. Slurm forgets what has ended after minutes: ends are kept
 * in records here.
 */
export class SlurmCluster implements Cluster {
  static readonly settings = slurmSettings;
  readonly name: string;
  readonly lookEveryMs: number;
  readonly elsewhere: boolean;
  readonly #settings: SlurmSettings;
  readonly #machine: Machine;
  readonly #transport: SlurmTransport;
  readonly #queue: SharedQueue;
  readonly #records: SlurmRecords;
  readonly #asked = new Map<string, number>();

  constructor(name: string, settings: SlurmSettings, machine: Machine) {
    this.name = name;
    this.lookEveryMs = settings.lookEveryMs;
    this.elsewhere = !settings.sharesMachine;
    this.#settings = settings;
    this.#machine = machine;
    const { rest } = settings;
    this.#transport =
      rest === undefined ? new SlurmCommands(settings, machine.env) : new SlurmRest({ ...settings, rest }, machine.env);
    this.#queue = queueOf(this.#transport);
    this.#records = new SlurmRecords(path.join(machine.folder, name));
  }

  capacity(): Promise<ClusterCapacity> {
    return this.#transport.capacity();
  }

  async check(asked: ClusterCapacity): Promise<void> {
    const probe = { jobKey: 'check', attempt: 1, command: ['true'], env: {}, log: '/dev/null' };
    await this.#refuse({ ...probe, resources: { ...asked, wallSeconds: 60 } });
  }

  show(attempt: JobAttempt): string {
    const request = this.#request(attempt);
    const options = sbatchOptions(request, this.#settings).map(quoted).join(' ');
    return `sbatch --parsable --hold ${options} ${quoted(request.scriptFile)}\n${request.script}`;
  }

  async submit(attempt: JobAttempt): Promise<SubmittedJob> {
    const known = (await this.find(attempt.jobKey, attempt.attempt)) ?? (await this.#begun(attempt));
    if (known !== undefined) return known;
    await this.#refuse(attempt);
    const files = await this.#writeFiles(attempt);
    const id = await this.#transport.submit(this.#request(attempt));
    const job = await this.#adopt(attempt.jobKey, attempt.attempt, files);
    if (job !== undefined) return job;
    await this.#transport.cancel(id);
    throw new Error(
      `Expected Slurm to list job ${id} with the comment that it was submitted with; it is cancelled. Where the site ` +
        'changes comments, its jobs cannot be told apart',
    );
  }

  async find(jobKey: string, attempt: number): Promise<SubmittedJob | undefined> {
    const record = await this.#records.read(jobKey, attempt);
    return record === undefined ? this.#adopt(jobKey, attempt) : submitted(record);
  }

  async state(job: SubmittedJob): Promise<Presence> {
    const record = await this.#records.read(job.jobKey, job.attempt);
    if (record?.ended !== undefined && record.id === job.id) return record.ended;
    const found = await this.#look(job);
    // A controller that was killed may go back to a state of before it let the job go.
    if (found !== undefined && isHeld(found)) await this.#transport.release(found.id);
    const presence = found === undefined ? await this.#left(job, record) : presenceOf(found);
    await this.#keep(job, record, presence, found?.state);
    return presence;
  }

  async stop(job: SubmittedJob, graceMs: number): Promise<void> {
    const graceEnd = Date.now() + graceMs;
    const deadline = graceEnd + this.#settings.leaveTimeoutMs;
    const asked = { terminate: false, cancel: false };
    for (;;) {
      const jobs = await this.#transport.list([this.#name(job)]);
      const found = this.#one(job, jobs);
      const presence = found && presenceOf(found);
      if (presence === undefined || presence.kind === 'gone') return;
      const patient = presence.kind === 'alive' && Date.now() < graceEnd;
      if (patient && !asked.terminate) {
        asked.terminate = true;
        await this.#transport.terminate(job.id);
      } else if (!patient && !asked.cancel) {
        asked.cancel = true;
        await this.#transport.cancel(job.id);
      }
      if (Date.now() > deadline)
        throw new Error(
          `Expected job ${job.id} of ${this.name} to leave within ${this.#settings.leaveTimeoutMs / 1000} s, it is ` +
            `${found?.state}: a node may hang, ask its operators`,
        );
      await sleep(Math.min(LEAVING_LOOK_MS, this.lookEveryMs, Math.max(20, graceEnd - Date.now())));
    }
  }

  /** The attempt's job, if the controller knows it. Held ones are let go: the first to run, the others to end. */
  async #adopt(jobKey: string, attempt: number, files?: JobFiles): Promise<SubmittedJob | undefined> {
    const whose = this.#whose({ jobKey, attempt });
    const jobs = await this.#transport.list([nameOf(whose)]);
    const first = firstOf(jobs.filter((job) => isOf(job, whose)));
    if (first === undefined) return undefined;
    await this.#cancelCopies(first, jobs, whose);
    if (isHeld(first)) await this.#transport.release(first.id);
    const submittedAt = new Date(first.submittedAt ?? Date.now()).toISOString();
    const job = { jobKey, attempt, id: first.id, submittedAt };
    const known = await this.#records.read(jobKey, attempt);
    if (known?.id !== job.id) await this.#records.write({ ...job, ...(files && { secrets: files.secrets }) });
    return job;
  }

  /** Ends what was submitted beside a job and is still held, such as by one whose answer came too late. */
  async #cancelCopies({ id }: { readonly id: string }, jobs: readonly SlurmJob[], whose: JobName): Promise<void> {
    for (const job of jobs) if (job.id !== id && isHeld(job) && isOf(job, whose)) await this.#transport.cancel(job.id);
  }

  /** What has begun already, by the file that it made: Slurm may have forgotten it, and whoever has the record. */
  async #begun({ jobKey, attempt, log }: JobAttempt): Promise<SubmittedJob | undefined> {
    const { begun } = filesOf(log, this.#whose({ jobKey, attempt }));
    const made = await stat(begun).catch(() => undefined);
    if (made === undefined) return undefined;
    const id = (await readFile(begun, 'utf8')).trim();
    if (!/^\d+$/.test(id)) return undefined; // a kill within its first lines
    const job = { jobKey, attempt, id, submittedAt: made.mtime.toISOString() };
    await this.#records.write(job);
    return job;
  }

  /** @throws `ClusterTooSmall` with Slurm's words, where it could never run. */
  async #refuse(attempt: JobAttempt): Promise<void> {
    const refused = await this.#transport.refusal(this.#request(attempt));
    if (refused === undefined) return;
    const { nodes, gpusPerNode } = attempt.resources;
    throw failure(
      'ClusterTooSmall',
      `Expected ${this.name} to be able to run ${nodes} node(s) with ${gpusPerNode} GPUs each, Slurm says: ${refused}. ` +
        `Change the lap's training.nodes and training.gpusPerNode, or FLYWHEEL_CLUSTERS.${this.name} (partition, gres, ` +
        'account, qos, constraint, longestSeconds, options)',
    );
  }

  #request(attempt: JobAttempt) {
    return requestOf(attempt, this.#whose(attempt), { settings: this.#settings, machine: this.#machine });
  }

  /** The script, for people to read, and what is secret, for the job alone to read and remove. */
  async #writeFiles(attempt: JobAttempt): Promise<JobFiles> {
    const { folder, script } = this.#request(attempt);
    if (this.#settings.folder === undefined && !(await stat(folder).catch(() => undefined))?.isDirectory())
      throw new Error(`Expected the jobs' working folder ${folder} to be there: Slurm would run them in /tmp`);
    const files = filesOf(attempt.log, this.#whose(attempt));
    await writeWhole(files.script, script, 0o644);
    await writeWhole(files.secrets, [...variables(attempt.env), ''].join('\n'), 0o600);
    return files;
  }

  /** The job in a list that is as old as its last look, or younger; a list in which it is missing is asked for anew. */
  async #look(job: SubmittedJob): Promise<SlurmJob | undefined> {
    const name = this.#name(job);
    const now = Date.now();
    const before = this.#asked.get(name);
    this.#asked.set(name, now);
    const maxAgeMs = Math.min(this.lookEveryMs, before === undefined ? Infinity : now - before);
    const { at, jobs } = await this.#queue.jobs(name, { maxAgeMs });
    await this.#cancelCopies(job, jobs, this.#whose(job));
    const found = this.#one(job, jobs);
    if (found !== undefined || at >= now) return found;
    return this.#one(job, (await this.#queue.jobs(name, { maxAgeMs: 0, notBefore: now })).jobs);
  }

  #one(job: SubmittedJob, jobs: readonly SlurmJob[]): SlurmJob | undefined {
    const whose = this.#whose(job);
    return jobs.find((each) => each.id === job.id && isOf(each, whose));
  }

  /** How a job ended that the controller does not know any more. */
  async #left({ id }: SubmittedJob, record: SlurmRecord | undefined): Promise<Presence> {
    const accounted = await this.#transport.ended(id);
    const presence = accounted && presenceOf(accounted);
    if (presence?.kind === 'gone') return presence;
    const seen = record?.seen;
    const last = seen === undefined ? 'nobody here saw it run' : `it was ${seen.state} at ${seen.at}`;
    return { kind: 'gone', words: `the controller knows no job ${id} any more, ${last}` };
  }

  async #keep(
    job: SubmittedJob,
    record: SlurmRecord | undefined,
    presence: Presence,
    state: string | undefined,
  ): Promise<void> {
    const known = record?.id === job.id ? record : { ...submitted(job) };
    if (presence.kind === 'gone') {
      if (record?.secrets !== undefined) await rm(record.secrets, { force: true });
      this.#asked.delete(this.#name(job));
      await this.#records.write({ ...known, ended: presence });
    } else if (state !== undefined && state !== known.seen?.state) {
      await this.#records.write({ ...known, seen: { state, at: new Date().toISOString() } });
    }
  }

  #whose({ jobKey, attempt }: Pick<SubmittedJob, 'jobKey' | 'attempt'>): JobName {
    return { jobKey, attempt, of: this.#machine.folder };
  }

  #name(job: SubmittedJob): string {
    return nameOf(this.#whose(job));
  }
}

function submitted({ jobKey, attempt, id, submittedAt }: SubmittedJob): SubmittedJob {
  return { jobKey, attempt, id, submittedAt };
}
