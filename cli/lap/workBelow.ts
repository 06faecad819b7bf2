import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { LapProgress } from '../../shared/lap/progress.ts';
import { PROGRESS_QUERY } from '../../shared/lap/progress.ts';
import type { ReviewSetInput } from '../../shared/review/reviews.ts';
import type { LabelSetInput, SampleSetInput, SetProgress } from '../../shared/sampling/sets.ts';
import { prefixOf } from '../../shared/ids.ts';

/** Workflows that are looked into at most; a lap has a few at work at a time. */
const MOST_WORKFLOWS = 16;
const SET_TYPES: ReadonlySet<string> = new Set(['sampleSet', 'labelSet']);

type Work = Pick<LapProgress, 'step' | 'steps' | 'reward' | 'callsDone' | 'callsPlanned' | 'waitingForExperts'>;

/**
 * What the workflows and activities below a lap report of themselves: steps and reward of the training under way, the
 * calls of the sets under way, added up, and how many questions wait for people.
 */
export async function workBelow(client: Client, lapWorkflowId: string, phase: string): Promise<Work> {
  const waiting = [{ id: lapWorkflowId, type: 'lap' }];
  let found: Work = {};
  for (let looked = 0; looked < MOST_WORKFLOWS; looked += 1) {
    const next = waiting.shift();
    if (next === undefined) break;
    if (next.type === 'reviewSet') {
      const { experts } = await inputOf<ReviewSetInput>(client, next.id);
      if (experts === 'people')
        found = {
          ...found,
          waitingForExperts: (found.waitingForExperts ?? 0) + (await openQuestions(client, next.id)),
        };
      continue;
    }
    const { pendingActivities, pendingChildren } = await client.workflowService.describeWorkflowExecution({
      namespace: client.options.namespace,
      execution: { workflowId: next.id },
    });
    const beats = (pendingActivities ?? [])
      .flatMap(({ heartbeatDetails }) => heartbeatDetails?.payloads?.slice(0, 1) ?? [])
      .map((payload) => defaultPayloadConverter.fromPayload(payload));
    found = SET_TYPES.has(next.type)
      ? addSet(found, await setWork(client, next.id, beats))
      : { ...found, ...trainingWork(beats) };
    for (const { workflowId: id, workflowTypeName: type } of pendingChildren ?? []) {
      // Questions are hundreds and report nothing. A lap's own sets are its measurements: they run beside the phases.
      const beside = type === 'expertReview' || (type === 'sampleSet' && next.type === 'lap');
      if (id && type && (phase === 'evaluation' || !beside)) waiting.push({ id, type });
    }
  }
  return found;
}

function trainingWork(beats: readonly unknown[]): Work {
  for (const beat of beats) {
    const { step, maxSteps, reward } = fieldsOf(beat);
    if (typeof step === 'number' && typeof maxSteps === 'number')
      return { step, steps: maxSteps, ...(typeof reward === 'number' && { reward }) };
  }
  return {};
}

/** A set's finished shards answer its query, those under way send heartbeats. */
async function setWork(
  client: Client,
  setWorkflowId: string,
  beats: readonly unknown[],
): Promise<Required<Pick<Work, 'callsDone' | 'callsPlanned'>>> {
  const { counts, rows } = await client.workflow.getHandle(setWorkflowId).query<SetProgress>(PROGRESS_QUERY);
  const underWay = beats.map((beat) => callsIn(fieldsOf(beat)['counts']));
  return {
    callsDone: [callsIn(counts), ...underWay].reduce((sum, calls) => sum + calls, 0),
    callsPlanned: rows * (await callsPerRow(client, setWorkflowId)),
  };
}

function addSet(found: Work, set: Required<Pick<Work, 'callsDone' | 'callsPlanned'>>): Work {
  return {
    ...found,
    callsDone: (found.callsDone ?? 0) + set.callsDone,
    callsPlanned: (found.callsPlanned ?? 0) + set.callsPlanned,
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
    const [payload] = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
    if (payload === undefined) throw new Error(`Expected ${workflowId} to have an input, got none`);
    knownInputs.set(workflowId, defaultPayloadConverter.fromPayload(payload));
  }
  return knownInputs.get(workflowId) as Input;
}

function callsIn(counts: unknown): number {
  return Object.values(fieldsOf(counts)).reduce<number>(
    (sum, count) => sum + (typeof count === 'number' ? count : 0),
    0,
  );
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
