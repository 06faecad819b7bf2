import { CancellationScope, ContinueAsNew } from '@temporalio/workflow';
import type { EnsureServedInput } from '../activities/serving/activities.ts';
import { serving } from './proxies.ts';

/**
 * Holds models while they are asked. Whatever happens to the work, their servers are freed; one that goes on in its next
 * run keeps them.
 */
export async function whileServed<T>(holding: EnsureServedInput, work: () => Promise<T>): Promise<T> {
  const free = () => CancellationScope.nonCancellable(() => serving.releaseServed({ holder: holding.holder }));
  let result: T;
  try {
    await serving.ensureServed(holding);
    result = await work();
  } catch (error) {
    if (!(error instanceof ContinueAsNew)) await free();
    throw error;
  }
  await free();
  return result;
}
