import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { failure } from '../../failure.ts';
import { FileStore } from '../../store/files.ts';
import { quoted, variables } from '../shell.ts';
import type { Cluster, ClusterCapacity, JobAttempt, Machine, Presence, SubmittedJob } from '../types.ts';
import { RayApi, type RayJob } from './api.ts';
import { entryFiles, entryScript, type EntryFiles } from './entry.ts';

const settings = z.strictObject({
  kind: z.literal('ray'),
  /** Of the head's dashboard. */
  address: z.url({ protocol: /^https?$/ }),
  /** Environment variable of the worker with the token of a cluster that asks for one. @default none is sent */
  tokenEnv: z.string().min(1).optional(),
  /** CPUs that a job asks for; with 0 and no GPU it runs on the head. */
  cpus: z.number().min(0).default(1),
  /** How long a job has to save its state after it was asked to end. */
  graceSeconds: z.int().min(1).default(30),
  /** Shell lines before the trainer, such as `module load cuda`. */
  setup: z.array(z.string()).default([]),
  /** Variables of jobs, beside those that trainers need. They stand in the script: no place for secrets. */
  env: z.record(z.string(), z.string()).default({}),
  /** The project's folder on the nodes. @default where it is here */
  folder: z.string().startsWith('/', 'expected an absolute path').optional(),
  /** Jobs run on this very machine, so that 127.0.0.1 is the same for them. @default false */
  sharesMachine: z.boolean().default(false),
  lookEveryMs: z.int().min(10).default(5_000),
});

/** What is kept of a submitted attempt: the head forgets when it is restarted. */
interface Known extends SubmittedJob {
  readonly log: string;
  /** ISO time at which it was first seen to run. */
  readonly since?: string;
}

const OVER: readonly string[] = ['SUCCEEDED', 'FAILED', 'STOPPED'];
const STOP_POLL_MS = 200;

/**
 * Runs jobs by the Jobs API of a Ray cluster, whose nodes reach the store by the same paths. An attempt has a
 * submission id of its own, so that who submits it again gets the same job.
 */
export class RayCluster implements Cluster {
  static readonly settings = settings;
  readonly name: string;
  readonly lookEveryMs: number;
  readonly elsewhere: boolean;
  readonly #settings: z.infer<typeof settings>;
  readonly #machine: Machine;
  readonly #api: RayApi;
  readonly #known: FileStore;

  constructor(name: string, given: z.infer<typeof settings>, machine: Machine) {
    this.name = name;
    this.lookEveryMs = given.lookEveryMs;
    this.elsewhere = !given.sharesMachine;
    this.#settings = given;
    this.#machine = machine;
    this.#api = new RayApi(given.address, given.tokenEnv && machine.env[given.tokenEnv]);
    this.#known = new FileStore(path.join(machine.folder, 'ray', name), 0o600);
  }

