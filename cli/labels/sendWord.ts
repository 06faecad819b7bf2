import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import type { LeadsWord, RecordedWord } from '../../shared/review/leadsWord.ts';
import { UsageError } from '../usage.ts';

/**
 * Sends a lead's word to the workflow that waits for it.
 * @throws UsageError where none waits, or not for this.
 */
export async function sendWord(client: Client, workflowId: string, word: LeadsWord): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).executeUpdate<RecordedWord, [LeadsWord]>('decide', { args: [word] });
  } catch (error) {
    if (error instanceof WorkflowNotFoundError)
      throw new UsageError(`Expected a lap that waits for a lead's word, got none: no workflow ${workflowId} is open`);
    if (error instanceof WorkflowUpdateFailedError)
      throw new UsageError(`${workflowId} does not wait for this word: ${error.cause?.message ?? error.message}`);
    throw error;
  }
}
