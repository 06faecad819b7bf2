import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { WorkflowFailedError } from '@temporalio/client';
import type { LapOutcome } from '../../shared/lap/flywheel.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';
import { progressOf, whyStuck } from './lapHandle.ts';
import { questionsLink } from '../links.ts';
import type { LiveView } from './liveView.ts';
import { progressLine, waitingText } from './progressView.ts';
import type { PhaseSeconds } from './progressView.ts';

/** What a lap's workflow returns; the texts are in the store. */
export interface LapEnd {
  readonly lap: string;
}

/** What a flywheel's workflow returns. */
export interface FlywheelEnd {
  readonly run: string;
  readonly laps: readonly LapOutcome[];
  readonly stopped: string;
}

export type FollowResult<End> =
  | { readonly kind: 'done'; readonly end: End }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'interrupted' }
  /** Another command stopped the stack; the lap stays open. */
  | { readonly kind: 'stopped' };

export interface FollowOptions {
  readonly client: Client;
  /** The lap whose progress is shown. */
  readonly workflowId: string;
  /** The workflow whose end is waited for. @default the lap */
  readonly until?: string;
  readonly view: LiveView;
  readonly signal: AbortSignal;
  /** How long the phases of this lap are expected to take. */
  readonly expected: (progress: LapProgress) => Promise<PhaseSeconds>;
  /**
   * Called when the lap gives no answer: sees to it that a stack that died runs again, and says when it was stopped on
   * purpose.
   */
  readonly heal: () => Promise<'running' | 'stopped'>;
  /** @default 1 s */
  readonly everyMs?: number;
}

/** Shows a lap's progress until it ends or the command is interrupted. Servers and workers may die meanwhile. */
export async function followLap<End = LapEnd>({
  client,
  workflowId,
  until = workflowId,
  view,
  signal,
  expected,
  heal,
  everyMs = 1_000,
}: FollowOptions): Promise<FollowResult<End>> {
  let phase = '';
  let waited = 0;
  while (!signal.aborted) {
    const status = await statusOf(client, until);
    if (status !== undefined && status !== 'RUNNING' && status !== 'CONTINUED_AS_NEW') return endOf<End>(client, until);
    const progress = status === undefined ? undefined : await progressOf(client, workflowId);
    if (signal.aborted) break;
    if (progress === undefined) {
      const stuck = await whyStuck(client, workflowId).catch(() => undefined); // the server is being started again
      if (stuck !== undefined && stuck !== phase) view.say(stuck);
      phase = stuck ?? phase;
      view.update('No answer from the lap: its worker or the server is starting', 'no answer');
      if ((await heal()) === 'stopped') return { kind: 'stopped' };
    } else {
      const line = progressLine(progress, await expected(progress), Date.now());
      const key = JSON.stringify([progress.phase, progress.step, progress.callsDone, progress.waitingForExperts]);
      if (progress.phase !== phase) view.say(line, key);
      phase = progress.phase;
      const { waitingForExperts: waiting = 0 } = progress;
      if (waiting > 0 && waited === 0) view.say(waitingText(waiting, questionsLink()));
      waited = waiting;
      view.update(line, key);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
  }
  return { kind: 'interrupted' };
}

async function statusOf(client: Client, workflowId: string): Promise<string | undefined> {
  try {
    const { status } = await client.withDeadline(Date.now() + 4_000, () =>
      client.workflow.getHandle(workflowId).describe(),
    );
    return status.name;
  } catch {
    return undefined; // the server is being started again
  }
}

async function endOf<End>(client: Client, workflowId: string): Promise<FollowResult<End>> {
  try {
    return { kind: 'done', end: (await client.workflow.getHandle(workflowId).result()) as End };
  } catch (error) {
    if (error instanceof WorkflowFailedError) return { kind: 'failed', message: rootMessage(error) };
    throw error;
  }
}

/** The innermost cause in its own words: "Activity task failed" helps nobody. */
export function rootMessage(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost instanceof Error ? (innermost.message.split('\n')[0] ?? '') : String(innermost);
}
