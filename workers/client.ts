import { Client, Connection, WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { prefixOf } from '../shared/ids.ts';
import { config } from '../temporal.config.ts';
import { tracing } from './watch/tracing.ts';
import { configuredConverter } from './codec/converter.ts';

/**
 * A client of the configured server, or of our own.
 * @throws when it does not answer within 10 s: the message says which address and where it comes from.
 */
export async function connectClient(): Promise<Client> {
  const { connection, namespace, external } = config.temporal;
  const dataConverter = configuredConverter();
  try {
    const { clientInterceptors: workflow } = (await tracing()) ?? {};
    return new Client({
      connection: await Connection.connect({ ...connection, connectTimeout: 10_000 }),
      namespace,
      dataConverter,
      ...(workflow && { interceptors: { workflow: [...workflow] } }),
    });
  } catch (error) {
    const remedy = external
      ? 'Check TEMPORAL_ADDRESS and your temporal.toml profile'
      : 'Start the stack with `npm run lap` or `npm run dev`';
    throw new Error(`No Temporal server answers at ${connection.address}. ${remedy}.`, { cause: error });
  }
}

/** Connects for as long as the work takes. */
export async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectClient();
  try {
    return await work(client);
  } finally {
    await client.connection.close();
    await (await tracing())?.flush();
  }
}

/** Values of payloads that a raw answer of the server has: heartbeats, inputs. */
export async function valuesOf<T>(
  { options: { loadedDataConverter } }: Client,
  payloads: readonly Payload[] | null | undefined,
): Promise<T[]> {
  let plain = [...(payloads ?? [])];
  for (const codec of loadedDataConverter.payloadCodecs.toReversed()) plain = await codec.decode(plain);
  return plain.map((payload) => defaultPayloadConverter.fromPayload<T>(payload));
}

/** Ends the questions to people that a lap left open. What was said stays in their logs. */
export async function endQuestions(client: Client, lap: string): Promise<void> {
  const query =
    'WorkflowType = "expertReview" AND ExecutionStatus = "Running" AND WorkflowId STARTS_WITH ' +
    JSON.stringify(prefixOf(lap));
  for await (const { workflowId, runId } of client.workflow.list({ query }))
    await client.workflow
      .getHandle(workflowId, runId)
      .cancel()
      .catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error; // it has ended in this moment
      });
}

/** Whether a workflow is under way as a lap. The list lags behind by a moment, so that each is asked itself. */
export async function isLapUnderWay(client: Client, lap: string): Promise<boolean> {
  const query = `WorkflowType = "lap" AND ExecutionStatus = "Running" AND FlywheelLap = ${JSON.stringify(lap)}`;
  for await (const { workflowId, runId } of client.workflow.list({ query }))
    if ((await client.workflow.getHandle(workflowId, runId).describe()).status.name === 'RUNNING') return true;
  return false;
}

/** Whether a workflow, of whatever run of its own since, is under way. */
export async function isWorkflowUnderWay(client: Client, workflowId: string, firstRunId: string): Promise<boolean> {
  try {
    const handle = client.workflow.getHandle(workflowId, undefined, { firstExecutionRunId: firstRunId });
    const { status, raw } = await handle.describe();
    const first = raw.workflowExecutionInfo?.firstRunId;
    return status.name === 'RUNNING' && (!first || first === firstRunId);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** Resolves when a workflow has ended, however it has, or is not there. */
export async function workflowEnd(client: Client, workflowId: string, signal: AbortSignal): Promise<void> {
  try {
    await client.withAbortSignal(signal, () => client.workflow.getHandle(workflowId).result());
  } catch (error) {
    if (!(error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError)) throw error;
  }
}
