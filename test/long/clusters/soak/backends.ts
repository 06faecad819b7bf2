import { execFile } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Cluster } from '../../../../activities/clusters/types.ts';

const run = promisify(execFile);

/** Does something bad, and returns how it is made good again. */
export type Act = (which: number) => Promise<() => Promise<void> | void>;

/** A cluster that faults are done to. */
export interface Backend {
  start(folder: string): Promise<void>;
  stop(): Promise<void>;
  /** As a worker that has just started sees it. */
  open(folder: string): Cluster;
  /** Its own, with the longest time of each in milliseconds. */
  readonly faults: Readonly<Record<string, { readonly lastsMs: number; readonly act: Act }>>;
}

/** What jobs need beside what their cluster gives them. */
export const NAMED = { PYTHONPATH: path.resolve('.'), OMP_NUM_THREADS: '1', HF_HUB_OFFLINE: '1' };

export function signal(pid: number, which: NodeJS.Signals): void {
  try {
    process.kill(pid, which);
  } catch {
    // it has ended
  }
}

/** Holds a process, and lets it go on. */
export function held(pids: readonly number[]): () => void {
  for (const pid of pids) signal(pid, 'SIGSTOP');
  return () => {
    for (const pid of pids) signal(pid, 'SIGCONT');
  };
}

/** No packet goes from anywhere to anywhere in this network, which is ours alone. */
export const networkCut: Act = async () => {
  await run('ip', ['link', 'set', 'lo', 'down']);
  return async () => void (await run('ip', ['link', 'set', 'lo', 'up']));
};

/** Of the disk that is filled. */
export const DISK_BYTES = 48 * 2 ** 20;

/** Nothing more can be written to the disk of the store, a small one of ours. */
export function diskFull(folder: string): Act {
  return async () => {
    const filler = path.join(folder, 'filler');
    // At once, then to the last page: what others write meanwhile must not find room for long.
    for (const bytes of [DISK_BYTES, 4_096]) {
      const some = Buffer.alloc(bytes);
      try {
        for (;;) appendFileSync(filler, some);
      } catch {
        // it is full
      }
    }
    return () => rm(filler, { force: true });
  };
}

/** Whether a process is there and is no zombie. */
export async function isThere(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return status !== '' && !/^State:\s+Z/m.test(status);
}

export async function eventually(work: () => Promise<unknown>, tries = 60): Promise<void> {
  for (let left = tries; ; left -= 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (left === 0) throw error;
      await sleep(500);
    }
  }
}
