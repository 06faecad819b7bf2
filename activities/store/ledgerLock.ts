import { randomUUID } from 'node:crypto';
import { readFile, rename, link, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Another live process writes this ledger. Heals when that process ends or lets go. */
export class LedgerBusy extends Error {
  override readonly name = 'LedgerBusy';
}

export interface LedgerLock {
  release(): Promise<void>;
}

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Start of the process in the kernel's ticks, where it can be read: pids are used again. */
  readonly started: string;
  readonly nonce: string;
}

/** Ledgers this process holds: within one process the lock file says nothing. */
const held = new Set<string>();

/**
 * One writer per ledger: an activity that Temporal gave up may still be running when its successor starts. A lock whose
 * process is dead is taken over.
 * @throws LedgerBusy
 */
export async function lockLedger(file: string): Promise<LedgerLock> {
  if (held.has(file)) throw new LedgerBusy(`Expected ${file} to be free, but this process still writes it`);
  held.add(file);
  const lock = `${file}.lock`;
  const me: Owner = { pid: process.pid, host: hostname(), started: await startOf(process.pid), nonce: randomUUID() };
  try {
    await take(lock, me, file);
  } catch (error) {
    held.delete(file);
    throw error;
  }
  return {
    async release() {
      held.delete(file);
      const owner = await ownerOf(lock);
      if (owner?.nonce === me.nonce) await unlink(lock);
    },
  };
}

async function take(lock: string, me: Owner, file: string): Promise<void> {
  const mine = `${lock}.${me.nonce}`;
  await writeFile(mine, JSON.stringify(me));
  try {
    for (let tries = 0; tries < 3; tries += 1) {
      try {
        await link(mine, lock); // atomic: fails when the lock exists
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const owner = await ownerOf(lock);
      if (owner !== undefined && (await isAlive(owner, me))) {
        throw new LedgerBusy(
          `Expected ${file} to be free, but process ${owner.pid} on ${owner.host} writes it. If that process is ` +
            `gone, delete ${lock}`,
        );
      }
      // Moved away by name, so that of two who find it stale only one removes it.
      const stale = `${lock}.stale-${me.nonce}`;
      await rename(lock, stale).then(
        () => unlink(stale),
        () => undefined,
      );
    }
    throw new LedgerBusy(`Expected to lock ${file} within 3 tries; others take it at the same time`);
  } finally {
    await unlink(mine);
  }
}

async function ownerOf(lock: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await readFile(lock, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

async function isAlive(owner: Owner, me: Owner): Promise<boolean> {
  if (owner.host !== me.host) return true;
  // Not one of this process's own: `held` knows those.
  if (owner.pid === me.pid) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return (await startOf(owner.pid)) === owner.started;
}

/** Field 22 of /proc/<pid>/stat; empty where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
