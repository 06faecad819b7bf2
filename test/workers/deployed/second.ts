import {
  condition,
  continueAsNew,
  defineSignal,
  executeChild,
  setHandler,
  setWorkflowOptions,
} from '@temporalio/workflow';

/** The lap in small after an edit that no history of the first can follow: it works, then waits. */
export const goOn = defineSignal('goOn');

export async function lap(): Promise<string[]> {
  let going = false;
  setHandler(goOn, () => void (going = true));
  const worked = await executeChild(phase);
  await condition(() => going);
  return ['lap: second', worked];
}

export async function phase(): Promise<string> {
  return 'phase: second';
}

/** Edited as an upgrading workflow may be: the same commands in the same order. */
setWorkflowOptions({ versioningBehavior: 'AUTO_UPGRADE' }, flywheel);
export async function flywheel(laps: readonly string[][] = []): Promise<readonly string[][]> {
  const turn = await executeChild(lap, { workflowId: `turn-${laps.length + 1}` });
  const done = [...laps, ['flywheel: second', ...turn]];
  return done.length === 2 ? done : continueAsNew<typeof flywheel>(done);
}
