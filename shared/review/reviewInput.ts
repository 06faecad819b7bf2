import type { DatasetRef } from '../records.ts';
import { shown } from './messages.ts';
import { QUESTION_KINDS } from './reviews.ts';
import type { DeadlinePolicy, ExpertReviewInput, Question, ReviewPolicy, ReviewSetInput } from './reviews.ts';
import type { RowRange } from '../ids.ts';

const DEADLINE_POLICIES = ['wait', 'carry', 'discard'] as const satisfies readonly DeadlinePolicy[];

/** What is wrong with the input of a review, in a sentence that names the field; undefined when nothing is. */
export function refusalOfReview(input: ExpertReviewInput): string | undefined {
  const { question, policy } = loose<ExpertReviewInput>(input);
  const { setId, id, kind, lap, subject, row } = loose<Question>(question);
  return (
    badPath('question.setId', setId) ??
    badPath('question.id', id) ??
    badChoice('question.kind', kind, QUESTION_KINDS) ??
    badText('question.lap', lap) ??
    badSubject('question.subject', subject) ??
    badNumber('question.row', row, 'an integer of at least 0', (value) => Number.isInteger(value) && value >= 0) ??
    badPolicy('policy.', loose<ReviewPolicy>(policy))
  );
}

export function refusalOfReviewSet(input: ReviewSetInput): string | undefined {
  const fields = loose<ReviewSetInput>(input);
  return (
    badPath('setId', fields.setId) ??
    badChoice('kind', fields.kind, QUESTION_KINDS) ??
    badText('lap', fields.lap) ??
    badSubject('subject', fields.subject) ??
    badChoice('experts', fields.experts, ['people', 'program']) ??
    badPolicy('', fields)
  );
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

function badPolicy(path: string, policy: Loose<ReviewPolicy>): string | undefined {
  return (
    badNumber(
      `${path}seats`,
      policy.seats,
      'an integer from 1 to 9',
      (value) => Number.isInteger(value) && value >= 1 && value <= 9,
    ) ??
    badNumber(`${path}leaseMinutes`, policy.leaseMinutes, 'a positive number', positive) ??
    badNumber(`${path}deadlineHours`, policy.deadlineHours, 'a positive number', positive) ??
    badChoice(`${path}onDeadline`, policy.onDeadline, DEADLINE_POLICIES)
  );
}

const positive = (value: number) => value > 0 && Number.isFinite(value);

function badSubject(path: string, subject: unknown): string | undefined {
  const { uri, sha256, rows } = loose<DatasetRef>(subject);
  return (
    badText(`${path}.uri`, uri) ??
    badText(`${path}.sha256`, sha256) ??
    badNumber(`${path}.rows`, rows, 'an integer of at least 0', (value) => Number.isInteger(value) && value >= 0)
  );
}

function badText(path: string, value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? undefined : `Expected ${path} to be a text, got ${shown(value)}`;
}

function badPath(path: string, value: unknown): string | undefined {
  const isPath =
    typeof value === 'string' &&
    value.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
  return isPath ? undefined : `Expected ${path} to be a path without empty or dotted segments, got ${shown(value)}`;
}

function badNumber(
  path: string,
  value: unknown,
  expected: string,
  isGood: (value: number) => boolean,
): string | undefined {
  return typeof value === 'number' && isGood(value)
    ? undefined
    : `Expected ${path} to be ${expected}, got ${shown(value)}`;
}

function badChoice(path: string, value: unknown, choices: readonly string[]): string | undefined {
  return choices.some((choice) => choice === value)
    ? undefined
    : `Expected ${path} to be one of ${choices.join(', ')}, got ${shown(value)}`;
}

type Loose<T> = Readonly<Partial<Record<keyof T, unknown>>>;

/** The fields of what should be a T, none of them trusted. */
function loose<T>(value: unknown): Loose<T> {
  return (typeof value === 'object' && value !== null ? value : {}) as Loose<T>;
}
