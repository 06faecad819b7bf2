import { QUESTIONS_PER_PART } from '../review/reviewInput.ts';

/**
 * Temporal Actions, counted from what a piece of work is made of (test/bench/actions.ts counts the same in a server's
 * histories): starts, activities, timers, Updates, markers and heartbeats are one each. A child is two: the command and
 * the start.
 */
const CHILD = 2;
/** Shards of a set in one run (workflows/sets/window.ts); the next run is a continue-as-new and a start. */
const SHARDS_PER_RUN = 400;
/** Questions that a program answers in one activity (workflows/reviews/reviewSet.ts). */
const BATCH = 25;

/**
 * A shard beats after 2 s, then each 1.75 times the time so far, at most every 20 s (activities/sets/shard.ts).
 */
export function shardHeartbeats(seconds: number): number {
  let [beats, at] = [0, 2];
  while (at <= seconds && at * 0.75 < 20) [beats, at] = [beats + 1, at + Math.max(2, at * 0.75)];
  return at > seconds ? beats : beats + 1 + Math.floor((seconds - at) / 20);
}

/** A set of calls: its child, its plan, its shards and their heartbeats. */
export function actionsOfSet({
  shards,
  shardSeconds,
}: {
  readonly shards: number;
  readonly shardSeconds: number;
}): number {
  const runs = Math.max(1, Math.ceil(shards / SHARDS_PER_RUN));
  return CHILD * runs + 1 + shards * (1 + shardHeartbeats(shardSeconds));
}

/**
 * A training: its child, its datasets, its judges' servers, and the watch, whose heartbeats reach the server every 2 s.
 */
export function actionsOfTraining({
  sources,
  seconds,
}: {
  readonly sources: number;
  readonly seconds: number;
}): number {
  const [rewardSpec, ensureServed, run, releaseServed] = [1, 1, 1, 1];
  return CHILD + sources + rewardSpec + ensureServed + run + releaseServed + Math.floor(seconds / 2);
}

/**
 * Questions to experts: a child and a timer each. A person's answer is a claim, an Update and its record; a program's
 * come at once and are recorded together.
 */
export function actionsOfReviews({
  questions,
  verdicts,
  byProgram,
}: {
  readonly questions: number;
  readonly verdicts: number;
  readonly byProgram: boolean;
}): number {
  if (questions === 0) return 0;
  const parts = questions <= QUESTIONS_PER_PART ? 0 : Math.ceil(questions / QUESTIONS_PER_PART);
  const [listed, collected] = [Math.max(1, parts), parts + 1];
  const answering = byProgram ? Math.ceil(questions / BATCH) : 0;
  return (
    CHILD * (1 + parts) +
    listed +
    collected +
    answering +
    questions * (CHILD + 1 + (byProgram ? 1 : 0)) +
    verdicts * (byProgram ? 1 : 3)
  );
}

/** Reads and writes of the store between sets, and a child around them where the phase has one. */
export function actionsOfSteps({
  children,
  activities,
}: {
  readonly children: number;
  readonly activities: number;
}): number {
  return CHILD * children + activities;
}
