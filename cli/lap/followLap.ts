import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import {
  ApplicationFailure,
  CancelledFailure,
  rootCause,
  TemporalFailure,
  TerminatedFailure,
} from '@temporalio/common';
import type { FailureType } from '../../shared/failures.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';
import type { FlywheelResult } from '../../workflows/lap/flywheel.ts';
import type { LapResult } from '../../workflows/lap/lap.ts';
import { progressOf, withPatience } from '../../workers/laps/progressOf.ts';
import { whyStuck } from './lapHandle.ts';
import { questionsLink } from '../links.ts';
import { config } from '../../temporal.config.ts';
import type { LiveView } from './liveView.ts';
import type { PhaseSeconds } from '../../shared/lap/timeLeft.ts';
import { outageText, progressLine, waitingText } from './progressView.ts';

export type FollowResult =
  | { readonly kind: 'done'; readonly laps: readonly string[]; readonly stopped?: string }
  /** `lap`: its name, where it came to have one. */
  | { readonly kind: 'failed'; readonly message: string; readonly lap?: string | undefined }
  | { readonly kind: 'interrupted' }
  /** Another command stopped the stack; the lap stays open. */
  | { readonly kind: 'stopped' };

const FAILED: FailureType = 'LapFailed';

interface FollowOptions {
  readonly client: Client;
  /** The lap whose progress is shown. */
  readonly workflowId: string;
  /** The workflow whose end is waited for: the lap, or the flywheel that runs it. */
  readonly until: string;
  readonly view: LiveView;
  readonly signal: AbortSignal;
  /** How long the phases of this lap are expected to take. */
  readonly expected: (progress: LapProgress) => Promise<PhaseSeconds>;
  /**
   * Called when the lap gives no answer: sees to it that a stack that died runs again, and says when it was stopped on
   * purpose.
   */
  readonly heal: () => Promise<'running' | 'stopped'>;
}

/** Shows a lap's progress until it ends or the command is interrupted. Servers and workers may die meanwhile. */
export async function followLap({
  client,
  workflowId,
  until,
  view,
  signal,
  expected,
  heal,
}: FollowOptions): Promise<FollowResult> {
  let phase = '';
  let waited = 0;
  let warned = 0;
  let told = '';
  let seen: string | undefined;
  /** A lap goes on, whether or not it says how far it is. */
  const tell = ({ message }: Error): undefined => {
    if (message !== told) view.say(`The lap does not say how far it is: ${message}`);
    told = message;
  };
  while (!signal.aborted) {
    const described = await withPatience(client, () => client.workflow.getHandle(until).describe());
    const status = described?.status.name;
    if (status !== undefined && status !== 'RUNNING' && status !== 'CONTINUED_AS_NEW')
      return endOf(client, until, seen);
    const progress = status && (await progressOf(client, workflowId).catch(tell));
    if (signal.aborted) break;
    seen = progress?.lap ?? seen;
    if (progress === undefined) {
      const stuck = await whyStuck(client, workflowId).catch(() => undefined); // the server is being started again
      if (stuck !== undefined && stuck !== phase) view.say(stuck);
      phase = stuck ?? phase;
      view.update('No answer from the lap: its worker or the server is starting', 'no answer');
      if ((await heal()) === 'stopped') return { kind: 'stopped' };
    } else {
      const now = Date.now();
      const line = progressLine(progress, await expected(progress), now);
      const { step, callsDone, waitingForExperts: experts } = progress;
      const key = JSON.stringify([progress.phase, step, callsDone, experts, outageText(progress, now) !== '']);
      if (progress.phase !== phase) view.say(line, key);
      phase = progress.phase;
      const { waitingForExperts: waiting = 0, warnings = [] } = progress;
      for (const warning of warnings.slice(warned)) view.say(`! ${warning}`);
      warned = warnings.length;
      if (waiting > 0 && waited === 0) view.say(waitingText(waiting, config.desk.publicUrl, questionsLink()));
      waited = waiting;
      view.update(line, key);
    }
    await sleep(1_000, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
  return { kind: 'interrupted' };
}

/**
 * How a workflow ended, once it has.
 * @param lap the one that was under way.
 * @param runId of the workflow. @default its newest
 */
export async function endOf(
  client: Client,
  workflowId: string,
  lap: string | undefined,
  runId?: string,
): Promise<Extract<FollowResult, { kind: 'done' | 'failed' }>> {
  try {
    const end = (await client.workflow.getHandle(workflowId, runId).result()) as LapResult | FlywheelResult;
    return 'laps' in end
      ? { kind: 'done', laps: end.laps.map(({ lap }) => lap), stopped: end.stopped }
      : { kind: 'done', laps: [end.lap] };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    // The innermost cause in its own words: "Activity task failed" helps nobody.
    return {
      kind: 'failed',
      message: rootCause(error.cause)?.split('\n')[0] ?? error.message,
      // One that was ended by hand says nothing of itself.
      lap: failedLap(error.cause) ?? (isEndedByHand(error.cause) ? lap : undefined),
    };
  }
}

const isEndedByHand = (cause: unknown): boolean =>
  cause instanceof CancelledFailure || cause instanceof TerminatedFailure;

/** The lap that the workflow's failure names. */
function failedLap(error: unknown): string | undefined {
  for (let at = error; at instanceof TemporalFailure; at = at.cause) {
    const [lap] = at instanceof ApplicationFailure && at.type === FAILED ? (at.details ?? []) : [];
    if (typeof lap === 'string') return lap;
  }
  return undefined;
}
