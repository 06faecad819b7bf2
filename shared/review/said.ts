import { reviewIdOf } from '../ids.ts';
import { standingEntries } from './late.ts';
import type { QuestionKind, ReviewEntry, ReviewResult, Verdict } from './reviews.ts';

/** One thing that was said of a question, or that it came to: a row that never changes once it is there. */
export interface SaidRow {
  /** The question's id, `#` and the entry's: no two rows share it, and one keeps it. */
  readonly id: string;
  readonly question: string;
  readonly setId: string;
  readonly lap?: string | undefined;
  readonly kind?: QuestionKind | undefined;
  readonly entry: ReviewEntry;
}

/** How a question stands by what was said of it. */
export interface QuestionRow extends Omit<SaidRow, 'entry'> {
  readonly result: ReviewResult['kind'];
  readonly came?: Extract<ReviewEntry, { kind: 'result' }> | undefined;
  /** Verdicts, flags and decisions that count. */
  readonly standing: readonly string[];
}

export interface QuestionNamed extends Pick<SaidRow, 'setId' | 'lap' | 'kind'> {
  /** Its row's, within the set. */
  readonly name: string;
}

export const saidId = (question: string, { id }: Pick<ReviewEntry, 'id'>): string => `${question}#${id}`;

/** A row for each entry of a question's log, those that were taken back included. */
export function saidRows({ name, ...of }: QuestionNamed, entries: readonly ReviewEntry[]): SaidRow[] {
  const question = reviewIdOf(of.setId, name);
  return entries.map((entry) => ({ id: saidId(question, entry), question, ...of, entry }));
}

export function questionRow({ name, ...of }: QuestionNamed, entries: readonly ReviewEntry[]): QuestionRow {
  const question = reviewIdOf(of.setId, name);
  const standing = standingEntries(entries);
  const came = standing.findLast((entry) => entry.kind === 'result');
  return {
    id: question,
    question: name,
    ...of,
    result: came?.result.kind ?? 'open',
    came,
    standing: standing
      .filter((entry) => 'verdict' in entry || entry.kind === 'flag')
      .map((entry) => saidId(question, entry)),
  };
}

/** By when they were said; then by id, so that equal logs give equal files. */
export function inOrder(rows: readonly SaidRow[]): SaidRow[] {
  return [...rows].sort((a, b) => compare(a.entry.at, b.entry.at) || compare(a.id, b.id));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const verdictIn = (entry: ReviewEntry): Verdict | undefined => ('verdict' in entry ? entry.verdict : undefined);
