import { prefixOf, uri } from '../../shared/ids.ts';
import type { KindSpent, SetCaps } from '../../shared/sampling/caps.ts';
import type { AskerOptions } from '../inference/asker.ts';
import { Ledger } from '../ledger/ledger.ts';
import type { ArtifactStore } from '../store/types.ts';
import { Budget } from './budget.ts';
import { SpentSum, spentBelow } from './spent.ts';

interface Opened {
  readonly budget: Promise<Budget>;
  shards: number;
  /** When its last shard ended. */
  idleSince: number;
}

/** For how long a budget without shards is known to be up to date: another process may ask afterwards. Ours. */
const KEPT_MS = 600_000;

const opened = new Map<string, Opened>();

/**
 * The budget of a place, which all its shards in this process share: the first that comes adds up what is on the
 * ledgers.
 */
async function openBudget(
  store: ArtifactStore,
  place: string,
): Promise<{ readonly budget: Budget; readonly close: () => void }> {
  for (const [key, { shards, idleSince }] of opened)
    if (shards === 0 && idleSince + KEPT_MS < Date.now()) opened.delete(key);
  const key = store.address(prefixOf(uri.ledger(place)));
  const found = opened.get(key) ?? { budget: summedUp(store, place), shards: 0, idleSince: 0 };
  opened.set(key, found);
  found.shards += 1;
  const leave = async (): Promise<void> => {
    found.shards -= 1;
    found.idleSince = Date.now();
    if (found.shards === 0) (await found.budget).rest();
  };
  try {
    return { budget: await found.budget, close: () => void leave() };
  } catch (error) {
    opened.delete(key);
    throw error;
  }
}

const summedUp = async (store: ArtifactStore, place: string) => new Budget(await spentBelow(store, place));

/** A shard's ledger, and its part of its place's budget. */
export interface Share {
  readonly ledger: Ledger;
  /** Of what calls took, for the shard's result. */
  readonly spent: () => readonly KindSpent[];
  readonly reserve: NonNullable<AskerOptions['reserve']>;
  /** As `Budget.ready`. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens a shard's ledger under caps. What stands on it is in the budget already, what is appended is added. */
export async function openShare(store: ArtifactStore, ledgerUri: string, caps: SetCaps): Promise<Share> {
  const { budget, close } = await openBudget(store, caps.place);
  const spent = new SpentSum();
  let isOpen = false;
  try {
    const ledger = await Ledger.open(store, ledgerUri, (outcome, again) => {
      spent.add(outcome, again);
      if (isOpen) budget.add(outcome, again);
    });
    isOpen = true;
    return {
      ledger,
      spent: () => spent.kinds,
      reserve: (call, again, signal) => budget.reserve(caps, call, again, signal),
      ready: (signal) => budget.ready(signal),
      async close() {
        await ledger.close();
        close();
      },
    };
  } catch (error) {
    close();
    throw error;
  }
}
