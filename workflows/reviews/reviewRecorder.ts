import { ActivityFailure, CancellationScope } from '@temporalio/workflow';
import type { ReviewRecord } from '../../activities/reviews/activities.ts';
import type { ReviewEntry } from '../../shared/review/reviews.ts';
import { atOnce, patient } from '../proxies.ts';

/**
 * Brings what was answered into the store: one append after the other, entries of the same moment together, to the end
 * even when the lap is cancelled.
 */
export function reviewRecorder(setId: string, questionId: string) {
  let waiting: ReviewEntry[] = [];
  let running: Promise<void> | undefined;
  async function run(): Promise<void> {
    await Promise.resolve(); // other handlers of this moment first
    while (waiting.length > 0) {
      const entries = waiting;
      waiting = [];
      await CancellationScope.nonCancellable(() => append({ setId, questionId, entries }));
    }
    running = undefined;
  }
  return {
    isIdle: () => running === undefined,
    add(entry: ReviewEntry): void {
      waiting.push(entry);
      running ??= run();
    },
    /** Resolves when all that was added is in the store. */
    async done(): Promise<void> {
      await running;
    },
  };
}

async function append(record: ReviewRecord): Promise<void> {
  try {
    await atOnce.recordReview(record);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    await patient.recordReview(record);
  }
}
