import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { FileStore } from '../../store/files.ts';
import type { Presence, SubmittedJob } from '../types.ts';
import { attemptOf, jobName } from './names.ts';
import type { KubeJob } from './objects.ts';
import type { Sign } from './presence.ts';

/** What is kept of an attempt here: what Kubernetes had to say is gone with its objects. */
export interface Known {
  readonly job: SubmittedJob;
  /** The log's file. */
  readonly log: string;
  readonly last?: Presence;
  /** ISO time at which it first began to run, whatever became of that pod. */
  readonly began?: string;
  readonly sign?: Sign;
}

/** The records of an installation's jobs on a cluster: a file each, by the Job's name. */
export class JobRecords {
  readonly #files: FileStore;
  #installed: Promise<string> | undefined;

  constructor(folder: string) {
    this.#files = new FileStore(folder, 0o600);
  }

  /** Which of those who share a namespace this is: its jobs are no other's, though they are called the same. */
  installation(): Promise<string> {
    this.#installed ??= (async () => {
      await this.#files.create('installation', randomUUID());
      return (await this.#files.readBytes('installation')).toString('utf8');
    })().catch((error) => {
      this.#installed = undefined;
      throw error;
    });
    return this.#installed;
  }

  async nameOf(jobKey: string, attempt: number): Promise<string> {
    return jobName(await this.installation(), jobKey, attempt);
  }

  find(name: string): Promise<Known | undefined> {
    return this.#files.findJson<Known>(`${name}.json`);
  }

  /** Takes down a Job that is there. @throws where it is not what its name says. */
  async take({ metadata }: KubeJob): Promise<SubmittedJob> {
    const { name, uid, creationTimestamp, annotations } = metadata;
    const { log, ...which } = attemptOf(annotations);
    if ((await this.nameOf(which.jobKey, which.attempt)) !== name)
      throw new Error(`Expected Job ${name} to be ours, got one with annotations ${JSON.stringify(annotations)}`);
    const job: SubmittedJob = { ...which, id: `${name}/${uid}`, submittedAt: creationTimestamp };
    await this.#files.create(`${name}.json`, `${JSON.stringify({ job, log } satisfies Known)}\n`);
    return job;
  }

  /** Takes down how a job stands, where that is new. */
  async note(job: SubmittedJob, known: Known | undefined, last: Presence, sign?: Sign): Promise<Presence> {
    const { jobKey, attempt, id, submittedAt } = job;
    const { name, uid } = partsOf(job);
    const began = known?.began ?? (last.kind === 'queued' ? undefined : last.since);
    const more = { ...(began !== undefined && { began }), ...(sign && { sign }) };
    const record: Known = { log: '', ...known, job: { jobKey, attempt, id, submittedAt }, last, ...more };
    const isAnother = known !== undefined && known.job.id !== id;
    if (uid !== '' && !isAnother && !isDeepStrictEqual(known, record))
      await this.#files.writeJson(`${name}.json`, record);
    return last;
  }
}

/** Name and uid of a job's object. An id of another kind of cluster has no uid. */
export function partsOf({ id }: SubmittedJob): { readonly name: string; readonly uid: string } {
  const [name = '', uid = ''] = id.split('/');
  return { name, uid };
}
