/** A call of a two-round labelling: round 2 of a proof starts when its round 1 is complete. */
export interface PlannedCall {
  readonly proof: string;
  readonly round: 1 | 2;
  readonly latencyMs: number;
}

/**
 * Wall of a greedy list schedule that knows all latencies: whenever one of `slots` is free, the ready call with the
 * longest path to the end of its proof starts.
 */
export function idealWall(calls: readonly PlannedCall[], slots: number): number {
  const longest = new Map<string, number>();
  const left = new Map<string, number>();
  for (const { proof, round, latencyMs } of calls) {
    if (round === 2) longest.set(proof, Math.max(longest.get(proof) ?? 0, latencyMs));
    else left.set(proof, (left.get(proof) ?? 0) + 1);
  }
  const pathOf = (call: PlannedCall): number =>
    call.latencyMs + (call.round === 1 ? (longest.get(call.proof) ?? 0) : 0);
  const byPath = (a: PlannedCall, b: PlannedCall): number => pathOf(b) - pathOf(a);
  let ready = calls.filter(({ round }) => round === 1).sort(byPath);
  let running: { readonly call: PlannedCall; readonly end: number }[] = [];
  let now = 0;
  for (;;) {
    while (running.length < slots && ready.length > 0) {
      const call = ready.shift() as PlannedCall;
      running.push({ call, end: now + call.latencyMs });
    }
    if (running.length === 0) return now;
    now = Math.min(...running.map(({ end }) => end));
    const ended = running.filter(({ end }) => end <= now);
    running = running.filter(({ end }) => end > now);
    for (const { call } of ended) {
      if (call.round === 2) continue;
      const rest = (left.get(call.proof) as number) - 1;
      left.set(call.proof, rest);
      if (rest === 0)
        ready = [...ready, ...calls.filter(({ proof, round }) => round === 2 && proof === call.proof)].sort(byPath);
    }
  }
}
