import { WorkflowNotFoundError, type Client, type WorkflowExecutionDescription } from '@temporalio/client';
import type { Priority } from '@temporalio/common';
import { domains } from '../../domains/index.ts';
import type { FlywheelInput } from '../../shared/lap/flywheelInput.ts';
import { QUEUES } from '../../shared/queues.ts';
import { show } from '../../shared/recipe/issues.ts';
import type { LapInput, ParentRecipe } from '../../shared/lap/lapInput.ts';
import { priorityOf } from '../../shared/sampling/share.ts';
import { config } from '../../temporal.config.ts';
import { buildIdOfToday, keptBuilds } from '../../workers/builds.ts';
import { buildPinning } from '../../workers/deployment.ts';
import { firstDifference } from './lapOptions.ts';
import { UsageError } from '../usage.ts';
import { flywheelWorkflowId, lapWorkflowId } from '../../shared/ids.ts';

/** An open workflow, as another command started it. */
async function openWorkflow(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | undefined> {
  try {
    const description = await client.workflow.getHandle(workflowId).describe();
    return description.status.name === 'RUNNING' ? description : undefined;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function start(
  client: Client,
  workflow: 'lap' | 'flywheel',
  workflowId: string,
  input: LapInput | FlywheelInput,
  staticSummary: string,
  priority: Priority,
): Promise<'started'> {
  await client.workflow.start(workflow, {
    workflowId,
    taskQueue: QUEUES.orchestrator,
    args: [input],
    memo: { input },
    staticSummary,
    priority,
    workflowIdConflictPolicy: 'USE_EXISTING', // two commands at once start one lap
  });
  return 'started';
}

/**
 * Starts a lap, or goes on with the run's open one: any, where the input does not say what the lap shall be.
 * @throws UsageError when the open lap is another than the one asked for.
 */
export async function startOrContinue(
  client: Client,
  run: string,
  input: LapInput,
  parent?: ParentRecipe,
): Promise<'started' | 'continued'> {
  const workflowId = lapWorkflowId(run);
  const open = await openWorkflow(client, workflowId);
  if (open === undefined) {
    const { from, mend, preset = domains.usualPreset } = input;
    const named = from === undefined ? mend && `lap of run ${run}, mends ${mend}` : `lap of run ${run}, from ${from}`;
    return start(
      client,
      'lap',
      workflowId,
      input,
      named ?? `${preset} lap of run ${run}`,
      priorityOf(run, input.share),
    );
  }
  const openInput = open.memo?.['input'] as LapInput | undefined;
  const chosen = Object.keys(input).some((field) => field !== 'run');
  const difference = chosen && openInput && firstDifference(openInput, input, parent);
  if (difference) {
    const [has, asked] = [difference.from, difference.to].map(show);
    throw new UsageError(
      `Run ${run} has an open lap with ${difference.field} = ${has}, and ${asked} was asked for. Run \`flywheel ` +
        `lap --run ${run}\` to go on with it, cancel it in the Web UI (${workflowId}), or choose another --run.`,
    );
  }
  return 'continued';
}

/**
 * Starts a flywheel, or goes on with the run's open one.
 * @throws UsageError when the open one is another than the one asked for, or the run has an open lap of its own.
 */
export async function startOrContinueFlywheel(
  client: Client,
  run: string,
  input: FlywheelInput,
): Promise<'started' | 'continued'> {
  const workflowId = flywheelWorkflowId(run);
  const open = await openWorkflow(client, workflowId);
  if (open === undefined) {
    const lapId = lapWorkflowId(run);
    if ((await openWorkflow(client, lapId)) !== undefined)
      throw new UsageError(
        `Run ${run} has an open lap: \`flywheel lap --run ${run}\` goes on with it, or cancel it in the Web UI ` +
          `(${lapId}), or choose another --run.`,
      );
    return start(client, 'flywheel', workflowId, input, `${input.laps ?? 3} laps of run ${run}`, priorityOf(run));
  }
  const [has, asked] = [open.memo?.['input'], input].map((value) => JSON.stringify(value));
  if (has !== asked)
    throw new UsageError(
      `Run ${run} has an open flywheel with the input ${has}, and ${asked} was asked for. Ask for the same to go ` +
        `on with it, cancel it in the Web UI (${workflowId}), or choose another --run.`,
    );
  return 'continued';
}

/**
 * Why a lap stands still though a worker is there: the workflow code that it is pinned to is gone, or its workflow task
 * keeps failing. Undefined when that is not so.
 */
export async function whyStuck(client: Client, workflowId: string): Promise<string | undefined> {
  const build = await buildPinning(client, workflowId);
  if (
    build !== undefined &&
    !config.temporal.external &&
    build !== (await buildIdOfToday()) &&
    !(await keptBuilds()).some(({ buildId }) => buildId === build)
  ) {
    return (
      `The lap's workflow is pinned to build ${build}, of which nothing is kept in ${config.stateDir}. Go back to ` +
      'the sources under workflows/ and shared/ that started it (the same sources are the same build), or cancel ' +
      `the lap (${workflowId}) and start another.`
    );
  }
  const { namespace } = client.options;
  const execution = { workflowId };
  const { pendingWorkflowTask } = await client.workflowService.describeWorkflowExecution({ namespace, execution });
  if ((pendingWorkflowTask?.attempt ?? 0) < 3) return undefined;
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace,
    execution,
    maximumPageSize: 5,
  });
  const failure = history?.events?.find((event) => event.workflowTaskFailedEventAttributes)
    ?.workflowTaskFailedEventAttributes?.failure?.message;
  if (!failure) return undefined;
  return (
    `The lap's workflow cannot go on: ${failure.split('\n')[0]?.slice(0, 160)}. If that is because the code under ` +
    `workflows/ was changed, go back to the version that started it, or cancel it (${workflowId}) and start ` +
    'another.'
  );
}
