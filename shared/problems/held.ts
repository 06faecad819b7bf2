import type { AlikeKind, AlikeRule } from './alike.ts';
import { groupStatements } from './groups.ts';

/** A statement that what is trained on may not be near-equal to. */
export interface HeldBack {
  readonly id: string;
  readonly statement: string;
  /** What it is, such as `which main/lap-0001 holds out`. */
  readonly why: string;
}

/** Two near-equal statements, because of which they, and what is joined to them, are one problem. */
export interface AlikePair {
  readonly kind: AlikeKind;
  readonly similarity: number;
  readonly one: AlikeStatement;
  readonly other: AlikeStatement;
}

interface AlikeStatement {
  readonly id: string;
  /** Absent of problems that were given. */
  readonly why?: string;
  readonly statement: string;
}

interface Statement {
  readonly id: string;
  readonly statement: string;
}

export interface GroupedProblems<P extends Statement> {
  readonly groupOf: (problem: P) => number;
  /** What is held back and is one problem with this one, in the order in which it was given. */
  readonly heldWith: (problem: P) => readonly HeldBack[];
  /** Those with a problem in them. */
  readonly alike: readonly AlikePair[];
}

/** Problems by groups of near-equal statements, together with what is held back. */
export async function groupProblems<P extends Statement>(
  problems: readonly P[],
  away: readonly HeldBack[],
  rule?: AlikeRule,
): Promise<GroupedProblems<P>> {
  const all: readonly (Statement & { readonly why?: string })[] = [...problems, ...away];
  const { groupOf, pairs } = await groupStatements(
    all.map(({ statement }) => statement),
    rule,
  );
  const group = new Map(problems.map((problem, index) => [problem, groupOf[index] ?? index]));
  const withProblems = new Set(group.values());
  const held = new Map<number, HeldBack[]>();
  away.forEach((each, index) => {
    const of = groupOf[problems.length + index] ?? -1;
    const known = held.get(of);
    if (known === undefined) held.set(of, [each]);
    else known.push(each);
  });
  const shown = (index: number): AlikeStatement => {
    const { id = '', why, statement = '' } = all[index] ?? {};
    return { id, ...(why !== undefined && { why }), statement };
  };
  const groupOfProblem = (problem: P) => group.get(problem) ?? -1;
  return {
    groupOf: groupOfProblem,
    heldWith: (problem) => held.get(groupOfProblem(problem)) ?? [],
    alike: pairs
      .filter(({ one, other }) => withProblems.has(groupOf[one] ?? -1) && !isTheSame(all[one], all[other]))
      .map(({ kind, similarity, one, other }) => ({ kind, similarity, one: shown(one), other: shown(other) })),
  };
}

/** One problem that was met twice, such as a held-out one in its own file, is no news. */
const isTheSame = (one?: Statement, other?: Statement): boolean =>
  one?.id === other?.id && one?.statement === other?.statement;

/** Whole groups, as their first members come, that fit into the count; the smallest where none does. */
export function drawGroups<T>(items: readonly T[], groupOf: (item: T) => number, count: number): T[] {
  const groups = new Map<number, number>();
  for (const item of items) groups.set(groupOf(item), (groups.get(groupOf(item)) ?? 0) + 1);
  const drawn = new Set<number>();
  let left = count;
  for (const [group, size] of groups) {
    if (size > left) continue;
    left -= size;
    drawn.add(group);
  }
  if (count > 0 && drawn.size === 0)
    for (const [group] of [...groups].sort(([, a], [, b]) => a - b).slice(0, 1)) drawn.add(group);
  return items.filter((item) => drawn.has(groupOf(item)));
}

/** How many pairs there are of each kind. */
export const alikeCounts = (pairs: readonly Pick<AlikePair, 'kind'>[]) => {
  const exact = pairs.filter(({ kind }) => kind === 'exact').length;
  return { exact, near: pairs.length - exact };
};

export const alikeText = ({ exact, near }: { readonly exact: number; readonly near: number }): string =>
  `near-equal pairs: ${exact} but for notation, ${near} similar`;

/** Why a problem is left out that is near-equal to one that is held back. */
export const whyLeftOut = ({ id, why }: HeldBack): string => `one problem with ${id}, ${why}`;
