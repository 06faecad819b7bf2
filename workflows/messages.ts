import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { FlywheelProgress } from '../shared/lap/flywheelProgress.ts';
import type {
  ClaimAnswer,
  ClaimMessage,
  FlagAnswer,
  FlagMessage,
  ReleaseAnswer,
  VerdictAnswer,
  VerdictMessage,
} from '../shared/review/messages.ts';
import type { ReviewProgress } from '../shared/review/reviews.ts';

/** The public messages of workflows: what the Web UI, the command line and scripts may send. */

// ---- Laps in sequence (`flywheel`)

/** Begins no further lap until `resume`. The lap under way goes on. */
export const pause = defineSignal('pause');
export const resume = defineSignal('resume');

/** Ends with the lap under way. */
export const finishAfterLap = defineSignal('finishAfterLap');

/** Finished laps, and how the flywheel stands. */
export const flywheelProgress = defineQuery<FlywheelProgress>('progress');

// ---- Reviews (`expertReview`)

/** A verdict, fire and forget. What cannot be used is noted in the review's details; it never harms the review. */
export const submitAnnotation = defineSignal<[VerdictMessage]>('submitAnnotation');

/** Keeps a seat for an annotator until the lease ends. */
export const claim = defineUpdate<ClaimAnswer, [ClaimMessage]>('claim');

/** A verdict for a seat; a seat need not be claimed before. It is in the store when the answer comes. */
export const submitVerdict = defineUpdate<VerdictAnswer, [VerdictMessage]>('submitVerdict');

/** Gives a claimed seat back. */
export const release = defineUpdate<ReleaseAnswer, [ClaimMessage]>('release');

/** Takes the question out because its problem or texts are faulty. */
export const flagProblem = defineUpdate<FlagAnswer, [FlagMessage]>('flagProblem');

/** A lead decides where the seats disagree. */
export const adjudicate = defineUpdate<VerdictAnswer, [VerdictMessage]>('adjudicate');

/** How the review stands. */
export const reviewProgress = defineQuery<ReviewProgress>('progress');
