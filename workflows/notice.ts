import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import * as wf from '@temporalio/workflow';
import { firstWrong, loose, PATH, TEXT } from '../shared/inputRules.ts';
import type { Notice } from '../shared/lap/notices.ts';
import { noticeIdOf } from '../shared/ids.ts';
import { failure } from './failure.ts';
import { outward } from './proxies.ts';

/** One message to the webhook, tried for a day; where none is configured, it ends at once. */
export async function notice(told: Notice): Promise<{ readonly sent: boolean }> {
  const { about, event } = loose<Notice>(told);
  const refusal = firstWrong([
    ['about', about, PATH],
    ['event', event, TEXT],
  ]);
  if (refusal) throw failure('BadNotice', refusal);
  const { workflowId, startTime } = wf.workflowInfo();
  return outward.postNotice(told, { id: workflowId, at: startTime.toISOString() });
}

/**
 * Tells people outside, beside the work: it starts the message and waits for nothing, so that no lap is held up by a
 * webhook, or fails by one. What was told already is not told again.
 */
export async function announce(told: Notice | undefined): Promise<void> {
  if (told === undefined) return;
  await wf.CancellationScope.nonCancellable(async () => {
    try {
      await wf.startChild(notice, {
        workflowId: noticeIdOf(told.about, told.event),
        args: [told],
        parentClosePolicy: 'ABANDON',
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        staticSummary: told.event,
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
  });
}
