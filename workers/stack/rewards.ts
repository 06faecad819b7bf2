import { readLiving } from '../../activities/processes/records.ts';
import { choosePorts } from './ports.ts';
import { recordFile } from './services.ts';
import { stateFiles } from './state.ts';
import type { Say } from './step.ts';

/** Laps alone ask the reward service: a stack that runs for products goes without it until the first lap. */

const WANTED = 'run/rewards-wanted.json';

export const rewardsAreWanted = async (): Promise<boolean> => (await stateFiles.stat(WANTED)) !== undefined;

/**
 * Has the stack's supervisor run the reward service, too, from now until the stack is stopped.
 * @throws when the port that the environment asks for is taken.
 */
export async function wantRewards(say: Say): Promise<void> {
  if (await rewardsAreWanted()) return;
  const lives = (await readLiving(recordFile('reward'))) !== undefined;
  if (!lives) await choosePorts(new Set(['temporal', 'ui', 'desk']), say);
  await stateFiles.writeJson(WANTED, {});
}

export const forgetRewards = (): Promise<void> => stateFiles.remove(WANTED);
