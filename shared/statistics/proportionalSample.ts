import { shuffled } from '../seeds.ts';

/**
 * At most `count` items at random: of each group in proportion to its size, but `least` of each, as far as there are as
 * many. Within a group every item has the same chance. In an order that tells nothing of the groups.
 */
export function proportionalSample<T>(
  items: readonly T[],
  count: number,
  least: number,
  groupOf: (item: T) => string,
  seed: number,
): T[] {
  const mixed = shuffled(items, seed);
  const groups = [...new Set(mixed.map(groupOf))]
    .sort()
    .map((name) => ({ left: mixed.filter((item) => groupOf(item) === name), taken: 0 }));
  const chosen: T[] = [];
  // Sainte-Laguë's highest quotients, those below the least number before all others.
  const quotient = ({ left, taken }: (typeof groups)[number]): number =>
    taken >= left.length ? -1 : taken < least ? 1e9 - taken : left.length / (taken + 0.5);
  while (chosen.length < Math.min(count, items.length)) {
    const next = groups.reduce((best, group) => (quotient(group) > quotient(best) ? group : best));
    chosen.push(next.left[next.taken] as T);
    next.taken += 1;
  }
  return shuffled(chosen, seed + 1);
}
