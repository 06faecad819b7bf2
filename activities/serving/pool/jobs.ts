import { modelKey, type CheckpointModel } from '../../../shared/records.ts';
import { uri } from '../../../shared/ids.ts';
import type { Presence } from '../../clusters/types.ts';
import type { Endpoint } from '../../inference/types.ts';
import { failedStarts, ReplicaBook, type Draining, type FailedStart, type Replica } from './book.ts';
import { isHealthy, serves } from './health.ts';
import type { PoolMeans } from './means.ts';
import { hopeless, whyNot, type Reason } from './reasons.ts';

/** A replica that is not over, as it was seen just now. */
export interface Seen {
  readonly slot: number;
  readonly replica: Replica;
  readonly presence: Exclude<Presence, { kind: 'gone' }>;
  readonly endpoint?: Endpoint;
  /** It answers, and is known to serve the model. */
  readonly isReady: boolean;
}

/** Between asking an engine to end and ending it. Ours: servers that stream are gone within seconds. */
const GRACE_MS = 10_000;

/** The replicas of one model as jobs of a cluster: started, looked at, stopped. */
export class ReplicaJobs {
  readonly book: ReplicaBook;
  readonly #means: PoolMeans;
  readonly #model: CheckpointModel;
  readonly #silentSince = new Map<string, number>();
  readonly #stopping = new Map<string, Promise<void>>();
  readonly #looked = new Map<string, { readonly at: number; readonly presence: Presence }>();

  constructor(means: PoolMeans, model: CheckpointModel) {
    this.#means = means;
    this.#model = model;
    this.book = new ReplicaBook(means.store, means.pool.name, modelKey(model));
  }