  async capacity(): Promise<ClusterCapacity> {
    const alive = (await this.#api.nodes()).filter((node) => node.alive);
    const most = Math.max(0, ...alive.map(({ gpus }) => gpus));
    return { nodes: alive.filter(({ gpus }) => gpus === most).length, gpusPerNode: most };
  }

  show(attempt: JobAttempt): string {
    const files = entryFiles(attempt.log, this.#id(attempt.jobKey, attempt.attempt));
    return `${entrypoint(files)}\n${this.#script(attempt, files)}`;
  }

  async submit(attempt: JobAttempt): Promise<SubmittedJob> {
    const found = await this.#find(attempt.jobKey, attempt.attempt);
    if (found) return told(found);
    const { command, launch, resources, env, log, jobKey } = attempt;
    if (resources.nodes > 1 && launch === 'perNode')
      throw failure(
        'ClusterTooSmall',
        `Expected an engine that spreads itself over a Ray cluster, or one node, got ${resources.nodes} nodes for ` +
          `${command.slice(0, 3).join(' ')}: lower training.nodes, or choose another training.engine or cluster`,
      );
    const id = this.#id(jobKey, attempt.attempt);
    const files = entryFiles(log, id);
    const beside = new FileStore(path.dirname(log), 0o600);
    await beside.write(path.basename(files.secrets), [...variables(env), ''].join('\n'));
    await beside.write(path.basename(files.script), this.#script(attempt, files));
    const submittedAt = new Date().toISOString();
    await this.#api.submit({
      submission_id: id,
      entrypoint: entrypoint(files),
      entrypoint_num_cpus: this.#settings.cpus,
      // An engine that spreads itself takes its GPUs from Ray.
      entrypoint_num_gpus: resources.nodes > 1 ? 0 : resources.gpusPerNode,
      metadata: { jobKey, attempt: String(attempt.attempt), submittedAt, log },
      runtime_env: { env_vars: { RAY_JOB_STOP_WAIT_TIME_S: String(this.#settings.graceSeconds) } },
    });
    const known = await this.#find(jobKey, attempt.attempt);
    if (!known) throw new Error(`Ray has taken job ${id}, and does not know it; it is asked again`);
    return told(known);
  }

  async find(jobKey: string, attempt: number): Promise<SubmittedJob | undefined> {
    const known = await this.#find(jobKey, attempt);
    return known && told(known);
  }

  async state({ id }: SubmittedJob): Promise<Presence> {
    const job = await this.#api.job(id);
    const known = await this.#known.findJson<Known>(`${id}.json`);
    const since = known?.since && { since: known.since };
    if (!job) return { kind: 'gone', ...since };
    if (job.status === 'PENDING')
      return known && (await this.#isCancelled(known)) ? { kind: 'gone' } : { kind: 'queued' };
    if (OVER.includes(job.status)) {
      // A second submitter may have written it again after the job had read it.
      if (known) await rm(entryFiles(known.log, id).secrets, { force: true });
      return { kind: 'gone', ...since, ...(await this.#nodeIsLost(job)) };
    }
    // What the head calls running on a node that it calls dead.
    const lost = await this.#nodeIsLost(job);
    if (lost) return { kind: 'gone', ...since, ...lost };
    const seen = known?.since ?? new Date().toISOString();
    if (known && known.since === undefined)
      await this.#known.writeJson(`${id}.json`, { ...known, since: seen } satisfies Known);
    return { kind: 'alive', since: seen };
  }

  /** A job that waits for resources ignores a stop: a mark keeps it from beginning when they come. */
  async stop(job: SubmittedJob): Promise<void> {
    const known = await this.#find(job.jobKey, job.attempt);
    if (!known) return;
    const { secrets, cancelled } = entryFiles(known.log, known.id);
    const beside = new FileStore(path.dirname(known.log), 0o600);
    await beside.create(path.basename(cancelled), '');
    for (let asked = false; (await this.state(job)).kind !== 'gone'; await sleep(STOP_POLL_MS)) {
      if (!asked) await this.#api.stop(known.id);
      asked = true;
    }
    await rm(secrets, { force: true });
  }

  /** What was submitted by this installation, whether or not the head still knows it. */
  async #find(jobKey: string, attempt: number): Promise<Known | undefined> {
    const id = this.#id(jobKey, attempt);
    const known = await this.#known.findJson<Known>(`${id}.json`);
    if (known) return known;
    const metadata = (await this.#api.job(id))?.metadata;
    if (!metadata) return undefined;
    const { submittedAt = '', log = '' } = metadata;
    const record: Known = { jobKey, attempt, id, submittedAt, log };
    await this.#known.writeJson(`${id}.json`, record);
    return record;
  }

  async #isCancelled({ log, id }: Known): Promise<boolean> {
    const mark = entryFiles(log, id).cancelled;
    return (await new FileStore(path.dirname(mark)).stat(path.basename(mark))) !== undefined;
  }

  async #nodeIsLost({ status, driver_node_id }: RayJob): Promise<{ why: 'nodeLost' } | undefined> {
    if (status === 'SUCCEEDED' || status === 'STOPPED' || !driver_node_id) return undefined;
    const node = (await this.#api.nodes()).find(({ id }) => id === driver_node_id);
    return node?.alive === false ? { why: 'nodeLost' } : undefined;
  }

  #script(attempt: JobAttempt, files: EntryFiles): string {
    const { folder = this.#machine.root, env, setup, graceSeconds } = this.#settings;
    return entryScript(attempt, files, { folder, env: { ...this.#machine.named, ...env }, setup, graceSeconds });
  }

  /** Ray refuses characters beyond these; two installations on one cluster have their own jobs. */
  #id(jobKey: string, attempt: number): string {
    const digest = createHash('sha256').update([this.#machine.folder, jobKey, attempt].join('\n')).digest('hex');
    return `flywheel-${digest.slice(0, 40)}`;
  }
}

/** Ray's shell becomes ours: one process that signals reach. */
const entrypoint = ({ script }: EntryFiles): string => `exec /bin/sh ${quoted(script)}`;

const told = ({ jobKey, attempt, id, submittedAt }: Known): SubmittedJob => ({ jobKey, attempt, id, submittedAt });
