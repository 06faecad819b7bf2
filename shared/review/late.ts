import type { DatasetRef } from '../records.ts';
import type { QuestionKind, ReviewEntry, ReviewResult } from './reviews.ts';

/** A question that a lap went on without, as a later lap finds it. */
export interface LateQuestion {
  readonly id: string;
  readonly setId: string;
  readonly kind: QuestionKind;
  readonly subject: DatasetRef;
  /** Nobody was asked yet; `askedAnew`: the later lap asks, in a set of its own. */
  readonly unasked?: true;
  readonly askedAnew?: true;
  /** What it has come to since, and when; absent while it is open. */
  readonly result?: ReviewResult;
  readonly at?: string;
  /** Scores and flags that it has. */
  readonly answers: number;
}

/** What a lap found of the questions that earlier laps had gone on without. */
export interface LateRecord {
  /** `LateQuestion`s as they stood when this lap began; those without a result that it does not ask anew go on. */
  readonly standing: DatasetRef;
  /** Scores that joined D_v and D_mv, and such that are of problems held back: kept, and not trained on. */
  readonly proofs: number;
  readonly analyses: number;
  readonly heldBack: number;
  /** Questions that are open still, and how many of these somebody has answered. */
  readonly open: number;
  readonly halfAnswered: number;
}

/** A problem that two people, or a lead, found faulty. */
export interface FaultyProblem {
  /** The problem's. */
  readonly id: string;
  readonly statement: string;
  readonly reason: string;
  /** The question about it: `<setId>/<id>`. */
  readonly question: string;
}

/** What is trained on, however late it comes. What audits and evaluations ask trains nothing. */
export const TAUGHT = ['scoreProof', 'scoreContestedProof', 'scoreAnalysis'] as const satisfies readonly QuestionKind[];
export type TaughtKind = (typeof TAUGHT)[number];

/** The entries of a log that count: neither those that were taken back, nor that they were. */
export function standingEntries(entries: readonly ReviewEntry[]): ReviewEntry[] {
  const withdrawn = new Set(entries.flatMap((entry) => (entry.kind === 'withdrawn' ? [entry.of] : [])));
  return entries.filter(({ kind, id }) => kind !== 'withdrawn' && !withdrawn.has(id));
}

/** How a question stands by its log. */
export function standingOf(entries: readonly ReviewEntry[]): Pick<LateQuestion, 'result' | 'at' | 'answers'> {
  const last = entries.findLast((entry) => entry.kind === 'result');
  const answers = entries.filter(({ kind }) => kind === 'verdict' || kind === 'flag').length;
  return { ...(last && { result: last.result, at: last.at }), answers };
}
