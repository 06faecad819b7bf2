import { ActivityFailure, CancellationScope } from '@temporalio/workflow';
import type { ReviewRecord } from '../../activities/reviews/activities.ts';
import type { ReviewEntry } from '../../shared/review/reviews.ts';
import { atOnce, patient } from '../proxies.ts';

/**
 * Brings what was answered into the store: one append after the other, entries of the same moment together, to the end
 * even when the lap is cancelled.
 */
export class ReviewRecorder {
  private readonly setId: string;
  private readonly questionId: string;
  private waiting: ReviewEntry[] = [];
  private running: Promise<void> | undefined;

  constructor(setId: string, questionId: string) {
    this.setId = setId;
    this.questionId = questionId;
  }

  get isIdle(): boolean {
    return this.running === undefined;
  }

  add(entry: ReviewEntry): void {
    this.waiting.push(entry);
    this.running ??= this.run();
  }

  /** Resolves when all that was added is in the store. */
  async done(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    await Promise.resolve(); // other handlers of this moment first
    while (this.waiting.length > 0) {
      const record: ReviewRecord = { setId: this.setId, questionId: this.questionId, entries: this.waiting };
      this.waiting = [];
      await CancellationScope.nonCancellable(() => append(record));
    }
    this.running = undefined;
  }
}

async function append(record: ReviewRecord): Promise<void> {
  try {
    await atOnce.recordReview(record);
  } catch (error) {
    if (!(error instanceof ActivityFailure)) throw error;
    await patient.recordReview(record);
  }
}
