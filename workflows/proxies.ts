import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { DatasetActivities } from '../activities/datasets/activities.ts';
import type { NoticeActivities } from '../activities/notices/activities.ts';
import type { LapActivities } from '../activities/laps/activities.ts';
import type { ProductActivities } from '../activities/products/activities.ts';
import type { ReviewActivities } from '../activities/reviews/activities.ts';
import type { ServingActivities } from '../activities/serving/activities.ts';
import type { SetActivities } from '../activities/sets/activities.ts';
import type { TrainingActivities } from '../activities/training/activities.ts';
import type { ReportActivities } from '../reports/activities.ts';
import { QUEUES } from '../shared/queues.ts';

/** Activities as workflows call them, one proxy for all that are tried again in the same way. */

/**
 * Reads and writes of the store: safe to repeat, for as long as a disk may be full or away; a killed worker is noticed
 * by its missing heartbeats.
 */
export const data = proxyActivities<
  DatasetActivities &
    ReportActivities &
    ProductActivities &
    Pick<LapActivities, 'openLap' | 'writeManifest'> &
    Pick<ReviewActivities, 'listQuestions' | 'collectReviews'>
>({ startToCloseTimeout: '1 hour', heartbeatTimeout: '20 seconds' });

/** Between laps, small files alone are read; as safe to repeat. */
export const reads = proxyActivities<Pick<LapActivities, 'openFlywheel' | 'lapOutcome'>>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '20 seconds',
});

/**
 * A server that loads a large model may take its time, and a replica that waits in a cluster's queue a night; a server
 * that cannot start is worth a few tries.
 */
export const serving = proxyActivities<ServingActivities>({
  taskQueue: QUEUES.inference,
  startToCloseTimeout: '1 day',
  heartbeatTimeout: '20 seconds',
  retry: { maximumAttempts: 5 },
});

/**
 * Watches a job that outlives its watcher: a lost worker is noticed by its missing heartbeats, and the next one adopts
 * the job.
 */
export const training = proxyActivities<TrainingActivities>({
  taskQueue: QUEUES.training,
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '30 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/**
 * A set's plan, end and stop: quick, safe to repeat, and worth repeating for as long as a disk may be full or away. Not
 * where shards run: there they would wait for one to end, which takes hours where laps fill all that workers can do.
 */
export const quick = proxyActivities<Pick<SetActivities, 'planSet' | 'collectLabels' | 'setInWords' | 'stopSet'>>({
  startToCloseTimeout: '30 minutes',
  heartbeatTimeout: '20 seconds',
});

/**
 * Hours of model calls, each time only those that the ledger lacks; a week (ours) only bounds a shard that nobody looks
 * after. A silent worker is noticed within half a minute. Servers, disks and workers come back; what cannot heal (a
 * damaged ledger, a row without its proof) fails without a retry.
 */
export const shards = proxyActivities<Pick<SetActivities, 'sampleShard' | 'labelShard'>>({
  taskQueue: QUEUES.inference,
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/** Runs as long as there are questions for it to answer. */
export const program = proxyActivities<Pick<ReviewActivities, 'answerAsProgram'>>({
  startToCloseTimeout: '6 hours',
  heartbeatTimeout: '20 seconds',
});

/** Waits for as long as people take; a silent worker is noticed within half a minute. */
export const people = proxyActivities<Pick<ProductActivities, 'questionsEnd'>>({
  startToCloseTimeout: '365 days',
  heartbeatTimeout: '30 seconds',
});

/** A webhook may be away for a day (ours); whoever waits for nothing may try again slowly. */
export const outward = proxyActivities<NoticeActivities>({
  startToCloseTimeout: '5 minutes',
  scheduleToCloseTimeout: '1 day',
  heartbeatTimeout: '20 seconds',
  retry: { initialInterval: '2 seconds', maximumInterval: '10 minutes' },
});

type Recording = Pick<ReviewActivities, 'recordReview'>;
/** One short append, by the worker that holds the review, without a turn through the server. */
export const atOnce = proxyLocalActivities<Recording>({
  startToCloseTimeout: '10 seconds',
  retry: { maximumAttempts: 3, initialInterval: '100ms' },
});
/** The same where the store is out of reach: until it is back, and seen in the Web UI's pending activities. */
export const patient = proxyActivities<Recording>({
  startToCloseTimeout: '1 minute',
  retry: { maximumInterval: '30 seconds' },
});
