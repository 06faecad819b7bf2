import { randomUUID } from 'node:crypto';
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessRecord } from '../processes/records.ts';
import { readLiving, recordOfThisProcess } from '../processes/processes.ts';

/**
 * Runs `work` while no other process on this machine holds the lock file. A lock whose holder died is taken over.
 * @param onWait called once, with the holder, when there is one to wait for.
 */
export async function withLock<T>(
  file: string,
  onWait: (holder: ProcessRecord) => void,
  work: () => Promise<T>,
): Promise<T> {
  await mkdir(path.dirname(file), { recursive: true });
  let told = false;
  while (!tryLock(file)) {
    const holder = await readLiving(file);
    if (holder === undefined) {
      await removeStale(file);
    } else {
      if (!told) onWait(holder);
      told = true;
      await sleep(250);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** The lock appears whole or not at all: it is written beside, then linked. */
function tryLock(file: string): boolean {
  const mine = `${file}.${randomUUID()}`;
  writeFileSync(mine, JSON.stringify(recordOfThisProcess()));
  try {
    linkSync(mine, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Moves the lock aside, and back should a living process have taken it in the meantime. */
async function removeStale(file: string): Promise<void> {
  const aside = `${file}.${randomUUID()}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // somebody else was quicker
    throw error;
  }
  try {
    if ((await readLiving(aside)) !== undefined) linkSync(aside, file);
  } catch (error) {
    throw new Error(`Two processes took ${file} at once: run the command again`, { cause: error });
  } finally {
    rmSync(aside, { force: true });
  }
}
