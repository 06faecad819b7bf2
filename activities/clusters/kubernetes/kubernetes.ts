import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dump } from 'js-yaml';
import { failure } from '../../failure.ts';
import type { Cluster, ClusterCapacity, JobAttempt, Machine, Presence, SubmittedJob } from '../types.ts';
import { KubernetesApi, KubernetesRefusal } from './api.ts';
import { isHere, keepLog, readLogs, type PodLogs } from './log.ts';
import { KINDS } from './kinds.ts';
import { Looks } from './looks.ts';
import { jobManifest } from './manifest.ts';
import { holds, refuseNodes, trainerOf } from './nodes.ts';
import { condition, type KubeJob, type KubeNode, type List, type Pod } from './objects.ts';
import { goneBefore, hasEnded, presenceOf, signOf } from './presence.ts';
import { JobRecords, partsOf, type Known } from './records.ts';
import { JobSecrets } from './secrets.ts';
import { kubernetesSettings, type KubernetesSettings } from './settings.ts';
import { waitedTooLong } from './waits.ts';

const POLL_MS = 250;
/** How much longer than its grace the end of a pod may take before a caller is told so. Ours. */
const LATE_MS = 120_000;

/**
 * Runs each attempt as an object of a namespace (a Job, or one that makes Jobs and pods by an operator), made from the
 * site's template, on nodes that reach the store by the same paths. Its name is a digest of what it is, so that it is there once, whoever submits it.
 */
export class KubernetesCluster implements Cluster {
  static readonly settings = kubernetesSettings;
  readonly name: string;
  readonly lookEveryMs: number;
  /** Whether 127.0.0.1 does not lead its jobs back to this machine. */
  readonly elsewhere: boolean;
  readonly #settings: KubernetesSettings;
  readonly #api: KubernetesApi;
  readonly #looks: Looks;
  readonly #secrets: JobSecrets;
  readonly #records: JobRecords;

  constructor(name: string, settings: KubernetesSettings, machine: Machine) {
    this.name = name;
    this.lookEveryMs = settings.lookEveryMs;
    this.elsewhere = !settings.sharesMachine;
    this.#settings = settings;
    this.#api = new KubernetesApi(settings);
    this.#looks = new Looks(this.#api, KINDS[settings.template.kind], settings);
    this.#secrets = new JobSecrets(this.#api, settings.namespace, settings.envSecret, settings.template);
    this.#records = new JobRecords(path.join(machine.folder, 'kubernetes', name));
  }

