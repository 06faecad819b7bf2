import type { FailureClass, JobResult } from './job.ts';
import type { FailureType } from '../failures.ts';

const OVER = ['succeeded', 'failed', 'preempted', 'lost', 'timedOut', 'cancelled'] as const;

/** Where an attempt at a training job stands. `pending` has not been submitted; from `succeeded` on it is over. */
export const JOB_STATES = ['pending', 'queued', 'starting', 'running', 'exporting', ...OVER] as const;
export type JobState = (typeof JOB_STATES)[number];

type JobEnd = (typeof OVER)[number];

export function isOver(state: JobState): state is JobEnd {
  return (OVER as readonly JobState[]).includes(state);
}

/**
 * Why we asked an attempt to end: the whole project stops and will go on later, its time was up, or nobody wants it any
 * more.
 */
export type StopReason = 'stop' | 'timeout' | 'cancel';

/** All that is known of a submitted attempt. */
export interface AttemptEvidence {
  /** What the cluster says. */
  readonly presence: 'queued' | 'alive' | 'gone';
  /** The attempt's own `result.json`, if it validates. */
  readonly result?: JobResult | undefined;
  /** Why a `result.json` does not validate. */
  readonly invalidResult?: string | undefined;
  readonly stoppedBy?: StopReason | undefined;
  /** Last optimizer step in `metrics.jsonl`. */
  readonly step?: number | undefined;
  readonly maxSteps: number;
}

/**
 * The state that the evidence shows. An attempt is over only when its process is gone, since the next one works in the
 * same folder; it has succeeded only with a valid result, and without any result it is lost, unless we ended it.
 */
export function jobState(evidence: AttemptEvidence): JobState {
  const { presence, result, stoppedBy, step } = evidence;
  if (presence === 'queued') return 'queued';
  if (presence === 'alive') {
    if (result || (step !== undefined && step >= evidence.maxSteps)) return 'exporting';
    return step === undefined ? 'starting' : 'running';
  }
  if (result?.status === 'succeeded' || result?.status === 'failed') return result.status;
  if (evidence.invalidResult !== undefined) return 'failed';
  if (stoppedBy === 'timeout') return 'timedOut';
  if (stoppedBy === 'cancel') return 'cancelled';
  return result ? 'preempted' : 'lost';
}

/** Classes that heal by themselves; the others need a person. */
const HEALING: readonly FailureClass[] = ['infra', 'capacity'];

/** One attempt, as far as it got. */
export interface AttemptSummary {
  readonly attempt: number;
  readonly state: JobState;
  readonly class?: FailureClass | undefined;
  readonly message?: string | undefined;
  readonly stoppedBy?: StopReason | undefined;
  /** Of a preempted one: the optimizer step whose state it has saved. */
  readonly step?: number | undefined;
  /** Which scheduled activity submitted it. */
  readonly execution: string;
}

type NextStep =
  | { readonly kind: 'done'; readonly attempt: number }
  | { readonly kind: 'watch'; readonly attempt: number }
  | { readonly kind: 'submit'; readonly attempt: number; readonly delayMs: number }
  | { readonly kind: 'fail'; readonly type: FailureType; readonly message: string };

/**
 * What to do about a job with these attempts, in order. It depends on nothing else, so that any worker comes to the
 * same answer. A job whose activity was scheduled anew (a workflow reset by a person) may try again; an attempt that we
 * stopped gracefully does not count, nor does one that a cluster preempted further on than all before it: a training
 * may be longer than a site's jobs.
 */
export function nextStep(
  attempts: readonly AttemptSummary[],
  policy: { readonly execution: string; readonly maxAttempts: number },
): NextStep {
  const succeeded = attempts.find(({ state }) => state === 'succeeded');
  if (succeeded) return { kind: 'done', attempt: succeeded.attempt };
  const last = attempts.at(-1);
  if (!last) return { kind: 'submit', attempt: 1, delayMs: 0 };
  if (!isOver(last.state)) return { kind: 'watch', attempt: last.attempt };
  const next = { kind: 'submit', attempt: last.attempt + 1, delayMs: retryDelayMs(attempts) } as const;
  if (last.execution !== policy.execution) return { ...next, delayMs: 0 };
  if (last.state === 'cancelled' || last.state === 'succeeded')
    return { kind: 'fail', type: 'JobCancelled', message: 'it was cancelled' };
  const type = last.state === 'failed' ? (`JobFailed.${last.class ?? 'app'}` as const) : FAILURE_OF[last.state];
  const what =
    `attempt ${last.attempt} ` +
    `${WORDS[last.state]}${last.class ? ` (${last.class})` : ''}${last.message ? `: ${last.message}` : ''}`;
  if (last.state === 'failed' && !HEALING.includes(last.class ?? 'app')) return { kind: 'fail', type, message: what };
  const counted = attempts.filter(
    (each, index) =>
      each.execution === policy.execution && !stoppedGracefully(each) && !gotFurther(each, attempts.slice(0, index)),
  ).length;
  if (counted >= policy.maxAttempts) {
    return { kind: 'fail', type, message: `${what}; that was the last of ${policy.maxAttempts} attempts` };
  }
  return next;
}

const FAILURE_OF = { preempted: 'JobPreempted', lost: 'JobLost', timedOut: 'JobTimedOut' } as const;

const WORDS: Readonly<Record<JobEnd, string>> = {
  succeeded: 'succeeded',
  failed: 'failed',
  preempted: 'was preempted',
  lost: 'was lost: its process ended without a result',
  timedOut: 'ran out of its wall time',
  cancelled: 'was cancelled',
};

function stoppedGracefully({ state, stoppedBy }: AttemptSummary): boolean {
  return stoppedBy === 'stop' && (state === 'preempted' || state === 'lost');
}

function gotFurther({ state, step = 0 }: AttemptSummary, before: readonly AttemptSummary[]): boolean {
  return state === 'preempted' && step > Math.max(0, ...before.map((each) => each.step ?? 0));
}

const FIRST_DELAY_MS = 2_000;
const LONGEST_DELAY_MS = 300_000;

/**
 * Waiting before the next attempt (ours): none after a loss, doubling from 2 s to 5 min while infra or capacity keeps
 * failing.
 */
export function retryDelayMs(attempts: readonly AttemptSummary[]): number {
  const others = attempts.findLastIndex(({ state }) => state !== 'failed');
  const failures = attempts.length - 1 - others;
  return failures === 0 ? 0 : Math.min(FIRST_DELAY_MS * 2 ** (failures - 1), LONGEST_DELAY_MS);
}
