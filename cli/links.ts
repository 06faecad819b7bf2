import { config } from '../temporal.config.ts';

/** The Web UI's page of a workflow, or undefined when it is not known where the Web UI is. */
export function workflowLink(workflowId: string, runId?: string): string | undefined {
  const { webUi, namespace } = config.temporal;
  if (webUi === undefined) return undefined;
  const workflow = `${webUi}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`;
  return runId === undefined ? workflow : `${workflow}/${runId}/history`;
}

/** The Web UI's form for starting a lap; its input field is empty there: `{}` is typed by hand. */
export function startLapLink(workflowId: string, taskQueue: string): string | undefined {
  const { webUi, namespace } = config.temporal;
  if (webUi === undefined) return undefined;
  const query = new URLSearchParams({ workflowId, taskQueue, workflowType: 'lap' });
  return `${webUi}/namespaces/${encodeURIComponent(namespace)}/workflows/start-workflow?${query.toString()}`;
}

/** The Web UI's list of workflows, or of those that a query finds. */
export function workflowsLink(query?: string): string | undefined {
  const { webUi, namespace } = config.temporal;
  if (webUi === undefined) return undefined;
  return (
    `${webUi}/namespaces/${encodeURIComponent(namespace)}` +
    `/workflows${query === undefined ? '' : `?query=${encodeURIComponent(query)}`}`
  );
}

/** Questions that wait for people, in the Web UI. */
export function questionsLink(): string | undefined {
  return workflowsLink('`WorkflowType`="expertReview" AND `ExecutionStatus`="Running"');
}
