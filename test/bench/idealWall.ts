/** A call of a plan whose calls wait for others. */
export interface PlannedCall {
  /** What it is part of, which is over when all its calls are. */
  readonly part: string;
  /** The part that has to be over before it begins. @default none */
  readonly after?: string | undefined;
  readonly latencyMs: number;
}

/**
 * Wall of a greedy list schedule that knows all latencies: whenever one of `slots` is free, the ready call with the
 * longest way to the end of the plan starts.
 */
export function idealWall(calls: readonly PlannedCall[], slots: number): number {
  const left = new Map<string, number>();
  const waiting = new Map<string, PlannedCall[]>();
  for (const call of calls) {
    left.set(call.part, (left.get(call.part) ?? 0) + 1);
    if (call.after !== undefined) waiting.set(call.after, [...(waiting.get(call.after) ?? []), call]);
  }
  const after = new Map<string, number>();
  const wayAfter = (part: string): number => {
    const known = after.get(part) ?? Math.max(0, ...(waiting.get(part) ?? []).map(wayOf));
    after.set(part, known);
    return known;
  };
  const wayOf = (call: PlannedCall): number => call.latencyMs + wayAfter(call.part);
  const ready = new Heap<PlannedCall>((call) => -wayOf(call));
  for (const call of calls) if (call.after === undefined || !left.has(call.after)) ready.push(call);
  const running = new Heap<{ readonly call: PlannedCall; readonly end: number }>(({ end }) => end);
  let now = 0;
  for (;;) {
    for (let call = ready.size > 0 && running.size < slots ? ready.pop() : undefined; call !== undefined;) {
      running.push({ call, end: now + call.latencyMs });
      call = ready.size > 0 && running.size < slots ? ready.pop() : undefined;
    }
    const ended = running.pop();
    if (ended === undefined) return now;
    now = ended.end;
    const { part } = ended.call;
    const rest = (left.get(part) as number) - 1;
    left.set(part, rest);
    if (rest === 0) for (const call of waiting.get(part) ?? []) ready.push(call);
  }
}

/** Gives its items by what `of` says of them, the least first. */
class Heap<T> {
  readonly #items: { readonly item: T; readonly key: number }[] = [];
  readonly #of: (item: T) => number;

  constructor(of: (item: T) => number) {
    this.#of = of;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push({ item, key: this.#of(item) });
    for (let above = (at - 1) >> 1; at > 0 && this.#less(at, above); above = (at - 1) >> 1) {
      this.#swap(at, above);
      at = above;
    }
  }

  pop(): T | undefined {
    const items = this.#items;
    const [first] = items;
    const last = items.pop();
    if (first === undefined || last === undefined || items.length === 0) return first?.item;
    items[0] = last;
    for (let at = 0; ;) {
      const below = [2 * at + 1, 2 * at + 2].filter((one) => one < items.length);
      const least = below.reduce((best, one) => (this.#less(one, best) ? one : best), at);
      if (least === at) return first.item;
      this.#swap(at, least);
      at = least;
    }
  }

  #less(a: number, b: number): boolean {
    return (this.#items[a]?.key ?? 0) < (this.#items[b]?.key ?? 0);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#items[a], this.#items[b]];
    if (one && other) [this.#items[a], this.#items[b]] = [other, one];
  }
}
