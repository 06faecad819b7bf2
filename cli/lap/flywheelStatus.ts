import type { Client } from '@temporalio/client';
import type { FlywheelProgress } from '../../shared/lap/flywheel.ts';
import { PROGRESS_QUERY } from '../../shared/lap/progress.ts';
import { withPatience } from './lapHandle.ts';

/** An open flywheel: laps in sequence. */
export interface FlywheelStatus {
  readonly workflowId: string;
  /** Undefined while no worker answers. */
  readonly progress: FlywheelProgress | undefined;
}

/** The open flywheels, with what each has done. */
export async function flywheelStatuses(client: Client): Promise<FlywheelStatus[]> {
  const found: FlywheelStatus[] = [];
  for await (const { workflowId } of client.workflow.list({
    query: 'WorkflowType = "flywheel" AND ExecutionStatus = "Running"',
  })) {
    const ask = () => client.workflow.getHandle(workflowId).query<FlywheelProgress>(PROGRESS_QUERY);
    found.push({ workflowId, progress: await withPatience(client, ask) });
  }
  return found;
}

export function flywheelLine({ workflowId, progress }: FlywheelStatus): string {
  if (progress === undefined) return `${workflowId}: open, no answer yet`;
  const curve = progress.laps.map(({ headline }) => headline?.toFixed(3) ?? '–').join(' → ');
  return (
    `${workflowId}: ${progress.laps.length} of ${progress.of} laps done, ` +
    `${progress.state}${curve === '' ? '' : `; held-out figure ${curve}`}`
  );
}
