import { alikeTo, type AlikeRule } from './alike.ts';

/** Of a domain (shared/domain.ts), what says when statements are one problem. */
interface Telling {
  sameProblem?(statement: string): string;
  alike?(settings: unknown): AlikeRule;
}

/** Whether a statement is one problem with one of these: by the domain's own key, or by how alike they are. */
export function sameAs(
  domain: Telling,
  statements: readonly string[],
  settings?: unknown,
): (statement: string) => boolean {
  const keyOf = domain.sameProblem?.bind(domain);
  if (keyOf !== undefined) {
    const keys = new Set(statements.map((each) => keyOf(each)));
    return (statement) => keys.has(keyOf(statement));
  }
  const matches = alikeTo(statements, settings === undefined ? undefined : domain.alike?.(settings));
  return (statement) => matches(statement) !== undefined;
}
