import { condition, defineSignal, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';

const { allocate } = proxyActivities<{ allocate: (run: string, owner: string) => Promise<string> }>({
  startToCloseTimeout: '10 seconds',
});

/** A lap that only takes its name, as every lap does, and then waits. */
export async function lap({ run = 'main' }: { run?: string }): Promise<string> {
  let going = false;
  setHandler(defineSignal('goOn'), () => void (going = true));
  const name = await allocate(run, workflowInfo().firstExecutionRunId);
  await condition(() => going);
  return name;
}
