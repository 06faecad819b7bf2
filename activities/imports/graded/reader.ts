import { createHash } from 'node:crypto';
import { parseAnswer } from '../../../shared/answers.ts';
import type { Problem } from '../../../shared/records.ts';
import { gradeIn, scaleOf, type GradeScale } from '../../../shared/review/grades.ts';
import type { Score } from '../../../shared/scores.ts';
import { refusalOfText } from '../../../shared/texts.ts';
import type { Fields } from '../fields.ts';
import type { Dropped } from '../reader.ts';
import { RowProblems } from '../rowProblems.ts';
import type { SourceRow } from '../source.ts';
import { scalarIn, valueAt } from '../values.ts';
import { longTextIn, type GradedKind, type GradedTarget } from './fields.ts';
import type { GradedForm } from './forms.ts';

/** Ours: a proof of 128K tokens has about so many characters. */
export const LONGEST_TEXT = 400_000;
/** Characters of a digest in an id, as in a problem's. */
const SHORT = 12;
export const LONGEST_GRADER = 80;

export interface GradedOptions {
  /** Who graded: kept in every row. @default as the form says, or the graders of the file */
  readonly grader?: string;
  /** A form of `GRADED_FORMS`, or `plain` for none. @default the one that the fields leave no doubt of */
  readonly format?: string;
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

export type GradedRow = Readonly<Record<string, unknown>> & { readonly problem: Problem };

export const idOfGraded = (...texts: readonly string[]): string =>
  `given-${createHash('sha256').update(JSON.stringify(texts)).digest('hex').slice(0, SHORT)}`;

/** Reads rows; what their grades mean is known when all were seen. */
export class GradedReader {
  readonly #kind: GradedKind;
  readonly #fields: Fields<GradedTarget>;
  readonly #options: GradedOptions;
  readonly #problems: RowProblems;
  readonly #name: string;
  readonly #form: GradedForm | undefined;
  readonly #formNotes = new Map<string, number>();
  readonly #rows: Graded[] = [];
  readonly #dropped: Dropped<string>[] = [];

  constructor(
    kind: GradedKind,
    fields: Fields<GradedTarget>,
    problems: readonly Problem[],
    name: string,
    options: GradedOptions,
    form: GradedForm | undefined,
  ) {
    this.#kind = kind;
    this.#name = name;
    this.#form = form;
    this.#fields = fields;
    this.#options = options;
    this.#problems = new RowProblems(fields, problems, name);
  }

  /** Who graded; empty where every row says it. */
  get grader(): string {
    return this.#options.grader ?? this.#form?.grader ?? `the graders of ${this.#name}`;
  }

  get notes(): readonly string[] {
    return [...this.#problems.notes, ...Array.from(this.#formNotes, ([note, count]) => `${note}: ${count}`)];
  }

  take(source: SourceRow): void {
    const read = this.#read(source);
    if ('why' in read) this.#dropped.push(read);
    else {
      this.#rows.push(read);
      const note = this.#form?.note?.(source.row);
      if (note !== undefined) this.#formNotes.set(note, (this.#formNotes.get(note) ?? 0) + 1);
    }
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
    const grade = this.#gradeOf(source);
    if (typeof grade === 'object') return drop(grade.kind, grade.why);
    if (grade === undefined) return drop('no grade', `${this.#fields.grade} is empty, or no single grade`);
    const problem = this.#problems.of(source);
    if ('why' in problem) return problem;
    const { proof = '', analysis } = texts;
    const said = analysis === undefined ? undefined : parseAnswer('verify', analysis);
    const inFormat = said?.kind === 'wellFormed' ? said.score : undefined;
    return {
      where,
      id: idOfGraded(problem.statement, proof, ...(analysis === undefined ? [] : [analysis])),
      problem,
      proof,
      analysis,
      grade,
      says: inFormat ?? { grade: gradeIn(this.#value(source, 'analysisScore')) },
      model: this.#short(source, 'model') ?? this.#form?.model ?? 'unknown',
      grader: this.#grader(source),
    };
  }

  /** As the form has it; of a field or a scale that a person names, what stands there. */
  #gradeOf(source: SourceRow) {
    const { fields = {}, grades } = this.#options;
    const given = fields.grade === undefined ? this.#form?.gradeOf(source.row) : undefined;
    if (given === undefined) return gradeIn(this.#value(source, 'grade'));
    if ('why' in given) return grades === undefined ? given : gradeIn(this.#value(source, 'grade'));
    const grade = gradeIn(given.grade);
    return grade === undefined || given.of === undefined || grades !== undefined ? grade : `${grade}/${given.of}`;
  }

  /** Every row says who graded it; where the set says more than the option, that is kept beside. */
  #grader(source: SourceRow): string {
    const [scoredBy, grader] = [this.#short(source, 'scoredBy'), this.#short(source, 'grader')];
    if (this.grader === '') return grader ?? scoredBy ?? 'unknown';
    const more = [scoredBy, grader].filter((name) => name !== undefined);
    return more.length === 0 ? this.grader : `${this.grader} (${more.join(', ')})`;
  }

  #short(source: SourceRow, target: GradedTarget): string | undefined {
    return scalarIn(this.#value(source, target))?.slice(0, LONGEST_GRADER);
  }

  #value({ row }: SourceRow, target: GradedTarget): unknown {
    const field = this.#fields[target];
    return field === undefined ? undefined : valueAt(row, field);
  }

  /** @throws where what grades mean is in doubt. */
  scored(asked?: GradeScale, askedOfAnalyses?: GradeScale) {
    const known = this.#options.fields?.grade === undefined ? this.#form?.scale : undefined;
    const scale = asked ?? known ?? detected(this.#rows.map(({ grade }) => grade));
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
    return { rows, dropped, says: scale.says, isBinary: scale.isBinary };
  }
}

function detected(grades: readonly string[], option = '--grades'): GradeScale {
  const counts = new Map<string, number>();
  for (const grade of grades) counts.set(grade, (counts.get(grade) ?? 0) + 1);
  if (counts.size === 0) return { says: 'no grade', scoreOf: () => undefined, isBinary: false };
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
  const proofId = idOfGraded(problem.statement, proof);
  return { id, problem, proof, proofId, analysis, analysisScore, model, quality: score, ...who };
}