  /** Nodes of the largest that may be used: one, unless the template has them start all together or not at all. */
  async capacity(): Promise<ClusterCapacity> {
    const { capacity, gpuResource } = this.#settings;
    if (capacity) return capacity;
    const nodes = (await this.#api.get<List<KubeNode>>('/api/v1/nodes'))?.items ?? [];
    const usable = nodes.filter(({ spec, status }) => !spec?.unschedulable && condition(status?.conditions, 'Ready'));
    const gpus = usable.map(({ status }) => Number(status?.allocatable?.[gpuResource] ?? 0));
    return { nodes: Math.min(holds(this.#settings), usable.length), gpusPerNode: Math.max(0, ...gpus) };
  }

  /** Asks Kubernetes whether it would take the Job of such a training, and makes none. @throws as `submit` */
  async check(asked: ClusterCapacity): Promise<void> {
    refuseNodes(asked, this.#settings);
    const name = `fw-check-${randomBytes(4).toString('hex')}`;
    const resources = { ...asked, wallSeconds: 60 };
    const attempt = { jobKey: 'check', attempt: 1, command: ['true'], image: 'engine', resources, log: '/dev/null' };
    const installation = await this.#records.installation();
    await this.#create(jobManifest(attempt, { name, installation, secret: name }, this.#settings), name, 'All');
  }

  show(attempt: JobAttempt): string {
    const name = 'fw-its-digest';
    const secret = this.#settings.envSecret ?? name;
    return dump(jobManifest(attempt, { name, installation: 'of-this-installation', secret }, this.#settings));
  }

  async submit(attempt: JobAttempt): Promise<SubmittedJob> {
    const { jobKey, attempt: number, resources } = attempt;
    refuseNodes({ ...resources, launch: attempt.launch }, this.#settings);
    const found = await this.find(jobKey, number);
    if (found) return found;
    const installation = await this.#records.installation();
    const name = await this.#records.nameOf(jobKey, number);
    const secret = await this.#secrets.make(attempt, name, installation);
    const job = await this.#create(jobManifest(attempt, { name, installation, secret }, this.#settings), name);
    await this.#secrets.give(job);
    this.#looks.forget();
    return this.#records.take(job);
  }

  async find(jobKey: string, attempt: number): Promise<SubmittedJob | undefined> {
    const name = await this.#records.nameOf(jobKey, attempt);
    const known = await this.#records.find(name);
    if (known) return known.job;
    const job = await this.#api.get<KubeJob>(`${this.#looks.jobs}/${name}`);
    return job && this.#records.take(job);
  }

  async state(job: SubmittedJob): Promise<Presence> {
    const { name, uid } = partsOf(job);
    const known = await this.#records.find(name);
    if (known?.job.id === job.id && known.last?.kind === 'gone') return known.last;
    const seen = this.#looks.ofThat(await this.#looks.of(name, await this.#records.installation()), uid);
    const sign = signOf(seen.pods) ?? known?.sign;
    const told = seen.job ? presenceOf(seen.job, seen.pods, sign) : goneBefore(seen.pods, known?.last, sign);
    const tooLong = told.kind === 'gone' ? undefined : waitedTooLong(seen, this.#settings);
    if (tooLong !== undefined) return this.#end(job, 0, tooLong);
    const began = known?.began === undefined ? {} : { since: known.began };
    const presence = told.kind === 'queued' ? told : { ...told, ...began };
    if (presence.kind !== 'gone') return this.#records.note(job, known, presence, sign);
    const { logs, lost } = await this.#logs(seen.pods, known, name);
    for (const text of logs.values()) await keepLog(known?.log ?? '', text);
    await this.#secrets.drop(name);
    const words = [presence.words, lost].filter(Boolean).join('; ');
    return this.#records.note(job, known, words === '' ? presence : { ...presence, words });
  }

  async stop(job: SubmittedJob, graceMs: number): Promise<void> {
    await this.#end(job, graceMs);
  }

  /** Ends a job and all its pods. A pod's own grace is the longest there is; less than a second is a second. */
  async #end(job: SubmittedJob, graceMs: number, words?: string): Promise<Presence> {
    const { name, uid } = partsOf(job);
    const known = await this.#records.find(name);
    if (uid === '') return { kind: 'gone' };
    if (known?.job.id === job.id && known.last?.kind === 'gone') return known.last;
    const graceSeconds = Math.max(1, Math.ceil(graceMs / 1000));
    const late = Date.now() + Math.max(graceMs, this.#settings.graceSeconds * 1000) + LATE_MS;
    const asked = new Set<string>();
    let logs: ReadonlyMap<string, string> = new Map();
    let last = known?.last;
    for (;;) {
      const seen = this.#looks.ofThat(await this.#looks.now(name), uid);
      ({ logs } = await this.#logs(seen.pods, known, name, logs));
      if (seen.job) last = presenceOf(seen.job, seen.pods);
      if (last?.kind === 'gone') break; // it has ended by itself: its Job is left for whoever wants to look at it
      const living = seen.pods.filter((pod) => !hasEnded(pod));
      if (!seen.job && living.length === 0) break;
      if (seen.job && seen.job.metadata.deletionTimestamp === undefined) {
        const options = { propagationPolicy: 'Foreground', preconditions: { uid } };
        await this.#api.delete(`${this.#looks.jobs}/${name}`, options);
      }
      for (const { metadata, spec } of living) {
        const isShorter = graceSeconds < (spec?.terminationGracePeriodSeconds ?? Infinity);
        if (asked.has(metadata.uid) || (seen.job && !isShorter)) continue;
        asked.add(metadata.uid);
        const options = { gracePeriodSeconds: graceSeconds, preconditions: { uid: metadata.uid } };
        await this.#api.delete(`${this.#looks.pods}/${metadata.name}`, options);
      }
      if (Date.now() > late)
        throw new Error(
          `Expected job ${name} of ${job.jobKey} to have ended long ago, got ${JSON.stringify(last)}: it is waited for`,
        );
      await sleep(POLL_MS);
    }
    for (const text of logs.values()) await keepLog(known?.log ?? '', text);
    await this.#secrets.drop(name);
    this.#looks.forget();
    const since = known?.began ?? (last?.kind === 'alive' ? last.since : undefined);
    const gone = last?.kind === 'gone' ? last : { kind: 'gone' as const, ...(since !== undefined && { since }) };
    return this.#records.note(job, known, words === undefined ? gone : { ...gone, words });
  }

  async #create(manifest: object, name: string, dryRun?: 'All'): Promise<KubeJob> {
    try {
      return await this.#api.create<KubeJob>(this.#looks.jobs, manifest, dryRun);
    } catch (error) {
      if (!(error instanceof KubernetesRefusal)) throw error;
      const { status, reason, message } = error;
      if (reason === 'AlreadyExists') {
        const job = await this.#api.get<KubeJob>(`${this.#looks.jobs}/${name}`);
        if (job) return job;
      }
      if (status !== 400 && status !== 422) throw error;
      if (dryRun === undefined) await this.#secrets.drop(name);
      throw failure(
        'ClusterUnavailable',
        `Expected a ${this.#settings.template.kind} that Kubernetes takes, got ${message}: correct FLYWHEEL_CLUSTERS.${this.name}.template`,
      );
    }
  }

  /** What pods have said and a job's log does not have. */
  async #logs(
    pods: readonly Pod[],
    known: Known | undefined,
    name: string,
    before?: PodLogs['logs'],
  ): Promise<PodLogs> {
    if (known !== undefined && (await isHere(known.log, name))) return { logs: new Map() };
    return readLogs(this.#api, this.#looks.pods, pods, trainerOf(this.#settings.template), before);
  }
}
