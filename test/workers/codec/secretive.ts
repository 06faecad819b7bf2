import {
  ApplicationFailure,
  condition,
  defineSignal,
  log,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

/** What the server should not learn, wherever a workflow can put it. */
export async function secretive(secret: string): Promise<string> {
  const { whisper } = proxyActivities<{ whisper(secret: string): Promise<string> }>({
    startToCloseTimeout: '1m',
    heartbeatTimeout: '30s',
    retry: { initialInterval: '100ms' },
  });
  let told = '';
  setHandler(defineSignal<[string]>('tell'), (text) => void (told = text));
  log.debug(`run ${workflowInfo().runId}`);
  const back = await whisper(secret);
  await condition(() => told !== '');
  if (told.startsWith('fail')) throw ApplicationFailure.nonRetryable(`${told} ${back}`, 'Told', back);
  return `${back} ${told}`;
}
