import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseAnswer } from '../../shared/answers.ts';
import { uri } from '../../shared/ids.ts';
import { LONGEST_STATEMENT } from '../../shared/lap/problemFile.ts';
import type { ArtifactRef, Problem } from '../../shared/records.ts';
import { gradeIn, scaleFrom, scaleOf, type GradeScale } from '../../shared/review/grades.ts';
import { SCORES, type Score } from '../../shared/scores.ts';
import { refusalOfText } from '../../shared/texts.ts';
import type { ArtifactStore } from '../store/types.ts';
import { chooseFieldsOf, type ChosenFields, type Fields } from './fields.ts';
import { keepLines, takeFiles } from './files.ts';
import { flatRow, GRADED_ROWS, longTextIn, type GradedKind, type GradedTarget } from './gradedFields.ts';
import { readProblemFiles } from './problems.ts';
import { ProblemReader, type Dropped } from './reader.ts';
import type { Format } from './rows.ts';
import type { SourceRow } from './source.ts';
import { scalarIn, valueAt } from './values.ts';

export interface GradedOptions {
  /** Who graded: kept in every row. */
  readonly grader: string;
  /** What grades mean, as `scaleFrom` reads it. @default the scale that they are of, where that leaves no doubt */
  readonly grades?: string;
  /** The same of the scores that analyses give their proofs, where their texts do not say them in our format. */
  readonly scores?: string;
  /** A file with the problems that rows name by id, or by their statements. @default rows bring their statements */
  readonly problems?: string;
  readonly fields?: Fields<GradedTarget>;
  /** Longer proofs and analyses are left out. @default 400,000 */
  readonly longest?: number;
}

/** What a graded set became: an artifact that `given` and `experts.gold` of a recipe may name. */
export interface ImportedGrades extends ArtifactRef {
  readonly kind: GradedKind;
  readonly count: number;
  /** Different ones. */
  readonly problems: number;
  readonly grader: string;
  /** In words. */
  readonly scale: string;
  readonly byScore: Readonly<Record<string, number>>;
  readonly took: ChosenFields<GradedTarget> & { readonly formats: readonly Format[]; readonly isGzipped: boolean };
  readonly dropped: readonly Dropped<string>[];
  readonly notes: readonly string[];
  readonly from: readonly { readonly file: string; readonly sha256: string }[];
}

/** Ours: a proof of 128K tokens has about so many characters. */
const LONGEST_TEXT = 400_000;
/** Characters of a digest in an id, as in a problem's. */
const SHORT = 12;
const LONGEST_GRADER = 80;

/**
 * Takes a graded set, of whatever form, into the store: rows of D_v or D_mv but for the lap that will add them. Of a
 * proof that stands there twice one is taken; where its grades differ, none.
 * @throws naming what is wrong and where; then nothing was taken in.
 */
