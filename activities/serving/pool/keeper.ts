import { setTimeout as sleep } from 'node:timers/promises';
import { freeSlots, restartPauseMs, scaled, surplus } from '../../../shared/sampling/replicas.ts';
import type { CheckpointModel } from '../../../shared/records.ts';
import { failure } from '../../failure.ts';
import type { Endpoint, Load } from '../../inference/types.ts';
import type { Draining, FailedStart } from './book.ts';
import { ReplicaJobs, type Seen } from './jobs.ts';
import { loadsOf, report, type Loads } from './loads.ts';
import type { PoolMeans } from './means.ts';

/** Starts that one request for a model pays for, where none serves it yet. Ours: one may have met a taken port. */
const STARTS_PER_CALL = 2;
/** Replicas of which nothing is to be waited for. */
const DEAD: readonly Draining['why'][] = ['silent', 'never ready', 'another model'];

interface Look {
  readonly endpoints: readonly Endpoint[];
  readonly failed: readonly FailedStart[];
}

/**
 * Sees to one model's replicas in one pool. It holds nothing that another process needs: all is in the store and the
 * cluster, so that any number of keepers, wherever they run, come to the same and do nothing twice.
 */
export class Keeper {
  readonly #jobs: ReplicaJobs;
  readonly #means: PoolMeans;
  #looking: Promise<Look> | undefined;

  constructor(means: PoolMeans, model: CheckpointModel) {
    this.#means = means;
    this.#jobs = new ReplicaJobs(means, model);
  }

  /**
   * Waits until a replica serves the model.
   * @throws `ModelServerFailed` when replicas end before they do, or the model is released meanwhile.
   */
  async ensure(): Promise<readonly Endpoint[]> {
    const since = Date.now();
    await this.#jobs.book.hold();
    for (;;) {
      const { endpoints, failed } = await this.look(undefined, true);
      if (endpoints.length > 0) return endpoints;
      const last = failed.at(-1);
      const fresh = failed.filter(({ at }) => at >= since).length;
      if (last !== undefined && (fresh >= STARTS_PER_CALL || restartInMs(failed) > 0))
        throw failure('ModelServerFailed', await this.#jobs.whyNot(last.replica));
      // Started again here, its replicas would be nobody's.
      if ((await this.#jobs.book.heldSince()) === undefined)
        throw failure('ModelServerFailed', 'Expected the model to be wanted until it is served, but it was released');
      await sleep(Math.min(1_000, this.#means.lookEveryMs));
    }
  }

  /** Looks at all replicas once, and starts and ends what has to be. One look at a time; who comes meanwhile shares it. */
  async look(load?: Load, forced = false): Promise<Look> {
    if (load !== undefined) await report(this.#means.store, this.#jobs.book, load);
    this.#looking ??= this.#look(forced).finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Ends the replicas that there are, those last that have calls under way, and returns when they are gone. */
  async release(): Promise<void> {
    const { store, pool, lookEveryMs } = this.#means;
    const { book } = this.#jobs;
    await book.letGo();
    const until = Date.now() + pool.drainSeconds * 1_000;
    let first: ReadonlySet<string> | undefined;
    for (;;) {
      const { seen } = await this.#jobs.look();
      const ids: ReadonlySet<string> = (first ??= new Set(seen.map(({ replica }) => replica.id)));
      // A node that is lost may never say that its replica is gone; who looks next time notes it.
      const lost = ({ replica }: Seen) => DEAD.includes(replica.draining?.why ?? 'released');
      for (const one of seen.filter(lost)) this.#end(one);
      const left = seen.filter((one) => ids.has(one.replica.id) && !lost(one));
      if (left.length === 0) return;
      const loads = await loadsOf(store, book);
      await Promise.all(
        left.map(async (one) => {
          await this.#jobs.drain(one.replica, { why: 'released' });
          if (Date.now() >= until || !isBusy(one, loads)) await this.#jobs.stop(one);
        }),
      );
      await sleep(Math.min(1_000, lookEveryMs));
    }
  }

  async #look(forced: boolean): Promise<Look> {
    const { book } = this.#jobs;
    const [{ seen, failed }, loads, heldSince] = await Promise.all([
      this.#jobs.look(forced),
      loadsOf(this.#means.store, book),
      book.heldSince(),
    ]);
    const leaving = seen.filter(({ replica }) => replica.draining !== undefined);
    for (const one of leaving) this.#letLeave(one, loads);
    const staying = seen.filter((one) => !leaving.includes(one));
    const wanted = heldSince === undefined ? staying.length : await this.#wanted(loads);
    const tooMany = surplus(staying, wanted);
    for (const { replica } of tooMany) await this.#jobs.drain(replica, { why: 'fewer' });
    if (wanted > staying.length && restartInMs(failed) <= 0) {
      const taken = new Set(seen.map(({ slot }) => slot));
      await Promise.all(freeSlots(taken, wanted - staying.length).map((slot) => this.#jobs.start(slot)));
    }
    const ready = staying.filter((one) => one.isReady && !tooMany.includes(one));
    return { endpoints: ready.flatMap(({ endpoint }) => endpoint ?? []), failed };
  }

  async #wanted(loads: Loads): Promise<number> {
    const { book } = this.#jobs;
    const { replicas, concurrency, coolDownSeconds } = this.#means.pool;
    const before = await book.scale();
    const limits = { ...replicas, concurrency, coolDownMs: coolDownSeconds * 1_000 };
    const scale = scaled(before, loads, limits, Date.now());
    if (JSON.stringify(scale) !== JSON.stringify(before)) await book.writeScale(scale);
    return scale.wanted;
  }

  /** Ends one that leaves once nothing is under way there, or nothing is to be waited for. */
  #letLeave(one: Seen, loads: Loads): void {
    const { draining } = one.replica;
    if (draining === undefined) return;
    const { pool, lookEveryMs } = this.#means;
    const forMs = Date.now() - Date.parse(draining.at);
    // Who sent calls there before it knew has told of them two looks later.
    const isIdle = forMs >= 2 * lookEveryMs && !isBusy(one, loads);
    if (DEAD.includes(draining.why) || isIdle || forMs >= pool.drainSeconds * 1_000) this.#end(one);
  }

  #end(one: Seen): void {
    void this.#jobs.stop(one).catch(() => undefined); // the next look tries again
  }
}

function isBusy({ endpoint }: Seen, { at }: Loads): boolean {
  return endpoint !== undefined && (at.get(endpoint.baseUrl) ?? 0) > 0;
}

/** Milliseconds until the next start after those that failed. */
function restartInMs(failed: readonly FailedStart[]): number {
  const last = Math.max(0, ...failed.map(({ at }) => at));
  return last + restartPauseMs(failed.length) - Date.now();
}
