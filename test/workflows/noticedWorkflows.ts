import { ApplicationFailure } from '@temporalio/workflow';
import { announce } from '../../workflows/notice.ts';
import type { Notice } from '../../shared/lap/notices.ts';

export { lap } from '../../workflows/lap/lap.ts';
export { notice } from '../../workflows/notice.ts';
export { expertReview } from '../../workflows/reviews/expertReview.ts';
export { reviewSet } from '../../workflows/reviews/reviewSet.ts';

/** FAKE: a base that writes in no format, as its lap finds out. */
export async function formatCheck(): Promise<never> {
  throw ApplicationFailure.nonRetryable('a text of the model', 'FormatNotObeyed');
}

/** Tells the same thing twice, and fails. */
export async function tellsTwice(told: Notice): Promise<void> {
  await announce(told);
  await announce(told);
  throw ApplicationFailure.nonRetryable('its own end');
}
