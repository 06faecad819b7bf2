/** Single letters, each of which may follow from another. */
export const LETTERS = ['A', 'B', 'C', 'D', 'E', 'F'] as const;

export type Implication = readonly [from: string, to: string];

/** What a problem says: the letter that is given, the implications, and the letter that is to be shown. */
export interface Claim {
  readonly given: string;
  readonly implications: readonly Implication[];
  readonly goal: string;
}

export function statementOf({ given, implications, goal }: Claim): string {
  return `Given ${[given, ...implications.map((pair) => pair.join('>'))].join(', ')}. Show ${goal}.`;
}

const STATEMENT = /^Given ([A-F])((?:, [A-F]>[A-F])*)\. Show ([A-F])\.$/;

/** @throws when it is none of this domain's. */
export function claimOf(statement: string): Claim {
  const [, given, pairs, goal] = STATEMENT.exec(statement.trim()) ?? [];
  if (given === undefined || pairs === undefined || goal === undefined)
    throw new Error(
      `Expected a claim such as "Given A, A>C, C>E. Show E.", got ${JSON.stringify(statement.slice(0, 80))}`,
    );
  const implications = [...pairs.matchAll(/([A-F])>([A-F])/g)].map(([, from, to]): Implication => [from!, to!]);
  return { given, implications, goal };
}

/** Implications that lead to a letter from the known ones, at least; undefined where none do. */
export function stepsTo(
  letter: string,
  known: ReadonlySet<string>,
  implications: readonly Implication[],
): number | undefined {
  let reached = known;
  for (let steps = 0; ; steps += 1) {
    if (reached.has(letter)) return steps;
    const next = new Set([...reached, ...implications.flatMap(([from, to]) => (reached.has(from) ? to : []))]);
    if (next.size === reached.size) return undefined;
    reached = next;
  }
}
