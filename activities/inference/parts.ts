import type { Priority } from '@temporalio/common';
import type { Waiter } from './slots.ts';
import { keyOf, Turns } from './turns.ts';

/** Calls of one part of all that share the servers. */
interface Part {
  readonly part: Priority | undefined;
  /** First calls of their prompts. */
  readonly first: Set<Waiter>;
  readonly rest: Set<Waiter>;
}

/** Calls that nothing is waited for, by the lap that they are of: laps take turns. */
export class Parts {
  readonly #parts = new Map<string, Part>();
  readonly #turns = new Turns();
  /** By key, calls that wait elsewhere and all. */
  readonly #waiting = new Map<string, number>();

  get size(): number {
    let size = 0;
    for (const { first, rest } of this.#parts.values()) size += first.size + rest.size;
    return size;
  }

  /** In the order in which they would go if none came: of the part whose turn it is first, and of it the first calls. */
  *[Symbol.iterator](): Generator<Waiter> {
    for (const { first, rest } of this.#turns.inOrder([...this.#parts.values()])) {
      yield* first;
      yield* rest;
    }
  }

  /** Whose work may come in first, so that its calls are there when it is its turn. */
  neediest<T extends { readonly part?: Priority | undefined }>(outside: readonly T[]): T | undefined {
    const [next] = this.#turns.inOrder(outside, (key) => this.#waiting.get(key) ?? 0);
    return next;
  }

  /** A call waits, here or elsewhere, or does so no longer. */
  waits({ part }: Waiter, more: 1 | -1): void {
    const key = keyOf(part);
    const count = (this.#waiting.get(key) ?? 0) + more;
    if (count > 0) this.#waiting.set(key, count);
    else this.#waiting.delete(key);
  }

  took({ part }: Waiter): void {
    this.#turns.took(part);
  }

  add(to: 'first' | 'rest', waiter: Waiter): void {
    const known = this.#parts.get(nameOf(waiter)) ?? { part: waiter.part, first: new Set(), rest: new Set() };
    this.#parts.set(nameOf(waiter), known);
    known[to].add(waiter);
  }

  has(waiter: Waiter): boolean {
    const part = this.#parts.get(nameOf(waiter));
    return part !== undefined && (part.first.has(waiter) || part.rest.has(waiter));
  }

  delete(waiter: Waiter): void {
    const part = this.#parts.get(nameOf(waiter));
    if (part === undefined) return;
    if (!part.first.delete(waiter)) part.rest.delete(waiter);
    if (part.first.size + part.rest.size === 0) this.#parts.delete(nameOf(waiter));
  }
}

/** Work of one key may have several priorities. */
const nameOf = ({ part }: Waiter): string => `${part?.priorityKey || ''} ${keyOf(part)}`;
