import { ApplicationFailure, type ApplicationFailureOptions } from '@temporalio/common';
import { heals, type FailureType } from '../shared/failures.ts';

type More = Pick<ApplicationFailureOptions, 'cause' | 'category' | 'nextRetryDelay'>;

/** How an activity fails: its type alone says whether it is tried again. */
export function failure(type: FailureType, message: string, more?: More): ApplicationFailure {
  return ApplicationFailure.create({ ...more, type, message, nonRetryable: !heals(type) });
}

export function isFailure(type: FailureType, error: unknown): error is ApplicationFailure {
  return error instanceof ApplicationFailure && error.type === type;
}
