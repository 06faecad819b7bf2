import type { NumberSets, Rest } from './shingles.ts';

interface Similar {
  readonly one: number;
  readonly other: number;
  readonly similarity: number;
}

/** Against sums of floating point. */
const EPSILON = 1e-9;
/** Sets of so large a group are first asked for one that joins it: the others need not be looked at then. */
const CROWD = 8;

/**
 * Pairs of sets, within a bucket, whose Jaccard similarity is at least the threshold: enough to join all groups that
 * such pairs make, and no others. Two such sets have about the same size and share enough of their rarest values (by
 * prefix and count filters; Xiao et al. 2008, PPJoin): all others are never compared.
 */
export async function* similarPairs(
  sets: NumberSets,
  buckets: Iterable<readonly number[]>,
  threshold: number,
  rest: Rest,
): AsyncGenerator<Similar> {
  const postings = new Postings(sets.size);
  for (const bucket of buckets) {
    if (bucket.length < 2) continue;
    const join = new Join(sets, bucket, threshold, postings);
    for (let place = 0; place < bucket.length; place += 1) {
      await rest();
      yield* join.add(place);
    }
    join.end();
  }
}

/** Where the entries of each value of a bucket lie: one behind the other, by the places of their sets. */
class Postings {
  readonly start: Int32Array;
  /** Behind the last one so far. */
  readonly end: Int32Array;

  constructor(values: number) {
    this.start = new Int32Array(values);
    this.end = new Int32Array(values);
  }
}

/** The sets of a bucket by their places in the order of size, their rarest values, and their groups. */
class Join {
  readonly #sets: readonly number[];
  readonly #values: Uint32Array;
  readonly #from: Int32Array;
  readonly #length: Int32Array;
  /** Of each set as many of its rarest values as one that is similar has to have one of. */
  readonly #reach: Int32Array;
  readonly #threshold: number;
  readonly #postings: Postings;
  /** The set of each entry, and the entry from which on, backwards, the group is another. */
  readonly #setAt: Int32Array;
  readonly #past: Int32Array;
  readonly #groups: Flat;
  /** In pairs: for which set one was met last, and how many values of both reaches they share. */
  readonly #met: Int32Array;
  readonly #triedFor: Int32Array;
  /** The first place whose set is not too small. */
  #first = 0;

