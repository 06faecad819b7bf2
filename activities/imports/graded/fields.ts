import { isRecord } from '../../../shared/recipe/issues.ts';
import { gradeIn } from '../../../shared/review/grades.ts';
import { NAMES, READ, textOfRow, type RowKind } from '../fields.ts';
import type { SourceRow } from '../source.ts';
import { scalarIn } from '../values.ts';

/** What a team's people, or others', have graded. */
export type GradedKind = 'proofs' | 'analyses';

const PROOF = [
  'proof',
  'response',
  'model_response',
  'candidate_proof',
  'student_proof',
  'generated_proof',
  'model_proof',
  'model_solution',
  'generated_solution',
  'student_solution',
  'student_answer',
  'model_output',
  'generation',
  'completion',
  'attempt',
  'submission',
  'output',
  'solution',
  'steps',
  'answer',
];
const GRADE = [
  'grade',
  'human_grade',
  'human_score',
  'expert_score',
  'expert_rating',
  'human_rating',
  'points',
  'marks',
  'mark',
  'score',
  'rating',
  'label',
  'verdict',
  'correctness',
  'is_correct',
  'correct',
  'human_correct',
  'reward',
];
const ANALYSIS = [
  'analysis',
  'critique',
  'proof_analysis',
  'verification',
  'evaluation',
  'assessment',
  'review',
  'feedback',
  'judgment',
  'judgement',
  'grading_details',
];
const { id, topic, source, difficulty } = NAMES;
const STATEMENT = NAMES.statement.filter(
  (name) => !['text', 'content', 'input', 'messages', 'conversations'].includes(name),
);
/** Of a problem that many rows may be about. In a graded set an `id` may be the row's own. */
const ABOUT = {
  id: [...id.filter((name) => name !== 'id' && name !== 'uuid'), 'pid', 'id'],
  topic,
  source,
  difficulty,
};
const WHO = {
  model: ['model', 'model_name', 'model_id', 'generator', 'writer', 'author', 'prover'],
  grader: ['grader', 'annotator', 'rater', 'graded_by', 'judge'],
  scoredBy: ['scored_by'],
};
const READ_WHO = { model: scalarIn, grader: scalarIn, scoredBy: scalarIn };

export type GradedTarget =
  | keyof typeof ABOUT
  | keyof typeof WHO
  | 'statement'
  | 'proof'
  | 'grade'
  | 'analysis'
  | 'analysisScore';

export const GRADED_ROWS: Readonly<Record<GradedKind, RowKind<GradedTarget>>> = {
  proofs: {
    names: {
      statement: STATEMENT,
      proof: PROOF,
      grade: [...GRADE, 'proof_score'],
      analysis: [],
      analysisScore: [],
      ...ABOUT,
      ...WHO,
    },
    read: {
      ...READ,
      ...READ_WHO,
      proof: longTextIn,
      grade: gradeIn,
      analysis: () => undefined,
      analysisScore: gradeIn,
    },
    needs: [
      ['proof', 'the proofs'],
      ['grade', 'their grades'],
    ],
  },
  analyses: {
    names: {
      statement: STATEMENT,
      proof: PROOF,
      analysis: ANALYSIS,
      grade: ['quality', 'quality_score', 'analysis_quality', 'critique_score', 'meta_score', 'meta_grade', ...GRADE],
      analysisScore: [
        'analysis_score',
        'verifier_score',
        'predicted_score',
        'predicted_grade',
        'model_score',
        'judge_score',
        'proof_score',
        'score',
        'prediction',
      ],
      ...ABOUT,
      ...WHO,
    },
    read: { ...READ, ...READ_WHO, proof: longTextIn, analysis: longTextIn, grade: gradeIn, analysisScore: gradeIn },
    needs: [
      ['proof', 'the proofs'],
      ['analysis', 'the analyses of them'],
      ['grade', "the analyses' quality grades"],
    ],
  },
};

/** A text, of several parts (steps, say) all of them, of a chat what the model said last. */
export function longTextIn(value: unknown): string | undefined {
  if (!Array.isArray(value)) return typeof value === 'string' ? textOfRow(value) : undefined;
  const parts = value as readonly unknown[];
  if (parts.every((part) => typeof part === 'string')) return textOfRow(parts.join('\n\n'));
  const said = parts.findLast((part) => isRecord(part) && (part['role'] ?? part['from']) === 'assistant');
  return isRecord(said) ? longTextIn(said['content'] ?? said['value']) : undefined;
}

/** A row of D_v or D_mv as laps keep it, with its problem's fields beside the others; any other as it is. */
export function flatRow({ where, row }: SourceRow): SourceRow {
  const { problem, source: scoredBy, ...others } = row;
  if (!isRecord(problem) || typeof problem['statement'] !== 'string') return { where, row };
  const { id: problemId, statement: text, ...about } = problem;
  return { where, row: { ...others, ...about, scoredBy, problem_id: problemId, statement: text } };
}
