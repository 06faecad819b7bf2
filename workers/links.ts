import type { Notice } from '../shared/lap/notices.ts';
import { lapWorkflowId, runOf } from '../shared/ids.ts';
import { config } from '../temporal.config.ts';

/** Where a person goes on from a notice: to the annotation desk for questions, else to the lap in the Web UI. */
export function noticeLink(notice: Notice): string | undefined {
  if ('kind' in notice) return config.desk.publicUrl;
  const { webUi, namespace } = config.temporal;
  if (webUi === undefined) return undefined;
  const workflows = `${webUi}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  const lap = /^[^/]+\/lap-\d+/.exec(notice.about)?.[0];
  return lap === undefined ? workflows : `${workflows}/${encodeURIComponent(lapWorkflowId(runOf(lap)))}`;
}
