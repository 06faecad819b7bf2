import { proxyActivities } from '@temporalio/workflow';

const { work } = proxyActivities<{ work(word: string): Promise<string> }>({ startToCloseTimeout: '10s' });

/** Has one activity. */
export async function traced(word: string): Promise<string> {
  return work(word);
}
