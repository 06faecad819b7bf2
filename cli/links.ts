import { config } from '../temporal.config.ts';

/** A page of the Web UI about workflows, or undefined when it is not known where the Web UI is. */
function page(place: string): string | undefined {
  const { webUi, namespace } = config.temporal;
  return webUi === undefined ? undefined : `${webUi}/namespaces/${encodeURIComponent(namespace)}/workflows${place}`;
}

/** The page of a workflow. */
export function workflowLink(workflowId: string, runId?: string): string | undefined {
  return page(`/${encodeURIComponent(workflowId)}${runId === undefined ? '' : `/${runId}/history`}`);
}

/** The form for starting a lap; its input field is empty there: `{}` is typed by hand. */
export function startLapLink(workflowId: string, taskQueue: string): string | undefined {
  return page(`/start-workflow?${new URLSearchParams({ workflowId, taskQueue, workflowType: 'lap' }).toString()}`);
}

/** The list of workflows, or of those that a query finds. */
export function workflowsLink(query?: string): string | undefined {
  return page(query === undefined ? '' : `?query=${encodeURIComponent(query)}`);
}

/** Questions that wait for people. */
export function questionsLink(): string | undefined {
  return workflowsLink('`WorkflowType`="expertReview" AND `ExecutionStatus`="Running"');
}

/** Where people who are asked answer. */
export const deskText = (): string =>
  `Annotation desk: ${config.desk.publicUrl} (\`flywheel annotators add NAME\` lets somebody in)`;
