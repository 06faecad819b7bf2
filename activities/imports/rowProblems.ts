import { LONGEST_STATEMENT } from '../../shared/lap/problemFile.ts';
import type { Problem } from '../../shared/records.ts';
import type { Fields } from './fields.ts';
import { longTextIn } from './graded/fields.ts';
import { ProblemReader, type Dropped } from './reader.ts';
import type { SourceRow } from './source.ts';
import { scalarIn, valueAt } from './values.ts';

/**
 * The problems that rows of proofs are about: many rows may be about one. A row brings its statement, or names a problem
 * that is known by its id.
 */
export class RowProblems {
  readonly #fields: Fields;
  readonly #read: ProblemReader;
  readonly #byId: ReadonlyMap<string, Problem>;
  readonly #byStatement: Map<string, Problem>;

  /** @param name what problems without a source are called, and what ids begin with where there are none. */
  constructor({ statement, id, topic, source, difficulty }: Fields, known: readonly Problem[], name: string) {
    const about = Object.entries({ statement, id, topic, source, difficulty }).filter(([, field]) => field);
    this.#fields = Object.fromEntries(about);
    this.#read = new ProblemReader(this.#fields, name, LONGEST_STATEMENT);
    this.#byId = new Map(known.map((problem) => [problem.id, problem]));
    this.#byStatement = new Map(known.map((problem) => [problem.statement.trim(), problem]));
  }

  get notes(): readonly string[] {
    return this.#read.notes;
  }

  of(source: SourceRow): Problem | Dropped<string> {
    const statement = this.#fields.statement && longTextIn(valueAt(source.row, this.#fields.statement));
    if (statement !== undefined && statement !== '') {
      const known = this.#byStatement.get(statement) ?? this.#byId.get(statement);
      if (known !== undefined) return known;
      const read = this.#read.read(source);
      if (!('why' in read)) this.#byStatement.set(statement, read);
      return read;
    }
    const id = this.#fields.id && scalarIn(valueAt(source.row, this.#fields.id));
    const why = id === undefined ? 'it has no statement, and no id' : `there is no problem ${JSON.stringify(id)}`;
    return this.#byId.get(id ?? '') ?? { where: source.where, kind: 'unknown problem', why };
  }
}
