import type { NumberSets, Rest } from './shingles.ts';

interface Similar {
  readonly one: number;
  readonly other: number;
  readonly similarity: number;
}

interface Hooks {
  /** Pairs of which it holds are not looked at. */
  readonly isJoined: (one: number, other: number) => boolean;
  readonly rest: Rest;
}

/** Against sums of floating point. */
const EPSILON = 1e-9;

/**
 * The pairs of sets, within a bucket, whose Jaccard similarity is at least the threshold: exactly those, but for such as
 * are joined already. Two such sets share one of their rarest values (prefix filtering), have about the same size, and
 * enough values behind the first that they share (Xiao et al. 2008, PPJoin): all others are never compared.
 */
export async function* similarPairs(
  sets: NumberSets,
  buckets: Iterable<readonly number[]>,
  threshold: number,
  { isJoined, rest }: Hooks,
): AsyncGenerator<Similar> {
  const { values, ends, size } = sets;
  const from = (set: number) => (set === 0 ? 0 : (ends[set - 1] ?? 0));
  const length = (set: number) => (ends[set] ?? 0) - from(set);
  const prefix = (set: number) => length(set) - Math.ceil(threshold * length(set) - EPSILON) + 1;
  /** Of each value the last entry in the index of the bucket's sets so far; entries lead to those before. */
  const last = new Int32Array(size).fill(-1);
  const looked = new Int32Array(ends.length).fill(-1);
  for (const bucket of buckets) {
    if (bucket.length < 2) continue;
    const bySize = [...bucket].sort((a, b) => length(a) - length(b) || a - b);
    const entries = bySize.reduce((sum, set) => sum + prefix(set), 0);
    const [before, setAt, placeAt] = [new Int32Array(entries), new Int32Array(entries), new Int32Array(entries)];
    let count = 0;
    for (const set of bySize) {
      await rest();
      const [begin, own] = [from(set), length(set)];
      const least = Math.ceil(threshold * own - EPSILON);
      for (let place = 0; place < prefix(set); place += 1) {
        const value = values[begin + place] ?? 0;
        for (let entry = last[value] ?? -1; entry >= 0; entry = before[entry] ?? -1) {
          const other = setAt[entry] ?? 0;
          const theirs = length(other);
          if (theirs < least) break; // and so are all before it
          if (looked[other] === set) continue;
          looked[other] = set;
          const needed = Math.ceil((threshold / (1 + threshold)) * (own + theirs) - EPSILON);
          const [left, right] = [place, placeAt[entry] ?? 0];
          if (Math.min(own - left, theirs - right) < needed || isJoined(set, other)) continue;
          const both = shared(values, [begin + left, begin + own], [from(other) + right, from(other) + theirs], needed);
          if (both >= needed) yield { one: other, other: set, similarity: both / (own + theirs - both) };
        }
      }
      for (let place = 0; place < prefix(set); place += 1) {
        const value = values[begin + place] ?? 0;
        before[count] = last[value] ?? -1;
        setAt[count] = set;
        placeAt[count] = place;
        last[value] = count;
        count += 1;
      }
    }
    for (const set of bySize)
      for (let place = 0; place < prefix(set); place += 1) last[values[from(set) + place] ?? 0] = -1;
  }
}

type Range = readonly [from: number, to: number];

/** How many values two ranges share; fewer than `needed` where they share less. */
function shared(values: Uint32Array, [left, leftEnd]: Range, [right, rightEnd]: Range, needed: number): number {
  let both = 0;
  let [a, b] = [left, right];
  while (a < leftEnd && b < rightEnd) {
    if (both + Math.min(leftEnd - a, rightEnd - b) < needed) return both;
    const [one = 0, other = 0] = [values[a], values[b]];
    if (one === other) both += 1;
    if (one <= other) a += 1;
    if (other <= one) b += 1;
  }
  return both;
}
