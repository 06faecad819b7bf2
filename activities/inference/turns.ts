import type { Priority } from '@temporalio/common';

const USUAL_LEVEL = 3;

/**
 * Takes turns among those that share something (start-time fair queueing): while several wait, each goes as often as
 * its weight says, beside the others; a part that waited for nothing has saved up nothing. What has a lower priority
 * key goes before all of that.
 */
export class Turns {
  /** By part: where in the common time its turns so far end. Absent: where the others are. */
  readonly #ends = new Map<string, number>();
  #now = 0;

  /**
   * Them, the one whose turn it is first; of equals in their order.
   * @param ahead turns that a part has beside those that were counted. @default none
   */
  inOrder<T extends { readonly part?: Priority | undefined }>(
    of: readonly T[],
    ahead: (key: string) => number = () => 0,
  ): readonly T[] {
    if (of.length < 2) return of;
    const placed = of.map((one) => {
      const key = keyOf(one.part);
      const at = this.#startOf(key) + ahead(key) / weightOf(one.part);
      return { one, level: one.part?.priorityKey || USUAL_LEVEL, at };
    });
    return placed.sort((a, b) => a.level - b.level || a.at - b.at).map(({ one }) => one);
  }

  /** Counts a turn. */
  took(part: Priority | undefined): void {
    const key = keyOf(part);
    const start = this.#startOf(key);
    this.#now = Math.max(this.#now, start);
    this.#ends.set(key, start + 1 / weightOf(part));
    if (this.#ends.size > MOST_PARTS) for (const [one, end] of this.#ends) if (end <= this.#now) this.#ends.delete(one);
  }

  #startOf(key: string): number {
    return Math.max(this.#now, this.#ends.get(key) ?? 0);
  }
}

/** Parts that are known at most before those are forgotten that are not ahead of the others. */
const MOST_PARTS = 256;

export const keyOf = (part: Priority | undefined): string => part?.fairnessKey ?? '';

const weightOf = (part: Priority | undefined): number => part?.fairnessWeight || 1;
