import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { prefixOf, type Place } from '../../shared/ids.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';
import { callsIn, type OutcomeCounts, type Usage } from '../../shared/outcomes.ts';

/** Sets that are looked into at most: each is a request of the server. Ours. */
const MOST_SETS = 24;

/** What the sets under way below a product say in their heartbeats; of what has ended its workflow tells. */
export interface SetsUnderWay {
  readonly calls: number;
  /** Prompt and completion together. */
  readonly tokens: number;
  /** While no server of some model answers. */
  readonly waitingForServers?: NonNullable<LapProgress['waitingForServers']>;
}

export const NO_SETS: SetsUnderWay = { calls: 0, tokens: 0 };

interface Beat {
  readonly counts?: OutcomeCounts;
  readonly usage?: Usage;
  readonly waitingForServers?: SetsUnderWay['waitingForServers'];
}

export async function setsUnderWay(client: Client, place: Place): Promise<SetsUnderWay> {
  const query =
    'WorkflowType IN ("sampleSet", "labelSet") AND ExecutionStatus = "Running" AND WorkflowId STARTS_WITH ' +
    JSON.stringify(prefixOf(place));
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) {
    ids.push(workflowId);
    if (ids.length === MOST_SETS) break;
  }
  const beats = (await Promise.all(ids.map((id) => beatsOf(client, id)))).flat();
  const [waiting] = beats.flatMap(({ waitingForServers }) => waitingForServers ?? []);
  return {
    calls: beats.reduce((sum, { counts }) => sum + (counts ? callsIn(counts) : 0), 0),
    tokens: beats.reduce((sum, { usage }) => sum + (usage ? usage.promptTokens + usage.completionTokens : 0), 0),
    ...(waiting && { waitingForServers: waiting }),
  };
}

async function beatsOf(client: Client, workflowId: string): Promise<Beat[]> {
  const { pendingActivities } = await client.workflowService.describeWorkflowExecution({
    namespace: client.options.namespace,
    execution: { workflowId },
  });
  return (pendingActivities ?? [])
    .flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads?.slice(0, 1) ?? [])
    .map((payload) => defaultPayloadConverter.fromPayload<Beat | null>(payload) ?? {});
}