  /**
   * Those that are not over, and the starts that failed since one last served.
   * @param forced the cluster is asked anew, however lately it was.
   */
  async look(forced = true): Promise<{ readonly seen: readonly Seen[]; readonly failed: readonly FailedStart[] }> {
    const all = await this.book.replicas();
    const seen = await Promise.all(
      all.map(async (replica) => (replica.ended === undefined ? this.#see(replica, forced) : { over: replica })),
    );
    await this.book.prune(all);
    return {
      seen: seen.flatMap((one) => ('over' in one ? [] : one)),
      failed: failedStarts(seen.map((one) => ('over' in one ? one.over : one.replica))),
    };
  }

  /** Starts the next attempt at a slot whose last one is over; whoever does so, too, starts the same. */
  async start(slot: number): Promise<void> {
    const { pool, cluster, store, python, env } = this.#means;
    const last = (await this.book.replicas()).findLast((one) => one.slot === slot);
    if (last !== undefined && last.ended === undefined) return;
    const attempt = (last?.job.attempt ?? 0) + 1;
    const id = `${slot}-${attempt}`;
    const digest = modelKey(this.#model);
    const [checkpoint, record, log] = await Promise.all([
      store.forJobs(uri.checkpoint(digest)),
      store.forJobs(this.book.fileOf(id, 'address')),
      store.local(this.book.fileOf(id, 'log')),
    ]);
    const here = cluster.elsewhere !== true;
    const words = pool.command.map((word) => word.replaceAll('{model}', digest));
    const ports = (pool.ports ?? [0, 0]).join('-');
    const place = ['--bind', here ? '127.0.0.1' : '0.0.0.0', '--tell', here ? 'bound' : pool.address];
    const launcher = [
      python,
      '-m',
      'trainer.serving.replica',
      '--checkpoint',
      checkpoint,
      '--record',
      record,
      ...place,
    ];
    const job = await cluster.submit({
      jobKey: this.book.jobKey(pool.name, digest, slot),
      attempt,
      command: [...launcher, '--ports', ports, '--', ...words],
      env: { ...pool.env, ...(pool.apiKeyEnv !== undefined && { [pool.apiKeyEnv]: env[pool.apiKeyEnv] }) },
      image: pool.image,
      queue: pool.queue,
      resources: { nodes: 1, gpusPerNode: pool.gpus, wallSeconds: Math.round(pool.hours * 3600) },
      log,
    });
    await this.book.note(id, 'job', job);
    // Released between the look that wanted it and now: who released it did not see it.
    if ((await this.book.heldSince()) === undefined) await this.stop({ replica: { id, slot, job } });
  }

  /** Lets a replica get nothing new. @returns it so. */
  async drain(replica: Replica, { why, words }: Reason): Promise<Replica> {
    if (replica.draining !== undefined) return replica;
    const draining: Draining = { why, at: new Date().toISOString(), ...(words !== undefined && { words }) };
    await this.book.note(replica.id, 'draining', draining);
    return { ...replica, draining };
  }

  /** Ends a replica, and returns when it is gone. */
  stop({ replica }: Pick<Seen, 'replica'>): Promise<void> {
    const underWay = this.#stopping.get(replica.id);
    if (underWay !== undefined) return underWay;
    const stopped = (async () => {
      const { cluster } = this.#means;
      await cluster.stop(replica.job, GRACE_MS);
      const presence = await cluster.state(replica.job);
      if (presence.kind === 'gone') await this.book.noteEnd(replica, presence);
    })().finally(() => this.#stopping.delete(replica.id));
    this.#stopping.set(replica.id, stopped);
    return stopped;
  }

  /** Why there is no replica, in words. */
  whyNot(replica: Replica): Promise<string> {
    return whyNot(this.#means, this.book, replica, modelKey(this.#model));
  }

  async #see(replica: Replica, forced: boolean): Promise<Seen | { readonly over: Replica }> {
    const { pool, store } = this.#means;
    const baseUrl = replica.address && `http://${replica.address.host}:${replica.address.port}/v1`;
    const endpoint = baseUrl === undefined ? undefined : this.#endpoint(baseUrl);
    const healthy = baseUrl !== undefined && (await isHealthy(baseUrl));
    const presence = await this.#presence(replica, forced || !healthy);
    if (presence.kind === 'gone') return { over: await this.book.noteEnd(replica, presence) };
    const seen = { slot: replica.slot, replica, presence, ...(endpoint && { endpoint }) };
    if (!healthy) {
      const since = this.#silentSince.get(replica.id) ?? Date.now();
      this.#silentSince.set(replica.id, since);
      return this.#unless(hopeless({ replica, presence, silentMs: Date.now() - since, pool }), seen);
    }
    this.#silentSince.delete(replica.id);
    if (replica.ready !== undefined || endpoint === undefined) return { ...seen, isReady: endpoint !== undefined };
    const found = await serves(store, endpoint, this.#model);
    if (found.kind === 'another') return this.#unless({ why: 'another model', words: found.words }, seen);
    if (found.kind === 'not yet') return this.#unless(hopeless({ replica, presence, silentMs: 0, pool }), seen);
    await this.book.note(replica.id, 'ready', { at: new Date().toISOString() });
    return { ...seen, isReady: true };
  }

  /** A replica that does not serve: waited for, unless there is a reason to give it up. */
  async #unless(why: Reason | undefined, seen: Omit<Seen, 'isReady'>): Promise<Seen> {
    const replica = why === undefined ? seen.replica : await this.drain(seen.replica, why);
    return { ...seen, replica, isReady: false };
  }

  /** As the cluster says, which is not asked more often than it likes. */
  async #presence({ id, job }: Replica, forced: boolean): Promise<Presence> {
    const { cluster } = this.#means;
    const known = this.#looked.get(id);
    if (!forced && known !== undefined && Date.now() - known.at < cluster.lookEveryMs) return known.presence;
    const presence = await cluster.state(job);
    this.#looked.set(id, { at: Date.now(), presence });
    return presence;
  }

  #endpoint(baseUrl: string): Endpoint {
    const { pool, env, lookEveryMs } = this.#means;
    const { apiKeyEnv, thinking } = pool;
    const apiKey = apiKeyEnv === undefined ? undefined : env[apiKeyEnv];
    return {
      baseUrl,
      model: modelKey(this.#model),
      maxConcurrency: pool.concurrency,
      lookEveryMs,
      ...(thinking !== undefined && { thinking: () => thinking }),
      ...(apiKey !== undefined && { apiKey }),
    };
  }
}
