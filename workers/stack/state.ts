import { FileStore } from '../../activities/store/files.ts';
import { config } from '../../temporal.config.ts';
import type { KeptState } from './keepAlive.ts';

/** What the supervisor says of the stack, in `run/stack.json`. */
export interface StackState {
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
