import type { Domain } from '../domain.ts';
import { alikeTo } from './alike.ts';

/** Whether a statement is one problem with one of these: by the domain's own key, or by how alike they are. */
export function sameAs(
  { sameProblem, alike }: Pick<Domain, 'sameProblem' | 'alike'>,
  statements: readonly string[],
  settings?: unknown,
): (statement: string) => boolean {
  if (sameProblem !== undefined) {
    const keys = new Set(statements.map((each) => sameProblem(each)));
    return (statement) => keys.has(sameProblem(statement));
  }
  const matches = alikeTo(statements, settings === undefined ? undefined : alike?.(settings));
  return (statement) => matches(statement) !== undefined;
}
