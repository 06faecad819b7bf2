import { createHash } from 'node:crypto';
import type { ArtifactRef, Problem, ProofRow } from '../../shared/records.ts';
import { isRecord } from '../../shared/recipe/issues.ts';
import { refusalOfText } from '../../shared/texts.ts';
import { uri } from '../../shared/ids.ts';
import type { ArtifactStore } from '../store/types.ts';
import { chooseFieldsOf, plainName, READ, type ChosenFields, type Fields, type RowKind } from './fields.ts';
import { keepLines, takeFiles } from './files.ts';
import { flatRow, GRADED_ROWS, longTextIn, type GradedTarget } from './graded/fields.ts';
import { formOf } from './graded/forms.ts';
import { here } from './graded/graded.ts';
import { LONGEST_TEXT } from './graded/reader.ts';
import { readProblemFiles } from './problems.ts';
import { plainId, type Dropped } from './reader.ts';
import { RowProblems } from './rowProblems.ts';
import type { Format } from './rows.ts';
import type { SourceRow } from './source.ts';
import { scalarIn, valueAt } from './values.ts';

/** A proof that nobody has graded, as it lies in the store. */
export interface CandidateRow extends ProofRow {
  /** Its id in the file, where that could not be one of ours. */
  readonly givenId?: string;
}

const { names, read } = GRADED_ROWS.proofs;
/** Names of ids that are a proof's for sure, and of such as may be its problem's: then they stand in many rows. */
const OWN_ID = ['proof', 'response', 'solution', 'attempt', 'grading', 'submission', 'sample', 'completion', 'answer'];
const ANY_ID = [...OWN_ID.map((of) => `${of}_id`), 'id', 'uuid'];

const TARGETS = ['statement', 'proof', 'id', 'problemId', 'topic', 'source', 'difficulty', 'model', 'givenId'] as const;
type Target = (typeof TARGETS)[number];
/** What `--field` may name. */
export const CANDIDATE_TARGETS = TARGETS.slice(0, -1);

export interface CandidateOptions {
  readonly fields?: Fields<Target>;
  /** A file with the problems that rows name by id, or by their statements. @default rows bring their statements */
  readonly problems?: string;
  /** Longer proofs are left out. @default 400,000 */
  readonly longest?: number;
}

export interface ImportedCandidates extends ArtifactRef {
  readonly count: number;
  /** Different ones. */
  readonly problems: number;
  readonly took: ChosenFields<Target> & { readonly formats: readonly Format[]; readonly isGzipped: boolean };
  readonly dropped: readonly Dropped<string>[];
  readonly notes: readonly string[];
  readonly from: readonly { readonly file: string; readonly sha256: string }[];
}

/**
 * Takes proofs without grades, of whatever form, into the store, or the parts of a set as one: rows with a problem and
 * a proof, what a `solve` came to, or what was taken in before. A proof that stands there twice is taken once; ids are
 * made distinct.
 * @param files of this machine, or of the store.
 * @throws naming what is wrong and where; then nothing was taken in.
 */
export async function importCandidates(
  store: ArtifactStore,
  files: readonly string[],
  options: CandidateOptions = {},
): Promise<ImportedCandidates> {
  const opened = await Promise.all(files.map((file) => here(store, file)));
  const known =
    options.problems === undefined ? [] : (await readProblemFiles([await here(store, options.problems)])).lines;
  const problems = known.map((line) => JSON.parse(line) as Problem);
  const { begun, formats, isGzipped } = await takeFiles(opened, 'proofs', (first, file, name) => {
    const rows = first.map((row) => flat({ where: '', row }).row);
    const chosen = chooseFieldsOf(kindOf(rows), rows, { ...ofForm(rows, file), ...options.fields }, file);
    const { statement, id, problemId } = chosen.fields;
    if (statement === undefined && problems.length === 0)
      throw new Error(
        `${file}: expected a field with the problems' statements, or --problems with the file of the problems that its ` +
          `rows name by id, got ${chosen.left.join(', ') || 'neither'}`,
      );
    // Of one proof a problem, an id names both.
    const isEach = id !== undefined && problemId === undefined && distinct(rows, statement) === rows.length;
    const fields = isEach ? { ...chosen.fields, problemId: id } : chosen.fields;
    const reader = new CandidateReader(fields, problems, name, options.longest);
    return { chosen, reader, take: (row: SourceRow) => reader.take(flat(row)) };
  });
  const { chosen, reader } = begun;
  const { lines, dropped } = reader;
  if (lines.length === 0) {
    const [{ where, why } = { where: '', why: '' }] = dropped;
    throw new Error(
      `${files.join(', ')}: expected proofs, got ${dropped.length} rows of which none can be taken, such as ${where}: ` +
        `${why}; --field says where the file has what`,
    );
  }
  return {
    ...(await keepLines(store, uri.candidates, lines, { by: 'importCandidates', files: opened })),
    count: lines.length,
    problems: reader.problems,
    took: { formats, isGzipped, ...chosen },
    dropped,
    notes: reader.notes,
  };
}

/** A line of a `solve` as the proof that it found; any other as graded sets are read. */
function flat({ where, row }: SourceRow): SourceRow {
  const { problem, best } = row;
  if (!isRecord(problem) || !('ancestry' in row) || (best !== null && !isRecord(best))) return flatRow({ where, row });
  return flatRow({ where, row: { problem, id: best?.['id'], proof: best?.['proof'] } });
}

