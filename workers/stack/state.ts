import { randomBytes } from 'node:crypto';
import { FileStore } from '../../activities/store/files.ts';
import { config } from '../../temporal.config.ts';
import type { KeptState } from './keepAlive.ts';

/** What the supervisor says of the stack, in `run/stack.json`. */
interface StackState {
  /** The supervisor that wrote it. */
  readonly pid: number;
  readonly state: 'starting' | 'running' | 'stopping' | 'failed';
  /** Why it failed. */
  readonly error?: string;
  readonly services: Readonly<Record<string, KeptState>>;
}

/** Files of the state folder, and its locks: for this user's eyes only. */
export const stateFiles = new FileStore(config.stateDir, 0o600);

const STATE = 'run/stack.json';

export function readStackState(): Promise<StackState | undefined> {
  return stateFiles.findJson<StackState>(STATE);
}

export async function writeStackState(state: Omit<StackState, 'pid'>): Promise<void> {
  await stateFiles.writeJson(STATE, { pid: process.pid, ...state } satisfies StackState);
}

const REWARD_TOKEN = 'run/reward-token.json';

/** The reward service's token: the environment's, or the one that was made for the state folder. */
export async function knownRewardToken(): Promise<string | undefined> {
  return config.rewardService.token ?? (await stateFiles.findJson<{ token: string }>(REWARD_TOKEN))?.token;
}

/** Made once for a state folder: a running training job keeps its token over restarts of the stack. */
export async function newRewardToken(): Promise<string> {
  const token = randomBytes(32).toString('base64url');
  await stateFiles.writeJson(REWARD_TOKEN, { token });
  return token;
}

const DESK_SECRET = 'run/desk-secret.json';

/**
 * What the annotation desk signs sessions with: the environment's, or one that is made once for the state folder, so
 * that people stay signed in over restarts.
 */
export async function deskSecret(): Promise<string> {
  if (config.desk.secret !== undefined) return config.desk.secret;
  await stateFiles.create(DESK_SECRET, `${JSON.stringify({ secret: randomBytes(32).toString('base64url') })}\n`);
  return (await stateFiles.readJson<{ secret: string }>(DESK_SECRET)).secret;
}
