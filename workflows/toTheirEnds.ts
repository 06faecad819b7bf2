import { CancellationScope } from '@temporalio/workflow';

/**
 * Where the work fails or is cancelled, what it has under way is cancelled, and ends before it: a question that stayed
 * open would be nobody's, and a search would go on to spend.
 */
export async function toTheirEnds<T>(underWay: readonly Promise<unknown>[], work: () => Promise<T>): Promise<T> {
  const scope = new CancellationScope();
  try {
    return await scope.run(work);
  } catch (error) {
    scope.cancel();
    await CancellationScope.nonCancellable(() => Promise.allSettled(underWay));
    throw error;
  }
}
