import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, recordOfThisProcess, type ProcessRecord } from '../processes/records.ts';
import { LeaseLost } from './refusals.ts';
import { now, PACE, seenStill, signOf, signsIn, since, type Moment, type Pace, type Signs } from './signs.ts';
import type { ArtifactStore } from './types.ts';

/** Content of a lease's artifact. */
export interface Owner extends ProcessRecord {
  readonly host: string;
  /** Tells this lease from others of the same process. */
  readonly nonce: string;
  /** Where its process gives signs of life. @default of a process that gives none: other hosts leave its leases alone */
  readonly sign?: string;
}

export interface Lease {
  /**
   * Resolves while nobody else can have taken it: at once, but for a process that was away for some time, which looks.
   * What was written between two of these was written by the holder.
   * @throws LeaseLost
   */
  sure(): Promise<void>;
  release(): Promise<void>;
}

/** Another process has the lease. Heals when that process ends or lets go. */
export class LeaseHeld extends Error {
  override readonly name = 'LeaseHeld';
  readonly owner: Owner;

  constructor(uri: string, owner: Owner) {
    const isElsewhere = owner.host !== hostname();
    super(
      `Expected ${uri.replace(/\.lock$/, '')} to be free, but process ${owner.pid} on ${owner.host} has it` +
        (isElsewhere && owner.sign !== undefined
          ? '. If that process is gone, it is free a minute after it was first looked at'
          : `. If that process is gone, delete ${uri}`),
    );
    this.owner = owner;
  }
}

/** An owner's file that stays unreadable for so long was left by a kill; a store that creates whole never has one. */
const TORN_MS = 10_000;

/**
 * Takes a lease, which one holds at a time. That of a process of this host that has died is taken over; that of another
 * host's when no sign of life came from it for a minute, over the looks of this process: whoever is refused tries again.
 * @throws LeaseHeld
 */
export async function takeLease(store: ArtifactStore, uri: string, pace = PACE): Promise<Lease> {
  const signs = signsIn(store, pace);
  const me: Owner = { ...(await recordOfThisProcess()), host: hostname(), nonce: randomUUID(), sign: signs.uri };
  for (;;) {
    const takenAt = now();
    // No process outlasts a power cut, and so no lease.
    if ((await store.create(uri, JSON.stringify(me), 'a kill')) === 'created')
      return new HeldLease(store, uri, me, takenAt, pace);
    const owner = await ownerOf(store, uri);
    if (owner === undefined) continue; // given back in the meantime
    const still = owner.host === me.host ? undefined : await seenStill(store, uri, owner, pace);
    if (owner.host === me.host ? await isAlive(owner) : still === undefined) throw new LeaseHeld(uri, owner);
    // Under a lease of its own, so that of two who find it dead neither removes what the other has taken since, and
    // that whoever comes back after a long time (`sure`) is seen.
    const takeover = await takeLease(store, `${uri}.takeover`, pace);
    try {
      if (still !== undefined && (await signOf(store, owner)) !== still) continue;
      await removeOf(store, uri, owner);
      if (owner.sign !== undefined) await store.remove(owner.sign);
    } finally {
      await takeover.release();
    }
  }
}

class HeldLease implements Lease {
  readonly #store: ArtifactStore;
  readonly #uri: string;
  readonly #me: Owner;
  readonly #takenAt: Moment;
  readonly #pace: Pace;
  readonly #signs: Signs;
  #sure: Promise<void> | undefined;

  constructor(store: ArtifactStore, uri: string, me: Owner, takenAt: Moment, pace: Pace) {
    this.#store = store;
    this.#uri = uri;
    this.#me = me;
    this.#takenAt = takenAt;
    this.#pace = pace;
    this.#signs = signsIn(store, pace);
    this.#signs.hold();
  }

  async sure(): Promise<void> {
    const { renewedAt } = this.#signs;
    const seenAgo = Math.min(since(this.#takenAt), renewedAt === undefined ? Infinity : since(renewedAt));
    if (seenAgo < this.#pace.sureMs) return;
    this.#sure ??= this.#look().finally(() => (this.#sure = undefined));
    return this.#sure;
  }

  async release(): Promise<void> {
    await this.#signs.giveBack(() => removeOf(this.#store, this.#uri, this.#me));
  }

  async #look(): Promise<void> {
    const takeover = await takeLease(this.#store, `${this.#uri}.takeover`, this.#pace).catch((error: unknown) => {
      throw error instanceof LeaseHeld ? new LeaseLost(this.#uri) : error;
    });
    try {
      if ((await ownerOf(this.#store, this.#uri))?.nonce !== this.#me.nonce) throw new LeaseLost(this.#uri);
      await this.#signs.renew();
    } finally {
      await takeover.release();
    }
  }
}

/**
 * Works while nobody else holds the lease.
 * @param onWait called once, with the holder, when there is one to wait for.
 */
export async function withLease<T>(
  store: ArtifactStore,
  uri: string,
  onWait: (holder: Owner) => void,
  work: () => Promise<T>,
): Promise<T> {
  for (let told = false; ; told = true) {
    const lease = await takeLease(store, uri).catch((error: unknown) => {
      if (!(error instanceof LeaseHeld)) throw error;
      if (!told) onWait(error.owner);
    });
    if (lease === undefined) {
      await sleep(250);
      continue;
    }
    try {
      return await work();
    } finally {
      await lease.release();
    }
  }
}

async function removeOf(store: ArtifactStore, uri: string, { nonce }: Owner): Promise<void> {
  if ((await ownerOf(store, uri))?.nonce === nonce) await store.remove(uri);
}

async function ownerOf(store: ArtifactStore, uri: string): Promise<Owner | undefined> {
  const found = await store.stat(uri);
  if (found === undefined) return undefined;
  try {
    const owner = await store.readJson<Owner>(uri);
    if (typeof owner.startTime === 'string') return owner;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) throw error;
  }
  const host = Date.now() - found.changedAt < TORN_MS ? 'a host that is still writing it' : hostname();
  return { pid: 0, startTime: '', startedAt: '', host, nonce: `torn at ${found.changedAt}` };
}
