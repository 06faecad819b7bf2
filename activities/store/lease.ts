import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, recordOfThisProcess, type ProcessRecord } from '../processes/records.ts';
import type { ArtifactStore } from './types.ts';

/** Content of a lease's artifact. */
export interface Owner extends ProcessRecord {
  readonly host: string;
  /** Tells this lease from others of the same process. */
  readonly nonce: string;
}

export interface Lease {
  release(): Promise<void>;
}

/** Another process has the lease. Heals when that process ends or lets go. */
export class LeaseHeld extends Error {
  override readonly name = 'LeaseHeld';
  readonly owner: Owner;

  constructor(uri: string, owner: Owner) {
    super(
      `Expected ${uri.replace(/\.lock$/, '')} to be free, but process ${owner.pid} on ${owner.host} has it. If that ` +
        `process is gone, delete ${uri}`,
    );
    this.owner = owner;
  }
}

/** An owner's file that stays unreadable for so long was left by a kill; a store that creates whole never has one. */
const TORN_MS = 10_000;

/**
 * Takes a lease, which one holds at a time. That of a process of this host that has died is taken over; of one of
 * another host nobody here knows whether it lives.
 * @throws LeaseHeld
 */
export async function takeLease(store: ArtifactStore, uri: string): Promise<Lease> {
  const me: Owner = { ...(await recordOfThisProcess()), host: hostname(), nonce: randomUUID() };
  const removeOf = async ({ nonce }: Owner): Promise<void> => {
    if ((await ownerOf(store, uri))?.nonce === nonce) await store.remove(uri);
  };
  // No process outlasts a power cut, and so no lease.
  while ((await store.create(uri, JSON.stringify(me), 'a kill')) === 'exists') {
    const owner = await ownerOf(store, uri);
    if (owner === undefined) continue; // given back in the meantime
    if (owner.host !== me.host || (await isAlive(owner))) throw new LeaseHeld(uri, owner);
    // Under a lease of its own, so that of two who find it dead neither removes what the other has taken since.
    const takeover = await takeLease(store, `${uri}.takeover`);
    try {
      await removeOf(owner);
    } finally {
      await takeover.release();
    }
  }
  return { release: () => removeOf(me) };
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
