import { createHash } from 'node:crypto';
import { show } from '../../shared/recipe/issues.ts';
import { checkedProblem, LONGEST, PROBLEM_ID } from '../../shared/lap/problemFile.ts';
import type { Problem } from '../../shared/records.ts';
import { refusalOfText } from '../../shared/texts.ts';
import type { Fields, Target } from './fields.ts';
import type { SourceRow } from './source.ts';
import { SharedWords } from './sharedWords.ts';
import { numberIn, scalarIn, statementIn, valueAt } from './values.ts';

/** Why a row is no problem of ours. */
export type DropKind = 'no statement' | 'the same statement' | 'broken text' | 'too long' | 'no text';

export interface Dropped<Kind extends string = DropKind> {
  readonly where: string;
  readonly kind: Kind;
  readonly why: string;
}

/** Characters of a digest in an id: by chance no two of a billion statements share them. */
const SHORT = 12;
/** Of a contest's name, without the year that stands beside it. */
const CONTEST = /^(competition|contest|source)$/i;

/** Makes problems of rows, each once, and keeps what had to be changed. */
export class ProblemReader {
  readonly #fields: Fields;
  readonly #name: string;
  readonly #longest: number;
  readonly #ids = new Set<string>();
  /** Where each statement stands, by its digest. */
  readonly #statements = new Map<string, string>();
  readonly #words = new SharedWords();
  readonly #notes = new Map<string, { count: number; first: string }>();

  /** @param name what problems without a source are called, and what ids begin with where there are none. */
  constructor(fields: Fields, name: string, longest: number) {
    this.#fields = fields;
    this.#name = name;
    this.#longest = longest;
  }

  /** What was changed or left out of problems, or had better be, a sentence each. */
  get notes(): string[] {
    const changes = [...this.#notes].map(([what, { count, first }]) => `${what}: ${count}, such as ${first}`);
    return [...changes, ...this.#words.notes];
  }

  read({ where, row }: SourceRow): Problem | Dropped {
    const drop = (kind: DropKind, why: string): Dropped => ({ where, kind, why });
    const read = statementIn(this.#value(row, 'statement'));
    const field = this.#fields.statement ?? '';
    if ('why' in read) return drop('no text', `${field}: ${read.why}`);
    const { text: statement } = read;
    if (statement === '') return drop('no statement', `${field} is empty`);
    const refusal = refusalOfText(statement);
    if (refusal !== undefined) return drop('broken text', `${field}: ${refusal}`);
    if (statement.length > this.#longest)
      return drop('too long', `its statement has ${statement.length} characters, more than ${this.#longest}`);
    const digest = createHash('sha256').update(statement).digest('hex');
    const earlier = this.#statements.get(digest);
    if (earlier !== undefined) return drop('the same statement', `its statement is that of ${earlier}`);
    const topic = this.#short('topic', scalarIn(this.#value(row, 'topic')) ?? 'unknown', where);
    const source = this.#short('source', this.#source(row), where);
    for (const [name, text] of Object.entries({ topic, source })) {
      const broken = refusalOfText(text);
      if (broken !== undefined) return drop('broken text', `${name}: ${broken}`);
    }
    if (read.beside !== undefined) this.#note(`${read.beside} were left out`, where);
    const difficulty = this.#difficulty(row, where);
    this.#statements.set(digest, where);
    this.#words.add(statement);
    const id = this.#id(scalarIn(this.#value(row, 'id')), digest);
    return checkedProblem({ id, statement, topic, source, ...(difficulty !== undefined && { difficulty }) }, where);
  }

  #value(row: SourceRow['row'], target: Target): unknown {
    const field = this.#fields[target];
    return field === undefined ? undefined : valueAt(row, field);
  }

  #source(row: SourceRow['row']): string {
    const said = scalarIn(this.#value(row, 'source'));
    if (said === undefined) return this.#name;
    const year = scalarIn(row['year'] ?? row['Year']);
    const isBare = year !== undefined && CONTEST.test(this.#fields.source ?? '') && !said.includes(year);
    return isBare ? `${said} ${year}` : said;
  }

  #short(what: keyof typeof LONGEST, text: string, where: string): string {
    if (text.length <= LONGEST[what]) return text;
    this.#note(`${what}s were cut to ${LONGEST[what]} characters`, where);
    return text.slice(0, LONGEST[what]).replace(/[\ud800-\udbff]$/, ''); // no half of a character
  }

  #difficulty(row: SourceRow['row'], where: string): number | undefined {
    const value = this.#value(row, 'difficulty');
    const difficulty = numberIn(value);
    if (difficulty === undefined && value !== undefined && value !== null && value !== '')
      this.#note('difficulties that are no numbers were left out', `${show(value)} of ${where}`);
    return difficulty;
  }

  #id(said: string | undefined, digest: string): string {
    const plain = plainId(said ?? '');
    const withDigest = (start: string) => `${start.slice(0, 60)}-${digest.slice(0, SHORT)}`;
    const first = plain !== '' && plain.length <= 80 ? plain : withDigest(plain || plainId(this.#name) || 'problem');
    const id = this.#ids.has(first) ? withDigest(first) : first;
    if (said !== undefined && id !== said) this.#note('ids were made such as they may be', `${id} of ${show(said)}`);
    this.#ids.add(id);
    return id;
  }

  #note(what: string, first: string): void {
    const known = this.#notes.get(what);
    if (known === undefined) this.#notes.set(what, { count: 1, first });
    else known.count += 1;
  }
}

/** A text with other characters than an id's replaced; one that is an id as it is. */
export function plainId(text: string): string {
  if (PROBLEM_ID.test(text) && !/^\.+$/.test(text)) return text;
  return text.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^[-.]+|[-.]+$/g, '');
}
