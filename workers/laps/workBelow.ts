import type { Client } from '@temporalio/client';
import { PROGRESS_QUERY, type LapProgress } from '../../shared/lap/progress.ts';
import { addUsage, callsIn, NO_USAGE, type OutcomeCounts, type Usage } from '../../shared/outcomes.ts';
import type { ReviewSetInput } from '../../shared/review/reviews.ts';
import type { LabelSetInput, SampleSetInput, SetProgress } from '../../shared/sampling/sets.ts';
import { prefixOf } from '../../shared/ids.ts';
import { valuesOf } from '../../workers/client.ts';

/** Workflows that are looked into at most; a lap has a few at work at a time. */
const MOST_WORKFLOWS = 16;

type Work = Pick<
  LapProgress,
  | 'step'
  | 'steps'
  | 'stepSeconds'
  | 'queuedSince'
  | 'clusterSays'
  | 'reward'
  | 'flatGroupShare'
  | 'callsDone'
  | 'callsPlanned'
  | 'underWay'
  | 'waitingForExperts'
  | 'waitingForServers'
>;

/** What activities say in their heartbeats, as far as it is shown: a training its steps, a shard its calls. */
interface Beat {
  readonly step?: number;
  readonly maxSteps?: number;
  readonly stepSeconds?: number;
  readonly queuedSince?: string;
  readonly clusterSays?: string;
  readonly reward?: number;
  readonly flatGroupShare?: number;
  readonly counts?: OutcomeCounts;
  readonly usage?: Usage;
  readonly waitingForServers?: LapProgress['waitingForServers'];
}

/**
 * What the workflows and activities below a lap report of themselves: steps and reward of the training under way, the
 * calls of the sets under way, added up, and how many questions wait for people.
 */
export async function workBelow(client: Client, lapWorkflowId: string, phase: string): Promise<Work> {
  const looked = [{ id: lapWorkflowId, type: 'lap' }];
  let found: Work = {};
  for (const { id, type } of looked) {
    if (type === 'reviewSet') {
      const { experts } = await inputOf<ReviewSetInput>(client, id);
      const { waitingForExperts: others = 0 } = found;
      if (experts === 'people') found = { ...found, waitingForExperts: others + (await openQuestions(client, id)) };
      continue;
    }
    const { pendingActivities, pendingChildren } = await client.workflowService.describeWorkflowExecution({
      namespace: client.options.namespace,
      execution: { workflowId: id },
    });
    const said = (pendingActivities ?? []).flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads?.[0] ?? []);
    const beats = (await valuesOf<Beat | null>(client, said)).map((beat) => beat ?? {});
    const ofSet = type === 'sampleSet' || type === 'labelSet';
    found = { ...found, ...(ofSet ? await setWork(client, id, beats, found) : trainingWork(beats)) };
    for (const child of pendingChildren ?? []) {
      const { workflowId, workflowTypeName } = child;
      // Questions are hundreds and report nothing. A lap's own sets are its measurements: they run beside the phases.
      const measures = workflowTypeName === 'sampleSet' || workflowTypeName === 'solve';
      const beside = workflowTypeName === 'expertReview' || (measures && type === 'lap');
      if (workflowId && workflowTypeName && (phase === 'evaluation' || !beside) && looked.length < MOST_WORKFLOWS)
        looked.push({ id: workflowId, type: workflowTypeName });
    }
  }
  return found;
}

function trainingWork(beats: readonly Beat[]): Work {
  for (const { step, maxSteps, stepSeconds, queuedSince, clusterSays, reward, flatGroupShare } of beats)
    if (step !== undefined && maxSteps !== undefined)
      return {
        step,
        steps: maxSteps,
        ...(typeof stepSeconds === 'number' && { stepSeconds }),
        ...(queuedSince !== undefined && { queuedSince }),
        ...(clusterSays !== undefined && { clusterSays }),
        ...(typeof reward === 'number' && { reward }),
        ...(typeof flatGroupShare === 'number' && { flatGroupShare }),
      };
  return {};
}

/** A set's calls, added to those before: its finished shards answer its query, those under way send heartbeats. */
async function setWork(client: Client, id: string, beats: readonly Beat[], before: Work): Promise<Work> {
  const { counts, rows } = await client.workflow.getHandle(id).query<SetProgress>(PROGRESS_QUERY);
  const underWay = beats.flatMap((beat) => beat.counts ?? []);
  const spent = before.underWay ?? { calls: 0, ...NO_USAGE };
  const usage = beats.reduce((sum, beat) => addUsage(sum, beat.usage), spent as Usage);
  const calls = underWay.reduce((sum, shard) => sum + callsIn(shard), spent.calls);
  const [waitingForServers = before.waitingForServers] = beats.flatMap((beat) => beat.waitingForServers ?? []);
  return {
    ...(waitingForServers && { waitingForServers }),
    underWay: { ...usage, calls },
    callsDone: [counts, ...underWay].reduce((sum, shard) => sum + callsIn(shard), before.callsDone ?? 0),
    callsPlanned: (before.callsPlanned ?? 0) + rows * (await callsPerRow(client, id)),
  };
}

/** Samples of a row, or all of n × (1 + m), of which labels that stop early use a part. */
async function callsPerRow(client: Client, workflowId: string): Promise<number> {
  const input = await inputOf<SampleSetInput | LabelSetInput>(client, workflowId);
  return 'policy' in input
    ? input.policy.analysesPerProof * (1 + input.policy.metaAnalysesPerAnalysis)
    : input.samplesPerRow;
}

/** Questions of a set, in whatever part of it, that have not come to a result. */
async function openQuestions(client: Client, setId: string): Promise<number> {
  const { count } = await client.workflow.count(
    'WorkflowType = "expertReview" AND ExecutionStatus = "Running" AND WorkflowId STARTS_WITH ' +
      JSON.stringify(prefixOf(setId)),
  );
  return count;
}

const knownInputs = new Map<string, unknown>();

/** A workflow's input, from the first event of its history. */
async function inputOf<Input>(client: Client, workflowId: string): Promise<Input> {
  if (!knownInputs.has(workflowId)) {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId },
      maximumPageSize: 1,
    });
    const { payloads } = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input ?? {};
    if (!payloads?.length) throw new Error(`Expected ${workflowId} to have an input, got none`);
    knownInputs.set(workflowId, (await valuesOf(client, payloads))[0]);
  }
  return knownInputs.get(workflowId) as Input;
}
