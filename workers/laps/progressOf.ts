import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client';
import { PROGRESS_QUERY, type LapProgress } from '../../shared/lap/progress.ts';
import { workBelow } from './workBelow.ts';

/**
 * gRPC's codes for what is asked wrongly, or by who may not: INVALID_ARGUMENT, PERMISSION_DENIED, UNIMPLEMENTED and
 * UNAUTHENTICATED. The others pass.
 */
const REFUSALS: readonly number[] = [3, 7, 12, 16];

/**
 * An answer of the server or a worker; undefined where none comes in time, or there is no such workflow yet: somebody
 * is being started again.
 * @throws what they refuse, such as a query whose handler fails, or that we may not ask.
 */
export function withPatience<Answer>(client: Client, ask: () => Promise<Answer>): Promise<Answer | undefined> {
  return client.withDeadline(Date.now() + 4_000, ask).catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return undefined;
    const { cause } = error as Error;
    const refusal = (isGrpcServiceError(cause) ? cause : error) as { readonly code?: number };
    if (refusal.code === undefined || REFUSALS.includes(refusal.code)) throw refusal;
    return undefined;
  });
}

/**
 * How far a lap is, by its workflow and by what works below it; undefined when no worker answers in time.
 * @throws as `withPatience`.
 */
export function progressOf(client: Client, workflowId: string): Promise<LapProgress | undefined> {
  return withPatience(client, async () => {
    const progress = await client.workflow.getHandle(workflowId).query<LapProgress>(PROGRESS_QUERY);
    const work = await workBelow(client, workflowId, progress.phase).catch(() => ({})); // ended while it was looked at
    return { ...work, ...progress };
  });
}
