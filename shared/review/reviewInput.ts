import type { DatasetRef } from '../records.ts';
import { shown } from './messages.ts';
import {
  DEADLINE_POLICIES,
  QUESTION_KINDS,
  type ExpertReviewInput,
  type Question,
  type ReviewPolicy,
  type ReviewSetInput,
} from './reviews.ts';
import { isPath, type RowRange } from '../ids.ts';

/** What is wrong with the input of a review, in a sentence that names the field; undefined when nothing is. */
export function refusalOfReview(input: ExpertReviewInput): string | undefined {
  const { question, policy } = loose<ExpertReviewInput>(input);
  const { setId, id, kind, lap, subject, row } = loose<Question>(question);
  return firstWrong([
    ['question.setId', setId, PATH],
    ['question.id', id, PATH],
    ['question.kind', kind, oneOf(QUESTION_KINDS)],
    ['question.lap', lap, TEXT],
    ...subjectFields('question.subject', subject),
    ['question.row', row, COUNT],
    ...policyFields('policy.', loose<ReviewPolicy>(policy)),
  ]);
}

export function refusalOfReviewSet(input: ReviewSetInput): string | undefined {
  const fields = loose<ReviewSetInput>(input);
  return firstWrong([
    ['setId', fields.setId, PATH],
    ['kind', fields.kind, oneOf(QUESTION_KINDS)],
    ['lap', fields.lap, TEXT],
    ...subjectFields('subject', fields.subject),
    ['experts', fields.experts, oneOf(['people', 'program'])],
    ...policyFields('', fields),
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

/** What a field has to be, in words, and whether a value is. */
type Rule = readonly [expected: string, isGood: (value: unknown) => boolean];
type Field = readonly [path: string, value: unknown, rule: Rule];

const TEXT: Rule = ['a text', (value) => typeof value === 'string' && value !== ''];
const PATH: Rule = ['a path without empty or dotted segments', (value) => typeof value === 'string' && isPath(value)];
const COUNT: Rule = ['an integer of at least 0', (value) => Number.isInteger(value) && (value as number) >= 0];
const SEATS: Rule = ['an integer from 1 to 9', (value) => [1, 2, 3, 4, 5, 6, 7, 8, 9].includes(value as number)];
const POSITIVE: Rule = ['a positive number', (value) => Number.isFinite(value) && (value as number) > 0];

function oneOf(choices: readonly string[]): Rule {
  return [`one of ${choices.join(', ')}`, (value) => choices.includes(value as string)];
}

function policyFields(path: string, policy: Loose<ReviewPolicy>): Field[] {
  return [
    [`${path}seats`, policy.seats, SEATS],
    [`${path}leaseMinutes`, policy.leaseMinutes, POSITIVE],
    [`${path}deadlineHours`, policy.deadlineHours, POSITIVE],
    [`${path}onDeadline`, policy.onDeadline, oneOf(DEADLINE_POLICIES)],
  ];
}

function subjectFields(path: string, subject: unknown): Field[] {
  const { uri, sha256, rows } = loose<DatasetRef>(subject);
  return [
    [`${path}.uri`, uri, TEXT],
    [`${path}.sha256`, sha256, TEXT],
    [`${path}.rows`, rows, COUNT],
  ];
}

function firstWrong(fields: readonly Field[]): string | undefined {
  const wrong = fields.find(([, value, [, isGood]]) => !isGood(value));
  if (wrong === undefined) return undefined;
  const [path, value, [expected]] = wrong;
  return `Expected ${path} to be ${expected}, got ${shown(value)}`;
}

type Loose<T> = Readonly<Partial<Record<keyof T, unknown>>>;

/** The fields of what should be a T, none of them trusted. */
function loose<T>(value: unknown): Loose<T> {
  return (typeof value === 'object' && value !== null ? value : {}) as Loose<T>;
}
