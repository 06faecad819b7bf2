import path from 'node:path';
import { readJsonFile, writeJsonFile } from '../../activities/processes/processes.ts';
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

const file = path.join(config.runDir, 'stack.json');

export function readStackState(): StackState | undefined {
  return readJsonFile<StackState>(file);
}

export function writeStackState(state: Omit<StackState, 'pid'>): Promise<void> {
  return writeJsonFile(file, { pid: process.pid, ...state } satisfies StackState);
}