export async function importGraded(
  store: ArtifactStore,
  kind: GradedKind,
  files: readonly string[],
  options: GradedOptions,
): Promise<ImportedGrades> {
  const { grader } = options;
  if (grader.trim() === '' || grader.length > LONGEST_GRADER || refusalOfText(grader) !== undefined)
    throw new Error(`--grader: expected who graded, a name of 1 to ${LONGEST_GRADER} characters, got ${grader}`);
  const [scale, analysisScale] = [scaleAsked('--grades', options.grades), scaleAsked('--scores', options.scores)];
  const known =
    options.problems === undefined ? [] : (await readProblemFiles([await here(store, options.problems)])).lines;
  const problems = known.map((line) => JSON.parse(line) as Problem);
  const what = `graded ${kind}`;
  const { begun, formats, isGzipped } = await takeFiles(files, what, (first, file, name) => {
    const rows = first.map((row) => flatRow({ where: '', row }).row);
    const chosen = chooseFieldsOf(GRADED_ROWS[kind], rows, options.fields ?? {}, file);
    if (chosen.fields.statement === undefined && problems.length === 0)
      throw new Error(
        `${file}: expected a field with the problems' statements, or --problems with the file of the problems that ` +
          `its rows name by id, got ${chosen.left.join(', ') || 'neither'}`,
      );
    const reader = new GradedReader(kind, chosen.fields, problems, name, options);
    return { chosen, reader, take: (row: SourceRow) => reader.take(flatRow(row)) };
  });
  const { chosen, reader } = begun;
  const { rows, dropped, says } = reader.scored(scale, analysisScale);
  if (rows.length === 0) {
    const [{ where, why } = { where: '', why: '' }] = dropped;
    throw new Error(
      `${files.join(', ')}: expected ${what}, got ${dropped.length} rows of which none can be taken, such as ` +
        `${where}: ${why}; --field says where the file has what`,
    );
  }
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`);
  const byScore = SCORES.map((score) => [score, rows.filter((row) => scoreIn(row) === score).length] as const);
  return {
    ...(await keepLines(store, uri.graded(kind), lines, { by: 'importGraded', files })),
    kind,
    count: rows.length,
    problems: new Set(rows.map(({ problem }) => problem.statement)).size,
    grader,
    scale: says,
    byScore: Object.fromEntries(byScore),
    took: { formats, isGzipped, ...chosen },
    dropped,
    notes: reader.notes,
  };
}

/** A file of this machine, or one of the store. */
async function here(store: ArtifactStore, file: string): Promise<string> {
  const isStored = !path.isAbsolute(file) && !existsSync(file) && (await store.exists(file).catch(() => false));
  return isStored ? store.local(file) : file;
}

function scaleAsked(option: string, text: string | undefined): GradeScale | undefined {
  try {
    return text === undefined ? undefined : scaleFrom(text);
  } catch (error) {
    throw new Error(`${option}: ${(error as Error).message}`, { cause: error });
  }
}

interface Graded {
  readonly where: string;
  readonly id: string;
  readonly problem: Problem;
  readonly proof: string;
  readonly analysis: string | undefined;
  readonly grade: string;
  /** The score that the analysis gives: in our format, or in a field of its own. */
  readonly says: Score | { readonly grade: string | undefined };
  readonly model: string;
  readonly grader: string;
}

type GradedRow = Readonly<Record<string, unknown>> & { readonly problem: Problem };
const scoreIn = (row: GradedRow): unknown => row['quality'] ?? row['score'];

const digestOf = (...texts: readonly string[]): string =>
  `given-${createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, SHORT)}`;

/** Reads rows; what their grades mean is known when all were seen. */
class GradedReader {
  readonly #kind: GradedKind;
  readonly #fields: Fields<GradedTarget>;
  readonly #options: GradedOptions;
  readonly #problems: ProblemReader;
  readonly #byId: ReadonlyMap<string, Problem>;
  readonly #byStatement: Map<string, Problem>;
  readonly #rows: Graded[] = [];
  readonly #dropped: Dropped<string>[] = [];

  constructor(
    kind: GradedKind,
    fields: Fields<GradedTarget>,
    problems: readonly Problem[],
    name: string,
    options: GradedOptions,
  ) {
    this.#kind = kind;
    this.#fields = fields;
    this.#options = options;
    const { statement, id, topic, source, difficulty } = fields;
    const about = Object.entries({ statement, id, topic, source, difficulty }).filter(([, field]) => field);
    this.#problems = new ProblemReader(Object.fromEntries(about), name, LONGEST_STATEMENT);
    this.#byId = new Map(problems.map((problem) => [problem.id, problem]));
    this.#byStatement = new Map(problems.map((problem) => [problem.statement.trim(), problem]));
  }

  get notes(): readonly string[] {
    return this.#problems.notes;
  }

  take(source: SourceRow): void {
    const read = this.#read(source);
    if ('why' in read) this.#dropped.push(read);
    else this.#rows.push(read);
  }

  #read(source: SourceRow): Graded | Dropped<string> {
    const { where } = source;
    const drop = (kind: string, why: string): Dropped<string> => ({ where, kind, why });
    const texts: Record<string, string> = {};
    for (const target of this.#kind === 'proofs' ? (['proof'] as const) : (['proof', 'analysis'] as const)) {
      const text = longTextIn(this.#value(source, target));
      if (text === undefined) return drop(`no ${target}`, `${this.#fields[target]} is empty, or no text`);
      const { longest = LONGEST_TEXT } = this.#options;
      if (text.length > longest) return drop('too long', `its ${target} has ${text.length} characters`);
      const refusal = refusalOfText(text);
      if (refusal !== undefined) return drop('broken text', `${target}: ${refusal}`);
      texts[target] = text;
    }
    const grade = gradeIn(this.#value(source, 'grade'));
    if (grade === undefined) return drop('no grade', `${this.#fields.grade} is empty, or no single grade`);
    const problem = this.#problemOf(source);
    if ('why' in problem) return problem;
    const { proof = '', analysis } = texts;
    const said = analysis === undefined ? undefined : parseAnswer('verify', analysis);
    const inFormat = said?.kind === 'wellFormed' ? said.score : undefined;
    return {
      where,
      id: digestOf(problem.statement, proof, ...(analysis === undefined ? [] : [analysis])),
      problem,
      proof,
      analysis,
      grade,
      says: inFormat ?? { grade: gradeIn(this.#value(source, 'analysisScore')) },
      model: this.#short(source, 'model') ?? 'unknown',
      grader: this.#grader(source),
    };
  }

  /** Every row says who graded it; where the set says more than the option, that is kept beside. */
  #grader(source: SourceRow): string {
    const more = [this.#short(source, 'scoredBy'), this.#short(source, 'grader')].filter((name) => name !== undefined);
    return more.length === 0 ? this.#options.grader : `${this.#options.grader} (${more.join(', ')})`;
  }

  #short(source: SourceRow, target: GradedTarget): string | undefined {
    return scalarIn(this.#value(source, target))?.slice(0, LONGEST_GRADER);
  }

  #problemOf(source: SourceRow): Problem | Dropped<string> {
    const statement = this.#fields.statement && longTextIn(this.#value(source, 'statement'));
    if (statement !== undefined && statement !== '') {
      const known = this.#byStatement.get(statement) ?? this.#byId.get(statement);
      if (known !== undefined) return known;
      const read = this.#problems.read(source);
      if (!('why' in read)) this.#byStatement.set(statement, read);
      return read;
    }
    const id = scalarIn(this.#value(source, 'id'));
    const why = id === undefined ? 'it has no statement, and no id' : `there is no problem ${JSON.stringify(id)}`;
    return this.#byId.get(id ?? '') ?? { where: source.where, kind: 'unknown problem', why };
  }

  #value({ row }: SourceRow, target: GradedTarget): unknown {
    const field = this.#fields[target];
    return field === undefined ? undefined : valueAt(row, field);
  }

  /** @throws where what grades mean is in doubt. */
  scored(asked?: GradeScale, askedOfAnalyses?: GradeScale) {
    const scale = asked ?? detected(this.#rows.map(({ grade }) => grade));
    const inFields = this.#rows.flatMap(({ says }) => (typeof says === 'object' && says.grade ? [says.grade] : []));
    const isAnalyses = this.#kind === 'analyses';
    const ofAnalyses = askedOfAnalyses ?? (isAnalyses && inFields.length > 0 ? detected(inFields, '--scores') : scale);
    const dropped = [...this.#dropped];
    const taken = new Map<string, { readonly graded: Graded; readonly score: Score; differs: boolean }>();
    for (const graded of this.#rows) {
      const { where, id, grade, says } = graded;
      const score = scale.scoreOf(grade);
      const given = typeof says === 'object' ? ofAnalyses.scoreOf(says.grade ?? '') : says;
      const earlier = taken.get(id);
      if (score === undefined)
        dropped.push({ where, kind: 'of no such grade', why: `${grade} is not in ${scale.says}` });
      else if (isAnalyses && given === undefined)
        dropped.push({ where, kind: 'no score', why: 'neither its text nor a field says what it scores the proof' });
      else if (earlier === undefined) taken.set(id, { graded, score, differs: false });
      else {
        earlier.differs ||= earlier.score !== score;
        dropped.push({
          where,
          kind: `the same ${isAnalyses ? 'analysis' : 'proof'}`,
          why: `as ${earlier.graded.where}`,
        });
      }
    }
    const rows: GradedRow[] = [];
    for (const { graded, score, differs } of taken.values())
      if (differs) dropped.push({ where: graded.where, kind: 'graded twice', why: 'its grades differ' });
      else rows.push(rowOf(graded, score, ofAnalyses));
    return { rows, dropped, says: scale.says };
  }
}

function detected(grades: readonly string[], option = '--grades'): GradeScale {
  const counts = new Map<string, number>();
  for (const grade of grades) counts.set(grade, (counts.get(grade) ?? 0) + 1);
  if (counts.size === 0) return { says: 'no grade', scoreOf: () => undefined };
  try {
    return scaleOf(counts);
  } catch (error) {
    throw new Error((error as Error).message.replace('--grades', option), { cause: error });
  }
}

/** A row of D_v or D_mv but for its lap; the order of its fields is the same in all. */
function rowOf(graded: Graded, score: Score, ofAnalyses: GradeScale): GradedRow {
  const { id, problem, proof, analysis, grade, says, model, grader } = graded;
  const who = { source: 'given', grader, grade };
  if (analysis === undefined) return { id, problem, proof, model, score, ...who };
  const analysisScore = typeof says === 'object' ? ofAnalyses.scoreOf(says.grade ?? '') : says;
  const proofId = digestOf(problem.statement, proof);
  return { id, problem, proof, proofId, analysis, analysisScore, model, quality: score, ...who };
}
