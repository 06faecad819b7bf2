import { heldOutBefore } from '../../activities/laps/heldOut.ts';
import { whole } from '../../reports/pages/format.ts';
import { domains } from '../../domains/index.ts';
import { alikeCounts, alikeText, groupProblems, type AlikePair, type HeldBack } from '../../shared/problems/held.ts';
import type { AlikeRule } from '../../shared/problems/alike.ts';
import type { Problem } from '../../shared/records.ts';
import { store } from '../../workers/store.ts';

/** What of some problems is near-equal, to each other or to what laps of the store hold out. */
export interface NearEqual {
  readonly exact: number;
  readonly near: number;
  /** Groups of two problems and more. */
  readonly groups: number;
  /** Problems that are held out by laps of the store, in whatever wording. */
  readonly heldOut: number;
  readonly pairs: readonly AlikePair[];
}

export async function nearEqualAmong(problems: readonly Problem[], rule?: AlikeRule): Promise<NearEqual> {
  const held: HeldBack[] = [];
  for (const domain of domains.byName.values()) held.push(...(await heldOutBefore(store, domain)).problems);
  const { groupOf, heldWith, alike } = await groupProblems(problems, held, rule);
  const sizes = new Map<number, number>();
  for (const problem of problems) sizes.set(groupOf(problem), (sizes.get(groupOf(problem)) ?? 0) + 1);
  return {
    ...alikeCounts(alike),
    groups: [...sizes.values()].filter((size) => size > 1).length,
    heldOut: problems.filter((problem) => heldWith(problem).length > 0).length,
    pairs: alike,
  };
}

/** A sentence or two; nothing where all problems are different, and new. */
export function nearEqualLines({ exact, near, groups, heldOut }: NearEqual): string[] {
  return [
    ...(exact + near > 0 ? [`Near-equal: ${whole(groups)} groups of problems; ${alikeText({ exact, near })}`] : []),
    ...(heldOut > 0 ? [`Held out by laps of the store, in whatever wording: ${whole(heldOut)}`] : []),
  ];
}
