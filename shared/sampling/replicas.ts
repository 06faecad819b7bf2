/**
 * How many replicas of a model there are to be. Pure; times are in milliseconds of any clock that all who decide share
 * within seconds.
 */

export interface ScaleLimits {
  /** Replicas while anybody holds the model: at least, and at most. */
  readonly min: number;
  readonly max: number;
  /** Calls that one replica may have at once. */
  readonly concurrency: number;
  /** How long fewer must do before some are ended, milliseconds. */
  readonly coolDownMs: number;
}

/** What all processes together ask of a model now. */
export interface Demand {
  readonly waiting: number;
  readonly inFlight: number;
}

/** What was decided last. */
export interface Scale {
  readonly wanted: number;
  /** Since when fewer would do, and the most that were needed since then; absent where as many are needed. */
  readonly low?: { readonly since: number; readonly most: number };
}

/**
 * More at once when calls wait that the replicas have no room for; fewer when fewer would have done for the whole of
 * the cool-down. Callers let no more calls wait than there is room for, so a pool doubles at most at each look.
 */
export function scaled(
  last: Scale | undefined,
  { waiting, inFlight }: Demand,
  limits: ScaleLimits,
  now: number,
): Scale {
  const { min, max, concurrency, coolDownMs } = limits;
  const clamp = (count: number) => Math.min(max, Math.max(min, count));
  const before = clamp(last?.wanted ?? min);
  const needed = clamp(Math.ceil((waiting + inFlight) / concurrency));
  // Calls that have a place already ask for no more places.
  if (needed > before) return { wanted: waiting > 0 ? needed : before };
  if (needed === before) return { wanted: before };
  const low = { since: last?.low?.since ?? now, most: Math.max(last?.low?.most ?? 0, needed) };
  return now - low.since >= coolDownMs ? { wanted: low.most } : { wanted: before, low };
}

/** What is known of one replica. */
export interface ReplicaFacts {
  readonly slot: number;
  readonly isReady: boolean;
}

/** Which of those that serve, or come up, are let go where there are too many: such as do not serve yet, then the last. */
export function surplus<T extends ReplicaFacts>(replicas: readonly T[], wanted: number): T[] {
  const kept = [...replicas].sort((a, b) => Number(b.isReady) - Number(a.isReady) || a.slot - b.slot);
  return kept.slice(wanted);
}

/** The places for so many more: the first that nothing is left in. */
export function freeSlots(taken: ReadonlySet<number>, count: number): number[] {
  const free: number[] = [];
  for (let slot = 0; free.length < count; slot += 1) if (!taken.has(slot)) free.push(slot);
  return free;
}

/** Pauses before a replica that failed to come up is tried again, doubled each time: first, and at most. Ours. */
const RETRY_MS = { first: 5_000, most: 600_000 };
/** So many starts follow each other at once: one may have met a port that was taken. */
const STARTS_AT_ONCE = 2;

/** Milliseconds until the next start after so many that failed one after the other. */
export function restartPauseMs(failures: number): number {
  if (failures < STARTS_AT_ONCE) return 0;
  return Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** (failures - STARTS_AT_ONCE));
}
