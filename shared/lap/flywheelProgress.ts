import type { LapOutcome } from './flywheel.ts';

/** The answer of a flywheel's `progress` query. */
export interface FlywheelProgress {
  readonly run: string;
  readonly laps: readonly LapOutcome[];
  /** Laps asked for. */
  readonly of: number;
  readonly state: 'running' | 'paused' | 'finishing';
}
