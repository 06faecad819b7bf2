import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../processes/records.ts';
import { refuseUnreachable } from './reachable.ts';
import type { Cluster, ClusterCapacity, Presence, SubmittedJob } from './types.ts';

export interface ClusterFinding {
  readonly name: string;
  readonly state: 'ok' | 'bad';
  readonly detail: string;
}

export interface ProvingMeans {
  /** Folder that the cluster's machines reach by the same path: in the store. Removed at the end. */
  readonly folder: string;
  /** Names the jobs; another one each time. */
  readonly jobKey: string;
  readonly python: string;
  readonly reward: { readonly publicUrl: string; readonly tokenEnv: string };
  readonly env: Environment;
  readonly asked: ClusterCapacity;
  readonly queue?: string | undefined;
  readonly graceMs: number;
  /** How long a job may wait in a queue, and how long it may take to say what it sees, in milliseconds. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

interface Seen {
  readonly host: string;
  readonly python: string;
  readonly gpus: number;
  readonly torch: string;
  readonly reward: string;
}

/**
 * Proves a cluster before a lap: a job of a minute that writes to the store, calls the reward service and counts its
 * GPUs, is stopped, and goes on as a second attempt. What it starts it ends.
 */
export async function* proveCluster(cluster: Cluster, means: ProvingMeans): AsyncGenerator<ClusterFinding> {
  const { folder, asked, patienceMs, signal } = means;
  const jobs: SubmittedJob[] = [];
  const finding = async (name: string, look: () => Promise<string>): Promise<ClusterFinding> => {
    signal.throwIfAborted();
    try {
      return { name, state: 'ok', detail: await look() };
    } catch (error) {
      signal.throwIfAborted();
      return { name, state: 'bad', detail: (error as Error).message };
    }
  };
  const submit = async (attempt: number) => {
    const job = await cluster.submit(attemptOf(attempt, means));
    jobs.push(job);
    return job;
  };
  try {
    await mkdir(folder, { recursive: true });
    const room = await finding('room', async () => {
      const has = await cluster.capacity();
      await cluster.check?.(asked);
      return `${has.nodes} node(s), ${has.gpusPerNode} GPUs on the largest; asked: ${asked.nodes} with ${asked.gpusPerNode}`;
    });
    yield room;
    if (room.state === 'bad') return;
    yield await finding('reward address', async () => {
      refuseUnreachable(cluster, means.reward.publicUrl);
      return means.reward.publicUrl;
    });

    let seen: Seen | undefined;
    const first = await finding('a job', async () => {
      const job = await submit(1);
      const from = Date.now();
      seen = await written<Seen>('seen.json', job, cluster, means);
      const { host, python } = seen;
      return `job ${job.id} wrote to the store from ${host} after ${seconds(from)} s, Python ${python}`;
    });
    yield first;
    if (seen === undefined) return;
    const { gpus, torch, reward } = seen;
    const short = gpus < asked.gpusPerNode || torch.startsWith('cannot');
    const detail = `nvidia-smi lists ${gpus}, asked: ${asked.gpusPerNode}; torch ${torch}`;
    yield { name: 'GPUs', state: short ? 'bad' : 'ok', detail };
    const reached = reward === 'ok';
    const lost = `${means.reward.publicUrl}: ${reward}. Start \`flywheel dev\`, and set FLYWHEEL_REWARD_URL to what nodes reach`;
    yield { name: 'reward service', state: reached ? 'ok' : 'bad', detail: reached ? 'answers the job' : lost };

    const stopped = await finding('a stop', async () => {
      const [job] = jobs;
      const from = Date.now();
      await cluster.stop(job as SubmittedJob, means.graceMs);
      if ((await read('saved.json', folder)) === undefined)
        throw new Error(
          `Expected the job to save when it is asked to end, within ${means.graceMs / 1000} s, but its end came first: ` +
            'no SIGTERM reached it. A container or a wrapper has to hand signals on',
        );
      return `it saved, and was gone after ${seconds(from)} s`;
    });
    yield stopped;
    if (stopped.state === 'bad') return;
    yield await finding('a second attempt', async () => {
      const job = await submit(2);
      const { host } = await written<{ host: string }>('resumed.json', job, cluster, means);
      await untilGone(job, cluster, patienceMs, signal);
      return `job ${job.id} went on from ${host}`;
    });
  } finally {
    for (const job of jobs) await cluster.stop(job, 0).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  }
}

function attemptOf(attempt: number, { folder, jobKey, python, reward, env, asked, queue }: ProvingMeans) {
  return {
    jobKey,
    attempt,
    command: [python, '-m', 'trainer.cluster_probe', folder, reward.publicUrl, reward.tokenEnv],
    env,
    queue,
    resources: { ...asked, wallSeconds: 300 },
    log: path.join(folder, `attempt-${attempt}.log`),
  };
}

const LOOK_MS = 1_000;

/** What a job writes. @throws where it ends, or waits too long, before it has. */
async function written<T>(
  file: string,
  job: SubmittedJob,
  cluster: Cluster,
  { folder, patienceMs, signal }: ProvingMeans,
): Promise<T> {
  let presence: Presence = { kind: 'queued' };
  for (const deadline = Date.now() + patienceMs; ;) {
    presence = await cluster.state(job);
    // A shared disk may show a file some seconds late, so that one look more is taken after the end.
    if (presence.kind === 'gone') await sleep(LOOK_MS);
    const found = await read<T>(file, folder);
    if (found !== undefined) return found;
    const words = presence.words === undefined ? '' : ` (${presence.words})`;
    const log = await readFile(path.join(folder, `attempt-${job.attempt}.log`), 'utf8').catch(() => '');
    const last = log.trim() === '' ? 'it left no log' : `its log ends with ${JSON.stringify(log.trim().slice(-300))}`;
    if (presence.kind === 'gone')
      throw new Error(
        `Expected job ${job.id} to write ${file}, but it ended${words} without: ${last}. Does its node have the ` +
          `store, ${folder}, and the trainer's Python under the same paths?`,
      );
    if (Date.now() > deadline)
      throw new Error(`Expected job ${job.id} to run within ${patienceMs / 1000} s, it is ${presence.kind}${words}`);
    await sleep(Math.min(LOOK_MS, cluster.lookEveryMs), undefined, { signal });
  }
}

async function untilGone(job: SubmittedJob, cluster: Cluster, patienceMs: number, signal: AbortSignal): Promise<void> {
  for (const deadline = Date.now() + patienceMs; (await cluster.state(job)).kind !== 'gone';) {
    if (Date.now() > deadline) throw new Error(`Expected job ${job.id} to end within ${patienceMs / 1000} s`);
    await sleep(Math.min(LOOK_MS, cluster.lookEveryMs), undefined, { signal });
  }
}

async function read<T>(file: string, folder: string): Promise<T | undefined> {
  const text = await readFile(path.join(folder, file), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as T);
}

const seconds = (from: number) => Math.round((Date.now() - from) / 1000);
