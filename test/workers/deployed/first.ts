import {
  condition,
  continueAsNew,
  defineSignal,
  executeChild,
  setHandler,
  setWorkflowOptions,
} from '@temporalio/workflow';

/** A lap in small, as it was deployed first: it waits, then works. */
export const goOn = defineSignal('goOn');

export async function lap(): Promise<string[]> {
  let going = false;
  setHandler(goOn, () => void (going = true));
  await condition(() => going);
  return ['lap: first', await executeChild(phase)];
}

export async function phase(run = 1): Promise<string> {
  if (run < 2) await continueAsNew<typeof phase>(run + 1);
  return 'phase: first';
}

setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, flywheel);
export async function flywheel(laps: readonly string[][] = []): Promise<readonly string[][]> {
  const done = [...laps, ['flywheel: first', ...(await executeChild(lap, { workflowId: `turn-${laps.length + 1}` }))]];
  return done.length === 2 ? done : continueAsNew<typeof flywheel>(done);
}
