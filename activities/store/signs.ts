import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ArtifactStore } from './types.ts';

/** How long a process of another host is believed in, in milliseconds. */
export interface Pace {
  /** Between two signs of life. */
  readonly renewMs: number;
  /** Without a sign for so long, a holder sees to it that it still holds before it goes on. */
  readonly sureMs: number;
  /** Without a sign for so long, by the clock of who looks, a holder is dead. More than `sureMs`, for clocks' errors. */
  readonly deadMs: number;
}

/** Ours: a dead holder costs a minute; a live one is four signs away from being taken for dead. */
export const PACE: Pace = { renewMs: 15_000, sureMs: 40_000, deadMs: 60_000 };

/** Moments by clocks that both run on: one stands still while a machine sleeps, the other may be set. */
export interface Moment {
  readonly steady: number;
  readonly wall: number;
}

export const now = (): Moment => ({ steady: performance.now(), wall: Date.now() });

/** Milliseconds since then: by whichever clock says more. */
export const since = ({ steady, wall }: Moment): number => Math.max(performance.now() - steady, Date.now() - wall);

/** This process's sign of life in a store, which tells other hosts that the leases are held that it has taken there. */
export class Signs {
  readonly uri = `leases/${randomUUID()}.json`;
  readonly #store: ArtifactStore;
  readonly #renewMs: number;
  #held = 0;
  readonly #owed: (() => Promise<void>)[] = [];
  #count = 0;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> | undefined;
  #renewedAt: Moment | undefined;

  constructor(store: ArtifactStore, renewMs: number) {
    this.#store = store;
    this.#renewMs = renewMs;
  }

  /** When the newest sign was begun; undefined before the first. */
  get renewedAt(): Moment | undefined {
    return this.#renewedAt;
  }

  /** Signs come from now on. */
  hold(): void {
    this.#held += 1;
    this.#timer ??= setInterval(() => void this.#tick(), this.#renewMs).unref();
  }

  /** What could not be given back, such as while the store's server was away, is given back later. */
  async giveBack(lease: () => Promise<void>): Promise<void> {
    try {
      await lease();
    } catch {
      this.#owed.push(lease);
      return;
    }
    await this.#letGo().catch(() => undefined); // a sign that stays says nothing of any lease
  }

  /** Never rejects. */
  async #tick(): Promise<void> {
    await this.renew().catch(() => undefined);
    for (const lease of this.#owed.splice(0)) await this.giveBack(lease);
  }

  /** Without a lease there is no sign. */
  async #letGo(): Promise<void> {
    this.#held -= 1;
    if (this.#held > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#renewing?.catch(() => undefined);
    if (this.#renewedAt === undefined || this.#held > 0) return;
    this.#renewedAt = undefined;
    await this.#store.remove(this.uri);
  }

  /** One at a time. @throws what the store throws. */
  renew(): Promise<void> {
    this.#renewing ??= (async () => {
      const begun = now();
      this.#count += 1;
      await this.#store.write(this.uri, `${this.#count}\n`);
      this.#renewedAt = begun;
    })().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }
}

const signs = new WeakMap<ArtifactStore, Map<number, Signs>>();

/** This process's in a store; one of each pace. */
export function signsIn(store: ArtifactStore, { renewMs }: Pace): Signs {
  const ofStore = signs.get(store) ?? new Map<number, Signs>();
  signs.set(store, ofStore);
  const found = ofStore.get(renewMs) ?? new Signs(store, renewMs);
  ofStore.set(renewMs, found);
  return found;
}

/** What a holder's sign of life looks like now: another after each sign. */
export async function signOf(store: ArtifactStore, { nonce, sign = '' }: Signing): Promise<string> {
  const text = await store.readText(sign).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return 'none';
  });
  return `${nonce} ${text}`;
}

interface Signing {
  readonly nonce: string;
  readonly sign?: string;
}

interface Seen {
  readonly sign: string;
  readonly at: number;
}

const watched = new WeakMap<ArtifactStore, Map<string, Seen>>();

/**
 * The sign of a lease's holder, where it has been the same for so long over the looks of this process. A look takes no
 * time: whoever waits looks again. One that gives no signs is never seen still.
 */
export async function seenStill(
  store: ArtifactStore,
  lease: string,
  holder: Signing,
  { deadMs }: Pace,
): Promise<string | undefined> {
  if (holder.sign === undefined) return undefined;
  const ofStore = watched.get(store) ?? new Map<string, Seen>();
  watched.set(store, ofStore);
  const sign = await signOf(store, holder);
  const known = ofStore.get(lease);
  if (known?.sign === sign) return performance.now() - known.at < deadMs ? undefined : sign;
  ofStore.set(lease, { sign, at: performance.now() });
  return undefined;
}
