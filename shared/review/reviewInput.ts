import {
  COUNT,
  datasetFields,
  fieldsOf,
  firstWrong,
  loose,
  oneOf,
  PATH,
  POSITIVE,
  TEXT,
  type Field,
  type Rule,
} from '../inputRules.ts';
import {
  BLIND_KINDS,
  DEADLINE_POLICIES,
  QUESTION_KINDS,
  type ExpertReviewInput,
  type Question,
  type QuestionKind,
  type ReviewSetInput,
} from './reviews.ts';
import type { RowRange } from '../ids.ts';

/** What is wrong with the input of a review, in a sentence that names the field; undefined when nothing is. */
export function refusalOfReview(input: ExpertReviewInput): string | undefined {
  const { question, policy, page } = loose<ExpertReviewInput>(input);
  const { setId, id, kind, lap, subject, row } = loose<Question>(question);
  return firstWrong([
    ['question.setId', setId, PATH],
    ['question.id', id, PATH],
    ['question.kind', kind, oneOf(QUESTION_KINDS)],
    ['question.lap', lap, TEXT],
    ...datasetFields('question.subject', subject),
    ['question.row', row, COUNT],
    ...policyFields('policy.', policy, kind),
    ['page', page ?? 'none', TEXT],
  ]);
}

export function refusalOfReviewSet(input: ReviewSetInput): string | undefined {
  const fields = loose<ReviewSetInput>(input);
  return firstWrong([
    ['setId', fields.setId, PATH],
    ['kind', fields.kind, oneOf(QUESTION_KINDS)],
    ['lap', fields.lap, TEXT],
    ...datasetFields('subject', fields.subject),
    ['experts', fields.experts, oneOf(['people', 'program'])],
    ['batch', fields.batch ?? 1, POSITIVE],
    ['enough', fields.enough ?? 1, POSITIVE],
    ...policyFields('', fields, fields.kind),
  ]);
}

/** Ours: a workflow that starts 250 reviews has at most about 2,300 events. */
export const QUESTIONS_PER_PART = 250;

/**
 * The parts in which a range of questions is asked: at most `QUESTIONS_PER_PART` of them, each small enough or itself
 * in parts.
 */
export function partsOf({ from, to }: RowRange): RowRange[] {
  let size = QUESTIONS_PER_PART;
  while (size * QUESTIONS_PER_PART < to - from) size *= QUESTIONS_PER_PART;
  const parts: RowRange[] = [];
  for (let start = from; start < to; start += size) parts.push({ from: start, to: Math.min(to, start + size) });
  return parts;
}

const SEATS: Rule = ['an integer from 1 to 9', (value) => [1, 2, 3, 4, 5, 6, 7, 8, 9].includes(value as number)];

function policyFields(path: string, policy: unknown, kind: unknown): Field[] {
  return fieldsOf(path, policy, {
    seats: SEATS,
    leaseMinutes: POSITIVE,
    deadlineHours: POSITIVE,
    onDeadline: oneOf(DEADLINE_POLICIES),
    assisted: BLIND_KINDS.includes(kind as QuestionKind)
      ? ['absent, as an audit or an evaluation is blind', (value) => !value]
      : ['true, false or absent', (value) => value === undefined || typeof value === 'boolean'],
  });
}
