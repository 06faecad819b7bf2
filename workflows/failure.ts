import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import { heals, type FailureType } from '../shared/failures.ts';

/** How a workflow fails. */
export function failure(type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: !heals(type) });
}

/** What an activity refuses fails the workflow in the refusal's own words, not with "Activity task failed". */
export async function inItsWords<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof ActivityFailure && error.cause instanceof ApplicationFailure)) throw error;
    const { message, type } = error.cause;
    throw ApplicationFailure.create({ message, ...(type && { type }), nonRetryable: true });
  }
}
