import { ActivityFailure, ApplicationFailure, isCancellation, TemporalFailure } from '@temporalio/workflow';
import type { ApplicationFailureOptions } from '@temporalio/common';
import { heals, type FailureType } from '../shared/failures.ts';

/** How a workflow fails. */
export function failure(
  type: FailureType,
  message: string,
  more: Pick<ApplicationFailureOptions, 'cause' | 'details'> = {},
): ApplicationFailure {
  return ApplicationFailure.create({ ...more, type, message, nonRetryable: !heals(type) });
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

/** What an activity or another workflow failed with, however many workflows have passed it on. */
export function rootFailure(error: unknown): { readonly type: string | undefined; readonly message: string } {
  if (error instanceof ApplicationFailure) return { type: error.type ?? undefined, message: error.message };
  const { cause, message } = error as Error;
  return cause instanceof Error ? rootFailure(cause) : { type: undefined, message };
}

/** The end of a lap that has a name: it can be mended, as its failure says. A defect of the code stays what it is. */
export function canBeMended(error: unknown, lap: string): unknown {
  if (!(error instanceof TemporalFailure) || isCancellation(error)) return error;
  const message = `${lap} failed. What it has is kept: mend it with {"mend":"${lap}"} and the fields to change`;
  return failure('LapFailed', message, { details: [lap], cause: error });
}
