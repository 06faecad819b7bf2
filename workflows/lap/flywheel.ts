import {
  allHandlersFinished,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  setWorkflowOptions,
} from '@temporalio/workflow';
import { rootCause, WorkflowExecutionAlreadyStartedError, type ApplicationFailure } from '@temporalio/common';
import { headlineText, isSpent, reasonToStop, type LapOutcome } from '../../shared/lap/flywheel.ts';
import type { FlywheelInput, FlywheelSettings } from '../../shared/lap/flywheelInput.ts';
import { lap, type LapResult } from './lap.ts';
import { finishAfterLap, flywheelProgress, pause, resume } from '../messages.ts';
import { lapWorkflowId } from '../../shared/ids.ts';
import { failure, inItsWords } from '../failure.ts';
import { inTurn } from '../inTurn.ts';
import { announce } from '../notice.ts';
import { reads } from '../proxies.ts';

export interface FlywheelResult {
  readonly run: string;
  readonly laps: readonly LapOutcome[];
  readonly stopped: string;
}

/** What is carried from lap to lap, under continue-as-new. */
interface FlywheelState extends Pick<FlywheelResult, 'run' | 'laps'> {
  readonly settings: FlywheelSettings;
  readonly paused: boolean;
  readonly finish: boolean;
}

/**
 * Laps in sequence, each from the one before (paper 2.3: retrain the verifier, train the generator against it, and so
 * on). `{}` runs three.
 */
export async function flywheel(input: FlywheelInput = {}, from?: FlywheelState): Promise<FlywheelResult> {
  let paused = from?.paused ?? false;
  let finish = from?.finish ?? false;
  let state: FlywheelState | undefined = from;
  setHandler(pause, () => void (paused = true), {
    description: 'Begins no further lap until `resume`; the lap under way goes on',
  });
  setHandler(resume, () => void (paused = false), { description: 'Goes on after `pause`' });
  setHandler(finishAfterLap, () => void (finish = true), { description: 'Ends with the lap under way' });
  const standing = () =>
    ({
      run: state?.run ?? '',
      laps: state?.laps ?? [],
      of: state?.settings.laps ?? 0,
      state: finish ? 'finishing' : paused ? 'paused' : 'running',
    }) as const;
  setHandler(flywheelProgress, standing, {
    description: 'Finished laps, with their held-out figure and what they used',
  });

  state ??= { ...(await inItsWords(reads.openFlywheel(input))), laps: [], paused, finish };
  const { run, settings, laps } = state;
  const parent = laps.at(-1)?.lap ?? settings.from;
  setCurrentDetails(detailsOf(state));
  if (paused && !finish && patched('paused is told'))
    await announce({ event: 'flywheel.paused', about: parent ?? run, laps: laps.length });
  await condition(() => !paused || finish);

  const before = reasonToStop(settings, laps, { finish });
  if (before !== undefined) return { run, laps, stopped: before };
  const result = await runLap(run, parent, laps.length === 0 ? settings.lap : {});
  state = { run, settings, laps: [...laps, await reads.lapOutcome(result)], paused, finish };
  setCurrentDetails(detailsOf(state));

  await condition(allHandlersFinished);
  const stopped = reasonToStop(settings, state.laps, { finish });
  if (isSpent(settings, state.laps)) await announce({ event: 'budget.reached', about: result.lap });
  if (stopped !== undefined) return { run, laps: state.laps, stopped };
  return continueAsNew<typeof flywheel>(input, { ...state, paused, finish });
}
// A lap takes days, and each run of a flywheel is one lap: new code takes over between laps, while the lap under way
// stays pinned to its own.
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, flywheel);

/** One lap at a time of a run: where a person has one open already, that is said, not joined. */
async function runLap(
  run: string,
  parent: string | undefined,
  fields: Readonly<Record<string, unknown>>,
): Promise<LapResult> {
  const workflowId = lapWorkflowId(run);
  try {
    return await executeChild(lap, {
      workflowId,
      args: [{ ...fields, run, ...(parent === undefined ? {} : { from: parent }) }],
      staticSummary: parent === undefined ? `first lap of run ${run}` : `lap of run ${run}, from ${parent}`,
      priority: inTurn(run),
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw failure(
        'LapOpen',
        `Run ${run} has an open lap already (workflow ${workflowId}): finish or cancel it, or choose another run`,
      );
    }
    if (isCancellation(error)) throw error;
    // Of a lap that had come to have a name: `canBeMended`.
    const { details = [] } = (error as { readonly cause?: ApplicationFailure }).cause ?? {};
    const kept =
      parent === undefined ? '' : `; the laps before it are kept: go on with {"run":"${run}","from":"${parent}"}`;
    const remedy = details?.length
      ? `; mend it, and go on, with {"run":"${run}","lap":{"mend":"${String(details[0])}"}} and the fields to change ` +
        `in "lap"`
      : kept;
    throw failure('LapFailed', `The lap failed: ${rootCause(error) ?? String(error)}${remedy}`, {
      details: details ?? [],
    });
  }
}

function detailsOf({ run, settings, laps }: FlywheelState): string {
  const rows = laps.map(
    (of) =>
      `| ${of.lap} | ${headlineText(of)} | ${of.used.calls} | ${of.used.tokens} | ${of.used.gpuHours.toFixed(2)} ` +
      `| ${of.used.expertMinutes.toFixed(0)} |`,
  );
  return [
    `**${run}**: ${laps.length} of ${settings.laps} laps`,
    '',
    '| lap | held-out figure | calls | tokens | GPU-hours | expert minutes |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `The lap under way is workflow \`${lapWorkflowId(run)}\`.`,
  ].join('\n');
}
