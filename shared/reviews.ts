import type { ArtifactRef, DatasetRef, ScoreSource } from './records.ts';
import type { Score } from './scores.ts';

/** What a person is asked. `scoreAnalysis` wants a qualityScore, the others a proofScore. */
export const QUESTION_KINDS = ['scoreProof', 'scoreContestedProof', 'scoreAnalysis', 'auditLabel'] as const;
export type QuestionKind = (typeof QUESTION_KINDS)[number];

/** A batch of questions, one row each in the store; one `expertReview` workflow asks one question. */
export interface Question {
  /** Unique in the lap, such as `cold-start/p0012-r1-0`. Part of the workflow id. */
  readonly id: string;
  readonly kind: QuestionKind;
  readonly lap: string;
  /** The text to be judged, as JSON `{problem, proof, analysis?, analyses?}` in the store. */
  readonly subject: ArtifactRef;
  /** Row of the subject dataset. */
  readonly row: number;
}

/** One person's answer. */
export interface Verdict {
  /** Opaque id of the person, or of the program that answers in their place. */
  readonly annotator: string;
  readonly source: Extract<ScoreSource, 'expert' | 'program'>;
  readonly score: Score;
  readonly comment?: string;
  /** Answers with the same id are the same answer. */
  readonly verdictId: string;
}

/** What a review came to. A deadline never invents a label. */
export type ReviewResult =
  | { readonly kind: 'scored'; readonly score: Score; readonly source: 'expert' | 'program'; readonly verdicts: number; readonly adjudicated: boolean }
  | { readonly kind: 'flagged'; readonly reason: string }
  | { readonly kind: 'expired' };

/** What to do with a question that nobody answered in time. */
export type DeadlinePolicy = 'wait' | 'carry' | 'discard';

/** Asks one question per row of `subject`, each in its own `expertReview`, and waits for them as the policy says. */
export interface ReviewSetInput {
  /** Path id, such as `main/lap-0001/cold-start/experts`. */
  readonly setId: string;
  readonly kind: QuestionKind;
  readonly lap: string;
  /** Rows with `id`, `problem`, `proof` and, for `scoreAnalysis`, `analysis`. */
  readonly subject: DatasetRef;
  readonly experts: 'people' | 'program';
  readonly seats: number;
  readonly leaseMinutes: number;
  readonly deadlineHours: number;
  readonly onDeadline: DeadlinePolicy;
}

export interface ReviewSetResult {
  readonly setId: string;
  /** JSONL of `{id, result: ReviewResult}`, in the order of the subject's rows. */
  readonly results: DatasetRef;
  readonly scored: number;
  readonly flagged: number;
  readonly expired: number;
  readonly verdicts: number;
}
