import { shuffled } from './seeds.ts';

/**
 * At most `count` items, spread as evenly as they allow over the groups that `groupOf` names (topics, rounds, scores):
 * one of each group in turn, in an order that depends on the seed alone.
 */
export function balancedSample<T>(items: readonly T[], count: number, groupOf: (item: T) => string, seed: number): T[] {
  const groups = new Map<string, T[]>();
  for (const item of shuffled(items, seed)) {
    const name = groupOf(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  const queues = [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const chosen: T[] = [];
  for (let turn = 0; chosen.length < count; turn += 1) {
    const available = queues.filter((queue) => queue.length > turn);
    if (available.length === 0) break;
    for (const queue of available) if (chosen.length < count) chosen.push(queue[turn] as T);
  }
  return chosen;
}

/** The first of each group of items with equal keys. */
export function distinctBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = keyOf(item);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
