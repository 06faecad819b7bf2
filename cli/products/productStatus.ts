import { WorkflowFailedError, type Client } from '@temporalio/client';
import { rootCause } from '@temporalio/common';
import { sum, whole } from '../../reports/pages/format.ts';
import { PRODUCTS, type ProductKind } from '../../shared/ids.ts';
import type { SolveProgress } from '../../shared/products/search.ts';
import { withPatience } from '../../workers/laps/progressOf.ts';
import { workflowLink } from '../links.ts';

/** Products shown that have ended: the newest. */
const MOST_ENDED = 3;

/** A product without a lap, as the server knows it. */
export interface ProductStatus {
  readonly kind: ProductKind;
  readonly workflowId: string;
  readonly status: string;
  readonly startedAt: string;
  readonly endedAt: string | undefined;
  readonly link: string | undefined;
  /** Undefined while no worker answers, and once it has ended. */
  readonly progress: unknown;
  /** Why it does not say how far it is, though a worker is there. */
  readonly trouble?: string | undefined;
  /** Why it failed. */
  readonly failure?: string | undefined;
}

/** Those under way, and the last that ended. */
export async function productStatuses(client: Client): Promise<ProductStatus[]> {
  const found: ProductStatus[] = [];
  const types = PRODUCTS.map((kind) => JSON.stringify(kind)).join(', ');
  const take = async (query: string, most: number): Promise<void> => {
    let taken = 0;
    for await (const info of client.workflow.list({ query: `WorkflowType IN (${types}) AND ${query}` })) {
      const { workflowId, runId, type, status, startTime, closeTime } = info;
      const ask = () => client.workflow.getHandle(workflowId).query<unknown>('progress');
      let trouble: string | undefined;
      const progress =
        status.name === 'RUNNING'
          ? await withPatience(client, ask).catch(({ message }: Error) => void (trouble = message))
          : undefined;
      found.push({
        kind: type as ProductKind,
        workflowId,
        status: status.name.toLowerCase(),
        startedAt: startTime.toISOString(),
        endedAt: closeTime?.toISOString(),
        link: workflowLink(workflowId, runId),
        progress,
        trouble,
        failure: status.name === 'FAILED' ? await failureOf(client, workflowId, runId) : undefined,
      });
      taken += 1;
      if (taken === most) break;
    }
  };
  await take('ExecutionStatus = "Running"', Infinity);
  await take('ExecutionStatus != "Running" AND ExecutionStatus != "ContinuedAsNew"', MOST_ENDED);
  return found;
}

/** The words that a failed workflow ended with. */
export async function failureOf(client: Client, workflowId: string, runId?: string): Promise<string | undefined> {
  const error: unknown = await client.workflow
    .getHandle(workflowId, runId)
    .result()
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  return error instanceof WorkflowFailedError ? (rootCause(error.cause) ?? error.message) : undefined;
}

/** How far a product of each kind is, by its `progress` query. */
const LINES: { readonly [Kind in ProductKind]?: (progress: never) => string } = {
  solve: ({ problems, done, spent }: SolveProgress) =>
    `${sum(Object.values(done))} of ${problems} problems, ${done.passed} passed · ${whole(spent.calls)} calls`,
};

export function productLines({
  kind,
  workflowId,
  status,
  startedAt,
  link,
  progress,
  trouble,
  failure,
}: ProductStatus): string[] {
  const line = progress === undefined || progress === null ? undefined : LINES[kind]?.(progress as never);
  return [
    `${workflowId}: ${status}, started ${startedAt}`,
    ...(line === undefined ? [] : [`  ${line}`]),
    ...((progress as { readonly warnings?: readonly string[] } | undefined)?.warnings ?? []).map((one) => `  ! ${one}`),
    ...(trouble === undefined ? [] : [`  It does not say how far it is: ${trouble}`]),
    ...(failure === undefined ? [] : [`  ${failure}`]),
    ...(link === undefined || status !== 'running' ? [] : [`  ${link}`]),
  ];
}
