import { SHINGLE } from './alike.ts';

/** Sets of numbers, one behind the other: set `n` is `values` from `ends[n - 1]` to `ends[n]`, in rising order. */
export interface NumberSets {
  readonly values: Uint32Array;
  readonly ends: Uint32Array;
  /** Values are below it; the rarer one is, the smaller. */
  readonly size: number;
}

/** To be awaited now and then in long work: gives others a turn when there was none for a while. */
export type Rest = () => Promise<void> | undefined;

/** The shingles of many texts, as sets of numbers: each text's are known exactly, of 4,096 different characters. */
export class Shingles {
  /** Of each set, the distinct shingles. */
  #values = new Uint32Array(1 << 16);
  #count = 0;
  readonly #ends: number[] = [];
  /** A shingle is five characters of 12 bits. */
  readonly #characters = new Map<number, number>();
  readonly #codes = new Uint16Array(SHINGLE);
  /** How many texts have it, and the last one that has, of each shingle. */
  #frequency = new Uint32Array(1 << 12);
  #seen = new Int32Array(1 << 12).fill(-1);
  /** A hash table of them: their two halves, and where in the table each is. */
  #high = new Uint32Array(1 << 12);
  #low = new Uint32Array(1 << 12);
  #table = new Int32Array(1 << 13).fill(-1);
  #known = 0;

  add(text: string): void {
    const set = this.#ends.length;
    const codes = this.#codes.fill(0);
    const most = Math.max(text.length, SHINGLE);
    for (let at = 0; at < most; at += 1) {
      codes.copyWithin(0, 1);
      codes[SHINGLE - 1] = at < text.length ? this.#codeOf(text.charCodeAt(at)) : 0;
      if (at + 1 < SHINGLE) continue;
      const [a = 0, b = 0, c = 0, d = 0, e = 0] = codes;
      const id = this.#idOf((a << 18) | (b << 6) | (c >> 6), ((c & 63) << 24) | (d << 12) | e);
      if (this.#seen[id] === set) continue;
      this.#seen[id] = set;
      this.#frequency[id] = (this.#frequency[id] ?? 0) + 1;
      if (this.#count === this.#values.length) this.#values = grown(this.#values);
      this.#values[this.#count] = id;
      this.#count += 1;
    }
    this.#ends.push(this.#count);
  }

  /** All sets, with shingles by how rare they are. */
  async sorted(rest: Rest): Promise<NumberSets> {
    const rank = this.#ranks();
    const values = this.#values.subarray(0, this.#count);
    let from = 0;
    for (const end of this.#ends) {
      await rest();
      for (let at = from; at < end; at += 1) values[at] = rank[values[at] ?? 0] ?? 0;
      values.subarray(from, end).sort();
      from = end;
    }
    return { values, ends: Uint32Array.from(this.#ends), size: this.#known };
  }

  /** The place of each shingle among all, the rarest first: sorted by counting. */
  #ranks(): Uint32Array {
    const frequency = this.#frequency.subarray(0, this.#known);
    const below = new Uint32Array(this.#ends.length + 2);
    for (const count of frequency) below[count + 1] = (below[count + 1] ?? 0) + 1;
    for (let count = 1; count < below.length; count += 1) below[count] = (below[count] ?? 0) + (below[count - 1] ?? 0);
    return frequency.map((count) => {
      const place = below[count] ?? 0;
      below[count] = place + 1;
      return place;
    });
  }

  #codeOf(character: number): number {
    let code = this.#characters.get(character);
    if (code === undefined) {
      code = Math.min(this.#characters.size + 1, 4095);
      this.#characters.set(character, code);
    }
    return code;
  }

  #idOf(high: number, low: number): number {
    const mask = this.#table.length - 1;
    let slot = hashOf(high, low) & mask;
    for (let id = this.#table[slot] ?? -1; id >= 0; id = this.#table[slot] ?? -1) {
      if (this.#high[id] === high && this.#low[id] === low) return id;
      slot = (slot + 1) & mask;
    }
    const id = this.#known;
    if (id === this.#high.length) this.#grow();
    this.#high[id] = high;
    this.#low[id] = low;
    this.#known += 1;
    this.#put(id);
    return id;
  }

  #grow(): void {
    [this.#high, this.#low] = [grown(this.#high), grown(this.#low)];
    this.#frequency = grown(this.#frequency);
    const seen = new Int32Array(this.#seen.length * 2).fill(-1);
    seen.set(this.#seen);
    this.#seen = seen;
    this.#table = new Int32Array(this.#table.length * 2).fill(-1);
    for (let id = 0; id < this.#known; id += 1) this.#put(id);
  }

  #put(id: number): void {
    const mask = this.#table.length - 1;
    let slot = hashOf(this.#high[id] ?? 0, this.#low[id] ?? 0) & mask;
    while ((this.#table[slot] ?? -1) >= 0) slot = (slot + 1) & mask;
    this.#table[slot] = id;
  }
}

function hashOf(high: number, low: number): number {
  let hash = Math.imul(high, 0x9e3779b1) ^ Math.imul(low, 0x85ebca77);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae3d);
  return hash ^ (hash >>> 13);
}

function grown(values: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const more = new Uint32Array(values.length * 2);
  more.set(values);
  return more;
}
