import type { Client } from '@temporalio/client';
import { prefixOf, type Place } from '../../shared/ids.ts';
import { PROGRESS_QUERY, type LapProgress } from '../../shared/lap/progress.ts';
import { callsIn, type OutcomeCounts, type Usage } from '../../shared/outcomes.ts';
import type { SetProgress } from '../../shared/sampling/sets.ts';
import { valuesOf } from '../../workers/client.ts';

/** Sets that are looked into at most: each is a request of the server. Ours. */
const MOST_SETS = 24;

/** What the sets under way below a product say in their heartbeats; of what has ended its workflow tells. */
export interface SetsUnderWay {
  readonly calls: number;
  /** Prompt and completion together. */
  readonly tokens: number;
  /** While no server of some model answers. */
  readonly waitingForServers?: NonNullable<LapProgress['waitingForServers']>;
  /** Questions to people that are open, where a product asks them. */
  readonly questions?: number;
}

export const NO_SETS: SetsUnderWay = { calls: 0, tokens: 0 };

interface Beat {
  readonly counts?: OutcomeCounts;
  readonly usage?: Usage;
  readonly waitingForServers?: SetsUnderWay['waitingForServers'];
}

/** @param asksPeople whether it has questions to people. */
export async function setsUnderWay(client: Client, place: Place, asksPeople = false): Promise<SetsUnderWay> {
  const query =
    'WorkflowType IN ("sampleSet", "labelSet") AND ExecutionStatus = "Running" AND WorkflowId STARTS_WITH ' +
    JSON.stringify(prefixOf(place));
  const sets: { readonly id: string; readonly type: string }[] = [];
  for await (const { workflowId: id, type } of client.workflow.list({ query })) {
    sets.push({ id, type });
    if (sets.length === MOST_SETS) break;
  }
  const beats = (await Promise.all(sets.map(({ id }) => beatsOf(client, id)))).flat();
  // A product has one set of labels, and it may be long: of its finished shards it tells itself.
  const labels = sets.filter(({ type }) => type === 'labelSet');
  for (const { id } of labels) beats.push(await client.workflow.getHandle(id).query<SetProgress>(PROGRESS_QUERY));
  const [waiting] = beats.flatMap(({ waitingForServers }) => waitingForServers ?? []);
  return {
    calls: beats.reduce((sum, { counts }) => sum + (counts ? callsIn(counts) : 0), 0),
    tokens: beats.reduce((sum, { usage }) => sum + (usage ? usage.promptTokens + usage.completionTokens : 0), 0),
    ...(waiting && { waitingForServers: waiting }),
    ...(asksPeople && { questions: await openQuestions(client, place) }),
  };
}

async function openQuestions(client: Client, place: Place): Promise<number> {
  const { count } = await client.workflow.count(
    'WorkflowType = "expertReview" AND ExecutionStatus = "Running" AND WorkflowId STARTS_WITH ' +
      JSON.stringify(prefixOf(place)),
  );
  return count;
}

async function beatsOf(client: Client, workflowId: string): Promise<Beat[]> {
  const { pendingActivities } = await client.workflowService.describeWorkflowExecution({
    namespace: client.options.namespace,
    execution: { workflowId },
  });
  const said = (pendingActivities ?? []).flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads?.[0] ?? []);
  return (await valuesOf<Beat | null>(client, said)).map((beat) => beat ?? {});
}
