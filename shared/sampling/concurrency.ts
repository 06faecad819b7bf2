/**
 * How many calls a server may have at once: additive increase while it answers, multiplicative decrease when it is
 * overloaded (AIMD). Pure; times are in milliseconds of any clock.
 */
export interface ConcurrencyLimit {
  /** Fractional; `floor` of it may be under way. */
  readonly limit: number;
  readonly max: number;
  /** Until the first sign of overload the limit doubles with every generation of calls. */
  readonly slowStart: boolean;
  /**
   * Limit at which the server was last overloaded: growth is slower beyond it, so that a known edge is probed seldom.
   */
  readonly edge: number;
  readonly decreasedAt: number;
}

/**
 * Calls at once before a server has answered any: half of what its operator says it can have, or 64 where that is more.
 * Ours: a small server is full at once, a large one within one generation of calls, and one that is smaller than said
 * gets an overload it can refuse.
 */
const INITIAL_LIMIT = 64;
/**
 * What remains after an overload. Ours: 0.75 wastes less of a server than the classic 0.5, and overload by one is
 * common.
 */
const DECREASE = 0.75;

export function startLimit(max: number): ConcurrencyLimit {
  return {
    limit: Math.min(max, Math.max(INITIAL_LIMIT, max / 2)),
    max,
    slowStart: true,
    edge: Infinity,
    decreasedAt: -Infinity,
  };
}

/** After an answer. A limit that was not in use has not been tried, and does not grow. */
export function afterAnswer(state: ConcurrencyLimit, inFlight: number): ConcurrencyLimit {
  if (state.limit >= state.max || inFlight < Math.floor(state.limit)) return state;
  const perGeneration = state.limit + 1 > state.edge ? 0.1 : 1;
  const step = state.slowStart ? 1 : perGeneration / state.limit;
  return { ...state, limit: Math.min(state.max, state.limit + step) };
}

/** After a 429, a 503 or a timeout. Calls sent before the last decrease say nothing new: one overload, one decrease. */
export function afterOverload(
  state: ConcurrencyLimit,
  call: { readonly sentAt: number; readonly inFlight: number },
  now: number,
): ConcurrencyLimit {
  if (call.sentAt <= state.decreasedAt) return state;
  const reached = Math.min(state.limit, Math.max(1, call.inFlight));
  return { ...state, limit: Math.max(1, reached * DECREASE), slowStart: false, edge: reached, decreasedAt: now };
}

/** A server that was gone: one call finds out whether it is back, then it starts anew. */
export function afterReturn(state: ConcurrencyLimit): ConcurrencyLimit {
  return { ...startLimit(state.max), decreasedAt: state.decreasedAt };
}