/** Where a public set has what, if the rows are of one. */
function ofForm(rows: readonly SourceRow['row'][], file: string): Fields<Target> {
  const {
    statement,
    proof,
    id: problemId,
    topic,
    source,
    model,
  }: Fields<GradedTarget> = formOf(rows, file)?.fields ?? {};
  const fields = Object.entries({ statement, proof, problemId, topic, source, model });
  return Object.fromEntries(fields.filter(([, field]) => field && rows.some((row) => valueAt(row, field) != null)));
}

/** A name of an id is a proof's where no two of these rows, or hardly any, have the same. */
function kindOf(rows: readonly SourceRow['row'][]): RowKind<Target> {
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const own = ANY_ID.filter((name) =>
    fields.some((field) => plainName(field) === name && distinct(rows, field) >= 0.9 * valuesOf(rows, field).length),
  );
  return {
    names: {
      statement: names.statement,
      proof: names.proof,
      id: own,
      problemId: names.id,
      topic: names.topic,
      source: names.source,
      difficulty: names.difficulty,
      model: names.model,
      givenId: ['given_id'],
    },
    read: { ...READ, proof: longTextIn, problemId: scalarIn, model: read.model, givenId: scalarIn },
    needs: [['proof', 'the proofs']],
  };
}

/** What a part of a review set is called (`rangeName`). */
const NAME_OF_A_PART = /^rows-\d+-\d+$/i;

/** Different values of a field. */
const distinct = (rows: readonly SourceRow['row'][], field = ''): number => new Set(valuesOf(rows, field)).size;

const valuesOf = (rows: readonly SourceRow['row'][], field: string): string[] =>
  rows.flatMap((row) => longTextIn(valueAt(row, field)) ?? scalarIn(valueAt(row, field)) ?? []);

class CandidateReader {
  readonly lines: string[] = [];
  readonly dropped: Dropped<string>[] = [];
  readonly #fields: Fields<Target>;
  readonly #problems: RowProblems;
  readonly #longest: number;
  /** Where each proof stands, by its digest. */
  readonly #proofs = new Map<string, string>();
  /** In lower case: ids are names of files, too. */
  readonly #ids = new Set<string>();
  readonly #about = new Set<string>();
  #changed = { count: 0, first: '' };

  constructor(fields: Fields<Target>, problems: readonly Problem[], name: string, longest = LONGEST_TEXT) {
    const { id: _, problemId: id, ...about } = fields;
    this.#fields = fields;
    this.#longest = longest;
    this.#problems = new RowProblems({ ...about, ...(id !== undefined && { id }) }, problems, name);
  }

  get problems(): number {
    return this.#about.size;
  }

  get notes(): readonly string[] {
    const { count, first } = this.#changed;
    return [
      ...this.#problems.notes,
      ...(count === 0 ? [] : [`proofs whose ids were made such as they may be: ${count}, such as ${first}`]),
    ];
  }

  take(source: SourceRow): void {
    const row = this.#read(source);
    if ('why' in row) this.dropped.push(row);
    else this.lines.push(`${JSON.stringify(row)}\n`);
  }

  #read(source: SourceRow): CandidateRow | Dropped<string> {
    const { where } = source;
    const drop = (kind: string, why: string): Dropped<string> => ({ where, kind, why });
    const proof = longTextIn(this.#value(source, 'proof'));
    if (proof === undefined) return drop('no proof', `${this.#fields.proof} is empty, or no text`);
    if (proof.length > this.#longest) return drop('too long', `its proof has ${proof.length} characters`);
    const refusal = refusalOfText(proof);
    if (refusal !== undefined) return drop('broken text', `proof: ${refusal}`);
    const problem = this.#problems.of(source);
    if ('why' in problem) return problem;
    const digest = createHash('sha256')
      .update(JSON.stringify([problem.statement, proof]))
      .digest('hex')
      .slice(0, 12);
    const earlier = this.#proofs.get(digest);
    if (earlier !== undefined) return drop('the same proof', `as ${earlier}`);
    this.#proofs.set(digest, where);
    this.#about.add(problem.id);
    const said = scalarIn(this.#value(source, 'id'));
    const id = this.#id(said, problem, digest);
    const givenId = scalarIn(this.#value(source, 'givenId')) ?? (said === id ? undefined : said);
    if (said !== undefined && said !== id) {
      this.#changed.count += 1;
      this.#changed.first ||= `${id} of ${JSON.stringify(said.slice(0, 80))}`;
    }
    const model = scalarIn(this.#value(source, 'model'))?.slice(0, 80) ?? 'unknown';
    return { id, problem, proof, model, ...(givenId !== undefined && { givenId: givenId.slice(0, 400) }) };
  }

  #id(said: string | undefined, problem: Problem, digest: string): string {
    const plain = plainId(said ?? '');
    const first = plain === '' ? `${problem.id.slice(0, 60)}-${digest}` : plain.slice(0, 80);
    let id = first;
    for (let more = 1; this.#ids.has(id.toLowerCase()) || NAME_OF_A_PART.test(id); more += 1)
      id = `${first.slice(0, 60)}-${digest}${more === 1 ? '' : `-${more}`}`;
    this.#ids.add(id.toLowerCase());
    return id;
  }

  #value({ row }: SourceRow, target: Target): unknown {
    const field = this.#fields[target];
    return field === undefined ? undefined : valueAt(row, field);
  }
}
