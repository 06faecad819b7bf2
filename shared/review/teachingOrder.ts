/**
 * Items in the order in which they teach most (ours): whatever part of them comes first is as even over every grouping
 * as the items allow, over the first before the second; among equals, what weighs more comes first.
 */
export function teachingOrder<T>(
  items: readonly T[],
  groupings: readonly ((item: T) => string)[],
  weightOf: (item: T) => number,
): T[] {
  const cells = new Map<string, { readonly groups: readonly string[]; readonly items: T[] }>();
  for (const item of items) {
    const groups = groupings.map((groupOf, index) => `${index} ${groupOf(item)}`);
    const cell = cells.get(groups.join('\n')) ?? { groups, items: [] };
    cells.set(groups.join('\n'), cell);
    cell.items.push(item);
  }
  const queues = [...cells.values()].map(({ groups, items: own }) => ({
    groups,
    items: own.sort((a, b) => weightOf(b) - weightOf(a)),
  }));
  const taken = new Map<string, number>();
  const ordered: T[] = [];
  while (ordered.length < items.length) {
    const waiting = queues.filter((queue) => queue.items.length > 0);
    const next = waiting.reduce((best, queue) => (isBefore(turnOf(queue), turnOf(best)) ? queue : best));
    ordered.push(next.items.shift() as T);
    for (const group of next.groups) taken.set(group, (taken.get(group) ?? 0) + 1);
  }
  return ordered;

  /** How often its groups had their turn, and last its weight. */
  function turnOf(queue: (typeof queues)[number]): number[] {
    return [...queue.groups.map((group) => taken.get(group) ?? 0), -weightOf(queue.items[0] as T)];
  }
}

function isBefore(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at >= 0 && (one[at] as number) < (other[at] as number);
}
