import { proxyActivities } from '@temporalio/workflow';
import type { LapInput } from '../../../shared/lap/lapInput.ts';
import { canBeMended } from '../../../workflows/failure.ts';
import type { LapResult } from '../../../workflows/lap/lap.ts';

export { notice } from '../../../workflows/notice.ts';
export { flywheel } from '../../../workflows/lap/flywheel.ts';

const fake = proxyActivities<{ turn(input: LapInput): Promise<LapResult> }>({ startToCloseTimeout: '1 minute' });

/** FAKE: stands in for a real lap, which takes minutes; what the flywheel does between laps is what is tested. */
export async function lap(input: LapInput): Promise<LapResult> {
  return fake.turn(input).catch((error: unknown) => {
    throw canBeMended(error, `${input.run}/lap-0002`);
  });
}
