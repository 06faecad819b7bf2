/** Faults as a seed decides them: what is done, how long it lasts, and how long nothing is done before. */
export interface Fault {
  readonly name: string;
  readonly afterMs: number;
  readonly lastsMs: number;
  /** From 0 up to 1: which of several nodes, or jobs. */
  readonly which: number;
  /** Whether the next one comes before this one is over. */
  readonly overlaps: boolean;
}

/** Numbers from 0 up to 1, the same for a seed: mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Each fault about equally often, in an order that nobody chose. @param lasts longest of each, in milliseconds. */
export function scheduleOf(seed: number, count: number, lasts: Readonly<Record<string, number>>): Fault[] {
  const random = randomOf(seed);
  const names = Object.keys(lasts);
  let left: string[] = [];
  return Array.from({ length: count }, () => {
    if (left.length === 0) left = [...names];
    const [name = ''] = left.splice(Math.floor(random() * left.length), 1);
    return {
      name,
      afterMs: Math.round(500 + 3_000 * random()),
      lastsMs: Math.round((lasts[name] ?? 0) * (0.1 + 0.9 * random())),
      which: random(),
      overlaps: random() < 0.25,
    };
  });
}
