import type { LapOutcome } from './flywheel.ts';

/** The answer of a flywheel's `progress` query. */
export interface FlywheelProgress {
  readonly run: string;
  readonly laps: readonly LapOutcome[];
  /** Laps asked for. */
  readonly of: number;
  readonly state: 'running' | 'paused' | 'finishing';
}

/** A run's flywheel; its laps run under `lapWorkflowId`. */
export function flywheelWorkflowId(run: string): string {
  return `flywheel-${run}`;
}

/**
 * What a person calls the lap under way of a run: one at a time. The lap's own name, `<run>/lap-NNNN`, is given by the
 * workflow.
 */
export function lapWorkflowId(run: string): string {
  return `lap-${run}`;
}
