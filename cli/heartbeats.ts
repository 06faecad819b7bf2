import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { LapProgress } from '../shared/progress.ts';

/** Workflows that are looked into at most; a lap has one or two at work at a time. */
const MOST_WORKFLOWS = 24;
/** A question to a person has no heartbeat, and there may be hundreds. */
const SILENT_TYPES: ReadonlySet<string> = new Set(['expertReview']);

/** What the running activities below a workflow report of themselves: steps and reward of a training, calls of a set. */
export async function heartbeatsBelow(client: Client, workflowId: string): Promise<Partial<LapProgress>> {
  const waiting = [workflowId];
  let found: Partial<LapProgress> = {};
  for (let looked = 0; waiting.length > 0 && looked < MOST_WORKFLOWS; looked += 1) {
    const { pendingActivities, pendingChildren } = await client.workflowService.describeWorkflowExecution({
      namespace: client.options.namespace,
      execution: { workflowId: waiting.shift() ?? null },
    });
    for (const { heartbeatDetails } of pendingActivities ?? []) {
      const [payload] = heartbeatDetails?.payloads ?? [];
      if (payload !== undefined) found = add(found, defaultPayloadConverter.fromPayload(payload));
    }
    for (const { workflowId: child, workflowTypeName } of pendingChildren ?? []) {
      if (child && !SILENT_TYPES.has(workflowTypeName ?? '')) waiting.push(child);
    }
  }
  return found;
}

/** Trainings say `{step, maxSteps, reward}`, sets `{done, planned}`; sets under way at once are added up. */
function add(found: Partial<LapProgress>, beat: unknown): Partial<LapProgress> {
  if (typeof beat !== 'object' || beat === null) return found;
  const { step, maxSteps, reward, done, planned } = beat as Record<string, unknown>;
  if (typeof step === 'number' && typeof maxSteps === 'number') {
    return { ...found, step, steps: maxSteps, ...(typeof reward === 'number' && { reward }) };
  }
  if (typeof done === 'number' && typeof planned === 'number') {
    return { ...found, callsDone: (found.callsDone ?? 0) + done, callsPlanned: (found.callsPlanned ?? 0) + planned };
  }
  return found;
}
