import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { FlywheelProgress } from '../shared/lap/flywheel.ts';

// What may be sent to laps, and to laps in sequence (`flywheel`); of reviews: `shared/review/messages.ts`.

/** Begins no further lap until `resume`. The lap under way goes on. */
export const pause = defineSignal('pause');
export const resume = defineSignal('resume');

/** Ends with the lap under way. */
export const finishAfterLap = defineSignal('finishAfterLap');

/** Finished laps, and how the flywheel stands. */
export const flywheelProgress = defineQuery<FlywheelProgress>('progress');

/** What a part of a lap tells it at once: its phase may wait for people, and end days later. */
export const warning = defineSignal<[string]>('warning');
