import { sleep, startChild } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { AskedPeople, AskedQuestions, OpenedLabel } from '../../shared/products/labels.ts';
import { people } from '../proxies.ts';
import { reviewSet } from '../reviews/reviewSet.ts';

/**
 * Asks people, and waits for their answers as long as is wanted. Questions outlive this product: what is open when it
 * ends stays open, and the next time it takes up what has come.
 */
export async function answersOfPeople(
  { place }: Pick<OpenedLabel, 'place'>,
  { seats, leaseMinutes, deadlineHours, waitHours }: AskedPeople,
  open: readonly AskedQuestions[],
): Promise<void> {
  const ask = async ({ setId, subject }: AskedQuestions): Promise<() => Promise<unknown>> => {
    const policy = { seats, leaseMinutes, deadlineHours, onDeadline: 'wait' } as const;
    const about = { setId, kind: 'scoreContestedProof', subject, lap: place, domain: 'proofs' } as const;
    try {
      const questions = await startChild(reviewSet, {
        workflowId: setId,
        args: [{ ...about, experts: 'people', ...policy }],
        staticSummary: `scoreContestedProof × ${subject.rows}`,
        parentClosePolicy: 'ABANDON',
      });
      return () => questions.result();
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return () => people.questionsEnd({ setId });
    }
  };
  const answers = await Promise.all(open.map(ask));
  if (waitHours === 0) return;
  const all = Promise.all(answers.map((answered) => answered()));
  await (waitHours === null ? all : Promise.race([all, sleep(waitHours * 3_600_000)]));
}
