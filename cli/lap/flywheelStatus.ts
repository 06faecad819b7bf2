import type { Client } from '@temporalio/client';
import { headlineText, type FlywheelProgress } from '../../shared/lap/flywheel.ts';
import { PROGRESS_QUERY } from '../../shared/lap/progress.ts';
import { withPatience } from '../../workers/laps/progressOf.ts';

/** An open flywheel: laps in sequence. */
export interface FlywheelStatus {
  readonly workflowId: string;
  /** Undefined while no worker answers. */
  readonly progress?: FlywheelProgress | undefined;
  /** Why it does not say how far it is, though a worker is there. */
  readonly trouble?: string;
}

/** The open flywheels, with what each has done. */
export async function flywheelStatuses(client: Client): Promise<FlywheelStatus[]> {
  const found: FlywheelStatus[] = [];
  for await (const { workflowId } of client.workflow.list({
    query: 'WorkflowType = "flywheel" AND ExecutionStatus = "Running"',
  })) {
    const ask = () => client.workflow.getHandle(workflowId).query<FlywheelProgress>(PROGRESS_QUERY);
    found.push({
      workflowId,
      ...(await withPatience(client, ask).then(
        (progress) => ({ progress }),
        ({ message }: Error) => ({ trouble: message }),
      )),
    });
  }
  return found;
}

export function flywheelLine({ workflowId, progress, trouble }: FlywheelStatus): string {
  if (progress === undefined) return `${workflowId}: open, ${trouble ?? 'no answer yet'}`;
  const curve = progress.laps.map(headlineText).join(' → ');
  return (
    `${workflowId}: ${progress.laps.length} of ${progress.of} laps done, ` +
    `${progress.state}${curve === '' ? '' : `; held-out figure ${curve}`}`
  );
}
