import { proxyActivities } from '@temporalio/workflow';
import type { LapInput } from '../../shared/lapInput.ts';
import type { LapResult } from '../../workflows/lap.ts';

export { flywheel } from '../../workflows/flywheel.ts';

const fake = proxyActivities<{ turn(input: LapInput): Promise<LapResult> }>({ startToCloseTimeout: '1 minute' });

/** FAKE: stands in for a real lap, which takes minutes; what the flywheel does between laps is what is tested. */
export async function lap(input: LapInput): Promise<LapResult> {
  return fake.turn(input);
}
