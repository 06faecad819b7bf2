import { isScore } from '../../../shared/scores.ts';
import { gradeIn, marksScale, scaleFrom, WHOLES, type GradeScale } from '../../../shared/review/grades.ts';
import type { Fields } from '../fields.ts';
import type { GradedTarget } from './fields.ts';
import { numberIn, valueAt } from '../values.ts';

type Row = Readonly<Record<string, unknown>>;

/** A public set of graded proofs whose form is known: where it has what, and what its grades mean. */
export interface GradedForm {
  readonly title: string;
  /** Who graded, unless somebody says it; empty where every row does. */
  readonly grader: string;
  /** Who wrote the proofs, where no field says it. */
  readonly model?: string;
  /** By fields that no other set has together. */
  readonly fits: (row: Row) => boolean;
  readonly fields: Fields<GradedTarget>;
  /** A row's grade, and of how many marks it is where that is not the same in all. */
  readonly gradeOf: (row: Row) => GivenGrade;
  readonly scale: GradeScale;
  /** What a person should know of a row that is taken; the same sentence of all that it holds for. */
  readonly note?: (row: Row) => string | undefined;
}

type GivenGrade = { readonly grade: unknown; readonly of?: number } | { readonly kind: string; readonly why: string };

const has = (row: Row, ...fields: readonly string[]): boolean =>
  fields.every((field) => valueAt(row, field) !== undefined);
const listIn = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);
const SEVEN = marksScale(7) as GradeScale;

/** Marks of each problem, by how ids of the published outputs begin. Putnam's are of ten, China's of 21. */
const CONTESTS: readonly (readonly [id: RegExp, marks: number])[] = [
  [/^(IMO|PB-)/i, 7],
  [/^Putnam/i, 10],
  [/^CMO/i, 21],
];

export const GRADED_FORMS = {
  'open-proof-corpus': {
    title: 'Open Proof Corpus',
    grader: 'judges of the Open Proof Corpus',
    fits: (row) => has(row, 'problem_id', 'problem', 'model_id', 'solution', 'score', 'judge_id', 'uncertain'),
    fields: {
      statement: 'problem',
      id: 'problem_id',
      proof: 'solution',
      grade: 'score',
      model: 'model_id',
      grader: 'judge_id',
      topic: 'category',
    },
    // A list: some proofs have two judges.
    gradeOf: ({ score }) => {
      const [first, ...others] = listIn(score).map(gradeIn);
      if (others.some((other) => other !== first))
        return { kind: 'judges differ', why: `they say ${[first, ...others].join(' and ')}` };
      return { grade: first };
    },
    scale: scaleFrom('1=1,0=0'),
    note: ({ uncertain }) =>
      listIn(uncertain).some((each) => each === true)
        ? 'proofs of whose grade a judge was not certain were taken'
        : undefined,
  },
  proofbench: {
    title: 'ProofBench',
    grader: 'experts of ProofBench',
    fits: (row) => has(row, 'problem', 'model_solution', 'expert_rating', 'marking_scheme'),
    fields: {
      statement: 'problem',
      id: 'problem_id',
      proof: 'model_solution',
      grade: 'expert_rating',
      model: 'generator',
      source: 'metadata.contest',
    },
    gradeOf: (row) => ({ grade: row['expert_rating'] }),
    scale: SEVEN,
  },
  'imo-gradingbench': {
    title: 'IMO-GradingBench',
    grader: 'people of IMO-GradingBench',
    fits: (row) => has(row, 'Grading ID', 'Problem', 'Response', 'Points'),
    fields: { statement: 'Problem', id: 'Problem ID', proof: 'Response', grade: 'Points', source: 'Problem Source' },
    // Its categories are 7, 6, 1 and 0 marks: "partial" is progress, and no proof.
    gradeOf: (row) => ({ grade: gradeIn(row['Points']) ?? row['Reward'] }),
    scale: {
      ...SEVEN,
      scoreOf: (grade) => SEVEN.scoreOf(grade) ?? { correct: 1, almost: 0.5, partial: 0, incorrect: 0 }[grade],
    } as GradeScale,
  },
  'deepseekmath-v2': {
    title: 'outputs of DeepSeekMath-V2',
    grader: 'people, as published with DeepSeekMath-V2',
    model: 'DeepSeekMath-V2',
    fits: (row) => has(row, 'question', 'problem_idx', 'model_prediction.proof', 'model_prediction.human_rating'),
    fields: {
      statement: 'question',
      id: 'problem_idx',
      proof: 'model_prediction.proof',
      grade: 'model_prediction.human_rating',
    },
    gradeOf: (row) => {
      const grade = numberIn(valueAt(row, 'model_prediction.human_rating'));
      const id = String(row['problem_idx']);
      const [, of] = CONTESTS.find(([begins]) => begins.test(id)) ?? [];
      if (of === undefined)
        return { kind: 'unknown contest', why: `nobody says of how many marks ${id} is: --grades says what they mean` };
      return { grade, of };
    },
    scale: WHOLES,
  },
} as const satisfies Readonly<Record<string, GradedForm>>;

export type GradedFormName = keyof typeof GRADED_FORMS;
export const FORM_NAMES = Object.keys(GRADED_FORMS) as readonly GradedFormName[];

/** Rows of D_v, of a lap or of the store: their grades are scores already, and each says who gave it. */
const OWN: GradedForm = {
  title: 'scored proofs',
  grader: '',
  fits: (row) => has(row, 'statement', 'proof', 'score', 'scoredBy'),
  fields: { grade: 'score' },
  gradeOf: ({ score }) => ({ grade: score }),
  scale: { says: '0, 0.5 and 1 as they are', isBinary: false, scoreOf: (grade) => [Number(grade)].find(isScore) },
};

/**
 * The form that a file's first rows leave no doubt of, most of them: a row may lack something. Undefined where it is
 * none of them.
 * @param rows as `flatRow` gives them.
 * @param asked what a person says: a form by its name, or `plain` for none.
 * @throws where the rows are not of the form that is asked for.
 */
export function formOf(rows: readonly Row[], file: string, asked?: string): GradedForm | undefined {
  if (asked === 'plain') return undefined;
  const forms: readonly GradedForm[] = [...Object.values(GRADED_FORMS), OWN];
  if (asked === undefined) return forms.find(({ fits }) => 2 * rows.filter(fits).length > rows.length);
  const form = (GRADED_FORMS as Readonly<Record<string, GradedForm>>)[asked];
  if (form === undefined)
    throw new Error(`--format: expected one of ${[...FORM_NAMES, 'plain'].join(', ')}, got ${JSON.stringify(asked)}`);
  if (rows.some(form.fits)) return form;
  const there = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 12).join(', ');
  throw new Error(
    `${file}: expected rows of ${form.title}, with ${Object.values(form.fields).join(', ')}, got rows with ${there}: ` +
      'leave --format out, or say plain and name the fields with --field',
  );
}
