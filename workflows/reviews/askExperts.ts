import { executeChild } from '@temporalio/workflow';
import type { OpenedLap } from '../../activities/laps/open.ts';
import type { ReviewSetInput, ReviewSetResult } from '../../shared/review/reviews.ts';
import { reviewSet } from './reviewSet.ts';

/** Asks the recipe's experts one question per row, under the recipe's seats, leases and deadline. */
export async function askExperts(
  opened: OpenedLap,
  question: Pick<ReviewSetInput, 'setId' | 'kind' | 'subject'>,
): Promise<ReviewSetResult> {
  const { domain, experts } = opened.recipe;
  return executeChild(reviewSet, {
    workflowId: question.setId,
    args: [{ ...question, lap: opened.lap, domain: domain.name, experts: domain.experts, ...experts }],
    staticSummary: `${question.kind} × ${question.subject.rows}`,
  });
}
