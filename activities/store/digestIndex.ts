import { createHash } from 'node:crypto';

/** Words of a cell: the first 96 bits of a key's digest, and the number plus 1. */
const WORDS = 4;
const FIRST_CELLS = 1_024;
/** Ours: beyond it cells are searched for too long. */
const FULLEST = 0.6;

/**
 * From texts to numbers below 2³² − 1, in 27 to 53 bytes each; a `Map` of a million digests takes 109 to 127. It knows
 * keys by 96 bits of a SHA-256, as calls are known by, of which no two are alike in practice, and cannot name them.
 */
export class DigestIndex {
  #cells = new Uint32Array(FIRST_CELLS * WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): number | undefined {
    const found = this.#cells[this.#cellOf(wordsOf(key)) + WORDS - 1] as number;
    return found === 0 ? undefined : found - 1;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  /** @returns whether it knew the key. */
  set(key: string, value: number): boolean {
    if (this.#size + 1 > (this.#cells.length / WORDS) * FULLEST) this.#grow();
    const before = this.#size;
    this.#put(wordsOf(key), value + 1);
    return this.#size === before;
  }

  /** In ascending order. */
  values(): number[] {
    const values: number[] = [];
    for (let cell = WORDS - 1; cell < this.#cells.length; cell += WORDS) {
      const value = this.#cells[cell] as number;
      if (value > 0) values.push(value - 1);
    }
    return values.sort((one, other) => one - other);
  }

  #put(words: Words, stored: number): void {
    const cell = this.#cellOf(words);
    if (this.#cells[cell + WORDS - 1] === 0) this.#size += 1;
    this.#cells.set(words, cell);
    this.#cells[cell + WORDS - 1] = stored;
  }

  /** Where these words are, or would be. */
  #cellOf([a, b, c]: Words): number {
    const cells = this.#cells;
    const count = cells.length / WORDS;
    for (let at = a % count; ; at = (at + 1) % count) {
      const cell = at * WORDS;
      if (cells[cell + WORDS - 1] === 0) return cell;
      if (cells[cell] === a && cells[cell + 1] === b && cells[cell + 2] === c) return cell;
    }
  }

  #grow(): void {
    const before = this.#cells;
    this.#cells = new Uint32Array(2 * before.length);
    this.#size = 0;
    for (let cell = 0; cell < before.length; cell += WORDS)
      if (before[cell + WORDS - 1] !== 0)
        this.#put(before.subarray(cell, cell + WORDS - 1) as unknown as Words, before[cell + WORDS - 1] as number);
  }
}

type Words = readonly [number, number, number];

function wordsOf(key: string): Words {
  const digest = HEXADECIMAL.test(key) ? key : createHash('sha256').update(key).digest('hex');
  return [wordAt(digest, 0), wordAt(digest, 8), wordAt(digest, 16)];
}

/** A digest, or a call's key, which is 96 bits of one. */
const HEXADECIMAL = /^(?:[0-9a-f]{64}|[0-9a-f]{24})$/;

const wordAt = (digest: string, at: number): number => Number.parseInt(digest.slice(at, at + 8), 16);
