import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { RunTrainingInput, TrainingOutcome } from '../../activities/training/activities.ts';
import { training } from '../proxies.ts';

/** Runs a training job to its end; a cancelled lap's job ends even if no worker was there to see the cancellation. */
export async function trainToEnd(job: RunTrainingInput): Promise<TrainingOutcome> {
  try {
    return await training.runTraining(job);
  } catch (error) {
    if (isCancellation(error))
      await CancellationScope.nonCancellable(() => training.stopTraining({ jobKey: job.jobKey, cluster: job.cluster }));
    throw error;
  }
}
