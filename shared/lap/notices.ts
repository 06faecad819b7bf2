import type { DatasetRef } from '../records.ts';
import type { QuestionKind, ReviewSetInput } from '../review/reviews.ts';

/**
 * What people outside are told by the webhook: names and counts, never a text of a problem, a proof or a model. `about`
 * and `event` together are told once.
 */
export type Notice = {
  /** The set, lap, run or workflow that it is about. */
  readonly about: string;
} & (
  | ({ readonly event: 'questions.asked' } & OfQuestions)
  | ({ readonly event: 'questions.overdue'; readonly subject: DatasetRef } & OfQuestions)
  /** `lap` is absent where none had begun; `failure` is the failure's type, as its words may quote a model. */
  | { readonly event: 'lap.failed' | 'budget.reached'; readonly lap?: string | undefined; readonly failure?: string }
  /** A lead's word is waited for. */
  | { readonly event: 'lap.waiting'; readonly waitsFor: readonly string[] }
  | { readonly event: 'flywheel.paused'; readonly laps: number }
  | { readonly event: 'labels.heldBack'; readonly labels: readonly string[] }
);

interface OfQuestions {
  readonly lap: string;
  readonly kind: QuestionKind;
  readonly questions: number;
  /** ISO 8601. */
  readonly deadline: string;
}

/** @param asked when its first question was asked, in milliseconds since 1970. */
export function questionsNotice(
  event: 'questions.asked' | 'questions.overdue',
  { setId, lap, kind, subject, deadlineHours }: ReviewSetInput,
  { questions, asked }: { readonly questions: number; readonly asked: number },
): Notice {
  const deadline = new Date(asked + deadlineHours * 3_600_000).toISOString();
  return { event, about: setId, lap, kind, questions, deadline, subject };
}

/** What audits hold back: a lap that waits for a lead says for what; any other goes on without them. */
export function auditNotice(
  lap: string,
  {
    heldBack = [],
    waiting,
  }: { readonly heldBack?: readonly string[]; readonly waiting?: { readonly about: readonly string[] } },
): Notice | undefined {
  if (waiting) return { event: 'lap.waiting', about: lap, waitsFor: waiting.about };
  return heldBack.length > 0 ? { event: 'labels.heldBack', about: lap, labels: heldBack } : undefined;
}

/** How a lap, or what was to be one, came to fail. */
export const failureNotice = (about: string, failure: string | undefined, lap?: string): Notice => ({
  event: failure === 'OverBudget' ? 'budget.reached' : 'lap.failed',
  about,
  lap,
  ...(failure !== undefined && { failure }),
});
