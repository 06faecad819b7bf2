import { show } from '../../shared/recipe/issues.ts';
import type { Problem } from '../../shared/records.ts';
import { numberIn, scalarIn, statementIn, valueAt } from './values.ts';

/** What a problem has, and the names that public sets have for it, those that mean it most surely first. */
export const NAMES = {
  statement: [
    'statement',
    'problem',
    'question',
    'problem_statement',
    'informal_statement',
    'informal_problem',
    'nl_statement',
    'informal_stmt',
    'problem_text',
    'question_text',
    'prompt',
    'query',
    'instruction',
    'text',
    'content',
    'input',
    'messages',
    'conversations',
  ],
  id: [
    'id',
    'problem_id',
    'question_id',
    'uuid',
    'unique_id',
    'uid',
    'problem_name',
    'name',
    'problem_idx',
    'idx',
    'index',
    'number',
  ],
  topic: ['topic', 'subject', 'category', 'problem_type', 'type', 'domain', 'area', 'field', 'tags', 'ability'],
  source: ['source', 'competition', 'contest', 'dataset', 'origin', 'data_source'],
  difficulty: ['difficulty', 'level', 'difficulty_level', 'rating'],
} as const satisfies Record<keyof Problem, readonly string[]>;

type Row = Readonly<Record<string, unknown>>;
/** What a problem has. */
export type Target = keyof typeof NAMES;
export const TARGETS = Object.keys(NAMES) as readonly Target[];
/** The field of the file that each is read from, its name or a path such as `extra_info.index`. */
export type Fields<Of extends string = Target> = { readonly [T in Of]?: string };

export interface ChosenFields<Of extends string = Target> {
  readonly fields: Fields<Of>;
  /** What else could have been read, each beside what was chosen. */
  readonly beside: readonly { readonly target: Of; readonly chosen: string; readonly others: readonly string[] }[];
  /** Fields of the file that are read as nothing. */
  readonly left: readonly string[];
}

/** What rows of a kind have, and how each is read. */
export interface RowKind<Of extends string> {
  /** The names that public sets have for each, those that mean it most surely first. */
  readonly names: Readonly<Record<Of, readonly string[]>>;
  /** What a row says as each, as far as it can be used. */
  readonly read: Readonly<Record<Of, (value: unknown) => unknown>>;
  /** Without which there are no such rows, each in words. */
  readonly needs: readonly (readonly [target: Of, what: string])[];
}

/** A field's name as names are compared. */
export const plainName = (name: string) =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z\d]+/g, '_')
    .replace(/^_+|_+$/g, '');

/** A text, or what a user says in a chat. */
export function textOfRow(value: unknown): string | undefined {
  const read = statementIn(value);
  return 'text' in read && read.text !== '' ? read.text : undefined;
}

/** What a row says as each, as far as it can be used. */
export const READ: Readonly<Record<Target, (value: unknown) => unknown>> = {
  statement: textOfRow,
  id: scalarIn,
  topic: scalarIn,
  source: scalarIn,
  difficulty: numberIn,
};

/** Whether an object can be a problem, by the names of its fields. */
export function isStatement(row: Row): boolean {
  return Object.entries(row).some(
    ([name, value]) => NAMES.statement.includes(plainName(name) as never) && READ.statement(value) !== undefined,
  );
}

/**
 * Which fields problems are read from, by rows from the file's beginning.
 * @throws as `chooseFieldsOf` does.
 */
export const chooseFields = (rows: readonly Row[], asked: Fields, file: string): ChosenFields =>
  chooseFieldsOf({ names: NAMES, read: READ, needs: [['statement', "the problems' statements"]] }, rows, asked, file);

/**
 * Which fields rows of a kind are read from, by those from the file's beginning. Each is taken once: what is named
 * first in the kind has the first choice.
 * @param asked what a person says; it is believed, if there is such a field.
 * @throws where what is needed is not there, or no field of a name that was asked for, naming the fields that there
 * are.
 */
export function chooseFieldsOf<Of extends string>(
  { names: known, read, needs }: RowKind<Of>,
  rows: readonly Row[],
  asked: Fields<Of>,
  file: string,
): ChosenFields<Of> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const there =
    names
      .slice(0, 40)
      .map((name) => show(name))
      .join(', ') + (names.length > 40 ? ', …' : '');
  const fields: { [T in Of]?: string } = {};
  const beside: { target: Of; chosen: string; others: string[] }[] = [];
  for (const target of Object.keys(known) as Of[]) {
    const wanted = asked[target];
    if (wanted !== undefined && !rows.some((row) => valueAt(row, wanted) !== undefined))
      throw new Error(`--field ${target}=${wanted}: expected a field of ${file}, which has ${there}`);
    const taken = [...Object.values<string | undefined>(fields), ...Object.values<string | undefined>(asked)];
    const candidates = known[target].flatMap((name) =>
      names.filter((each) => plainName(each) === name && !taken.includes(each)),
    );
    const values = candidates.map((name) => rows.flatMap((row) => read[target](row[name]) ?? []));
    const most = Math.max(0, ...values.map(({ length }) => length));
    const fit = candidates.filter((_, index) => {
      const of = values[index] ?? [];
      // A name for many problems is no id; a problem may stand in many rows.
      const isShared = target === 'id' && new Set(of).size < 0.9 * Math.min(of.length, statementsIn(rows, fields));
      return of.length > 0 && of.length >= most / 2 && !isShared;
    });
    const chosen = wanted ?? fit[0];
    if (chosen === undefined) continue;
    fields[target] = chosen;
    const others = fit.filter((name) => name !== chosen);
    if (wanted === undefined && others.length > 0) beside.push({ target, chosen, others });
  }
  for (const [target, what] of needs)
    if (fields[target] === undefined)
      throw new Error(
        `${file}: expected a field with ${what} (${known[target].slice(0, 4).join(', ')}, …), got ${there}: name it ` +
          `with --field ${target}=NAME`,
      );
  const used = Object.values<string | undefined>(fields).map((field) => field?.split('.')[0]);
  return { fields, beside, left: names.filter((name) => !used.includes(name)) };
}

/** How many different statements there are. */
function statementsIn(rows: readonly Row[], { statement }: Readonly<Record<string, string | undefined>>): number {
  if (statement === undefined) return 0;
  return new Set(rows.flatMap((row) => textOfRow(valueAt(row, statement)) ?? [])).size;
}