  constructor({ values, ends }: NumberSets, bucket: readonly number[], threshold: number, postings: Postings) {
    const from = (set: number) => (set === 0 ? 0 : (ends[set - 1] ?? 0));
    const length = (set: number) => (ends[set] ?? 0) - from(set);
    this.#sets = [...bucket].sort((a, b) => length(a) - length(b) || a - b);
    this.#values = values;
    this.#threshold = threshold;
    this.#from = Int32Array.from(this.#sets, from);
    this.#length = Int32Array.from(this.#sets, length);
    this.#reach = this.#length.map((own) => own - Math.ceil(threshold * own - EPSILON) + 1);
    this.#groups = new Flat(bucket.length);
    this.#met = new Int32Array(2 * bucket.length).fill(-1);
    this.#triedFor = new Int32Array(bucket.length).fill(-1);
    this.#postings = postings;
    // Counted first, then laid out.
    let entries = 0;
    this.#eachValue((value) => {
      postings.end[value] = (postings.end[value] ?? 0) + 1;
      entries += 1;
    });
    let begin = 0;
    this.#eachValue((value) => {
      const count = postings.end[value] ?? 0;
      if (count <= 0) return;
      postings.start[value] = begin;
      begin += count;
      postings.end[value] = -1;
    });
    this.#eachValue((value) => {
      postings.end[value] = postings.start[value] ?? 0;
    });
    this.#setAt = new Int32Array(entries);
    this.#past = new Int32Array(entries);
  }

  end(): void {
    this.#eachValue((value) => {
      this.#postings.end[value] = 0;
    });
  }

  /** Pairs by which the set at a place joins groups of those before it. */
  add(place: number): Similar[] {
    const pairs: Similar[] = [];
    const met: number[] = [];
    const [from, own, reach] = [this.#from[place] ?? 0, this.#length[place] ?? 0, this.#reach[place] ?? 0];
    while ((this.#length[this.#first] ?? 0) < this.#threshold * own - EPSILON) this.#first += 1;
    const { root } = this.#groups;
    const [values, setAt, marks, lengths] = [this.#values, this.#setAt, this.#met, this.#length];
    const { start, end } = this.#postings;
    for (let at = from; at < from + reach; at += 1) {
      const value = values[at] ?? 0;
      const begin = start[value] ?? 0;
      // One that is met here first shares no more than what comes from here on.
      const longest = (own - at + from) * (1 + 1 / this.#threshold) - own + EPSILON;
      let entry = (end[value] ?? 0) - 1;
      while (entry >= begin) {
        const other = setAt[entry] ?? 0;
        if (other < this.#first) break;
        if (marks[2 * other] === place) {
          marks[2 * other + 1] = (marks[2 * other + 1] ?? 0) + 1;
          entry -= 1;
        } else if (root[other] === root[place]) entry = this.#beyond(entry, begin);
        else {
          marks[2 * other] = place;
          marks[2 * other + 1] = 1;
          // Of a crowd one that joins it is looked for first: then the others need not be looked at.
          if ((lengths[other] ?? 0) > longest) marks[2 * other + 1] = -reach;
          else if (!this.#isNewCrowd(other, place)) met.push(other);
          else if (this.#join(place, other, pairs)) continue;
          entry -= 1;
        }
      }
    }
    const last = values[from + reach - 1] ?? 0;
    for (const other of met) {
      if (root[other] === root[place]) continue;
      const [theirs, theirReach] = [this.#length[other] ?? 0, this.#reach[other] ?? 0];
      // All that they share up to the smaller end of the two reaches was counted.
      const isOwnEnd = last < (values[(this.#from[other] ?? 0) + theirReach - 1] ?? 0);
      const most = (marks[2 * other + 1] ?? 0) + (isOwnEnd ? own - reach : theirs - theirReach);
      if (most >= this.#needed(own, theirs)) this.#join(place, other, pairs);
    }
    for (let at = from; at < from + reach; at += 1) {
      const value = values[at] ?? 0;
      const entry = end[value] ?? 0;
      setAt[entry] = place;
      this.#past[entry] = entry - 1;
      end[value] = entry + 1;
    }
    return pairs;
  }

  #eachValue(tell: (value: number) => void): void {
    for (const [place, from] of this.#from.entries()) {
      const end = from + (this.#reach[place] ?? 0);
      for (let at = from; at < end; at += 1) tell(this.#values[at] ?? 0);
    }
  }

  #isNewCrowd(other: number, place: number): boolean {
    const group = this.#groups.root[other] ?? 0;
    if ((this.#groups.sizes[group] ?? 0) < CROWD || this.#triedFor[group] === place) return false;
    this.#triedFor[group] = place;
    return true;
  }

  /** The next entry, backwards, of another group: sets that are in one group stay so. */
  #beyond(entry: number, begin: number): number {
    const { root } = this.#groups;
    const group = root[this.#setAt[entry] ?? 0];
    let next = this.#past[entry] ?? -1;
    while (next >= begin && root[this.#setAt[next] ?? 0] === group) next = this.#past[next] ?? -1;
    this.#past[entry] = next;
    return next;
  }

  #needed(own: number, theirs: number): number {
    return Math.ceil((this.#threshold / (1 + this.#threshold)) * (own + theirs) - EPSILON);
  }

  /** Whether they are similar: then their groups are one. */
  #join(place: number, before: number, pairs: Similar[]): boolean {
    const [own, theirs] = [this.#length[place] ?? 0, this.#length[before] ?? 0];
    const [from, begin] = [this.#from[place] ?? 0, this.#from[before] ?? 0];
    const needed = this.#needed(own, theirs);
    const both = common(this.#values, [from, from + own], [begin, begin + theirs], needed);
    if (both < needed) return false;
    this.#groups.join(place, before);
    const [one = 0, other = 0] = [this.#sets[before], this.#sets[place]];
    pairs.push({ one, other, similarity: both / (own + theirs - both) });
    return true;
  }
}

type Range = readonly [from: number, to: number];

/** How many values two ranges share; fewer than `needed` where they share less. */
function common(values: Uint32Array, [left, leftEnd]: Range, [right, rightEnd]: Range, needed: number): number {
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

/** Groups whose root is known without a search: of two that are joined the smaller one's members are told. */
class Flat {
  readonly root: Int32Array;
  readonly sizes: Int32Array;
  /** The next member, in a circle. */
  readonly #next: Int32Array;

  constructor(count: number) {
    this.root = Int32Array.from({ length: count }, (_, index) => index);
    this.#next = this.root.slice();
    this.sizes = new Int32Array(count).fill(1);
  }

  join(one: number, other: number): void {
    const { root, sizes } = this;
    let [large, small] = [root[one] ?? 0, root[other] ?? 0];
    if ((sizes[large] ?? 0) < (sizes[small] ?? 0)) [large, small] = [small, large];
    sizes[large] = (sizes[large] ?? 0) + (sizes[small] ?? 0);
    let member = small;
    do {
      root[member] = large;
      member = this.#next[member] ?? small;
    } while (member !== small);
    const after = this.#next[large] ?? large;
    this.#next[large] = this.#next[small] ?? small;
    this.#next[small] = after;
  }
}
