import type { Priority } from '@temporalio/common';

/** A lap's part where several laps share workers and model servers. */
export interface Share {
  /** Laps that say the same name share one part. @default the lap's run: each run has a part of its own */
  readonly team?: string | undefined;
  /** Calls, and shards begun, beside one of a part of weight 1. @default 1 */
  readonly weight?: number | undefined;
  /** From 1, before all others, to 5: what is later waits while anything earlier does. @default 3 */
  readonly priority?: number | undefined;
}

/** Bytes of a key that Temporal takes. */
const LONGEST_KEY = 64;

/**
 * A part as Temporal knows it; children and activities inherit it, and the calls of a worker go by it.
 * @param owner whose part it is where nobody says.
 * @param given what the workflow was started with, or inherited: it counts where the recipe says nothing.
 */
export function priorityOf(owner: string, share: Share = {}, given: Priority = {}): Priority {
  const { team, weight, priority } = share;
  // An unset field comes from the server as 0 or as ''.
  const fairnessWeight = weight ?? (given.fairnessWeight || undefined);
  const priorityKey = priority ?? (given.priorityKey || undefined);
  return {
    fairnessKey: (team ?? (given.fairnessKey || owner)).slice(0, LONGEST_KEY),
    ...(fairnessWeight !== undefined && { fairnessWeight }),
    ...(priorityKey !== undefined && { priorityKey }),
  };
}
