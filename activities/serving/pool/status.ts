import type { ArtifactStore } from '../../store/types.ts';
import { pooledModels, ReplicaBook, type Replica } from './book.ts';
import { isHealthy } from './health.ts';
import { loadsOf } from './loads.ts';

/** How a replica stands by its files, and by whether it answers: no cluster is asked. */
export interface ReplicaStatus {
  readonly place: number;
  readonly attempt: number;
  readonly state: 'starting' | 'ready' | 'silent' | 'leaving';
  /** Its cluster's name for the job. */
  readonly job: string;
  /** Node and address, once it listens. */
  readonly where?: string;
  /** Why it leaves. */
  readonly why?: string;
  /** ISO time. */
  readonly since: string;
}

/** One model in one pool, as all processes together see it. */
export interface PoolStatus {
  readonly pool: string;
  readonly digest: string;
  /** Somebody wants it served. */
  readonly held: boolean;
  readonly wanted: number;
  readonly ready: number;
  /** Calls of all processes, as they said within the last 30 s. */
  readonly waiting: number;
  readonly inFlight: number;
  readonly replicas: readonly ReplicaStatus[];
}

/** All models that pools serve now, or are to serve. The one place that status, doctor and metrics read. */
export async function poolStatuses(store: ArtifactStore): Promise<PoolStatus[]> {
  const all = await Promise.all((await pooledModels(store)).map(([pool, digest]) => statusOf(store, pool, digest)));
  return all.filter(({ held, replicas }) => held || replicas.length > 0);
}

async function statusOf(store: ArtifactStore, pool: string, digest: string): Promise<PoolStatus> {
  const book = new ReplicaBook(store, pool, digest);
  const [replicas, loads, scale, heldSince] = await Promise.all([
    book.replicas(),
    loadsOf(store, book),
    book.scale(),
    book.heldSince(),
  ]);
  const open = await Promise.all(replicas.filter(({ ended }) => ended === undefined).map(replicaStatus));
  const held = heldSince !== undefined;
  return {
    pool,
    digest,
    held,
    wanted: held ? (scale?.wanted ?? 0) : 0,
    ready: open.filter(({ state }) => state === 'ready').length,
    waiting: loads.waiting,
    inFlight: loads.inFlight,
    replicas: open,
  };
}

async function replicaStatus({ slot, job, address, ready, draining }: Replica): Promise<ReplicaStatus> {
  const answers = address !== undefined && (await isHealthy(`http://${address.host}:${address.port}`));
  const served = ready === undefined ? 'starting' : answers ? 'ready' : 'silent';
  return {
    place: slot,
    attempt: job.attempt,
    state: draining === undefined ? served : 'leaving',
    job: job.id,
    ...(address && { where: `${address.node} ${address.host}:${address.port}` }),
    ...(draining && { why: draining.why }),
    since: draining?.at ?? ready?.at ?? job.submittedAt,
  };
}

/** A line for people. */
export function poolLine({ pool, digest, wanted, ready, waiting, inFlight, replicas }: PoolStatus): string {
  const where = replicas.map(({ state, job, where: at = `job ${job}`, why }) => {
    const is = state === 'ready' ? '' : ` (${state}${why === undefined ? '' : `: ${why}`})`;
    return `${at}${is}`;
  });
  return (
    `pool ${pool}, ${digest.slice(0, 12)}: ${ready} of ${wanted} replicas ready, ${waiting} calls waiting, ` +
    `${inFlight} under way${where.length === 0 ? '' : `; ${where.join(', ')}`}`
  );
}
