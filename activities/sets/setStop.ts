import { setMaxListeners } from 'node:events';
import type { ArtifactStore } from '../store/types.ts';

/** The set was told to stop; all that was paid for is on the ledger. */
export class SetStopped extends Error {
  override readonly name = 'SetStopped';
}

interface SetStop {
  readonly signal: AbortSignal;
  /** Stops the set's shards in this process, without a mark. */
  readonly now: () => void;
  /** The shard has ended. */
  readonly done: () => void;
}

const LOOK_EVERY_MS = 250;

interface LookOut {
  readonly stop: AbortController;
  readonly timer: NodeJS.Timeout;
  shards: number;
}

const lookOuts = new Map<string, LookOut>();

/**
 * Looks for the mark that stops a set. One look-out serves all the set's shards in this process, so that they stop in
 * the same moment: a slot that one gives back would otherwise go to another, for calls that are paid and thrown away.
 */
export function watchForStop(store: ArtifactStore, mark: string): SetStop {
  const key = store.address(mark);
  const found = lookOuts.get(key) ?? lookOut(store, mark);
  lookOuts.set(key, found);
  found.shards += 1;
  return {
    signal: found.stop.signal,
    now: () => found.stop.abort(stopped(mark)),
    done() {
      found.shards -= 1;
      if (found.shards > 0) return;
      clearInterval(found.timer);
      lookOuts.delete(key);
    },
  };
}

function lookOut(store: ArtifactStore, mark: string): LookOut {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const look = async (): Promise<void> => {
    if ((await store.stat(mark).catch(() => undefined)) !== undefined) stop.abort(stopped(mark));
  };
  return { stop, timer: setInterval(() => void look(), LOOK_EVERY_MS), shards: 0 };
}

function stopped(mark: string): SetStopped {
  return new SetStopped(`Its set was told to stop (${mark}); the ledger keeps what was paid for`);
}
