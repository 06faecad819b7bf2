import { setTimeout as sleep } from 'node:timers/promises';

/** What a disk that takes nothing says, and what a person does about it. */
const REFUSALS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room',
  EDQUOT: 'the quota is used up: make room, or have it raised',
  EROFS: 'the file system is read-only: have it mounted for writing',
  EFBIG: 'a file may not be that large there: raise the limit (`ulimit -f`), or use another file system',
};

/**
 * The disk takes nothing now. Nothing was changed, nothing half written is left, and the same goes well once there is
 * room: activities wait for that.
 */
export class DiskRefused extends Error {
  override readonly name = 'DiskRefused';
  readonly code: string;

  constructor(where: string, code: string, cause?: unknown) {
    super(`Cannot write ${where} (${code}): ${REFUSALS[code]}; what waits for it then goes on`, { cause });
    this.code = code;
  }
}

/** The error as `DiskRefused`, where it is a disk's. @param where what was to be written, for the message. */
export function refusalOf(error: unknown, where: string): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  return Object.hasOwn(REFUSALS, code) && !(error instanceof DiskRefused) ? new DiskRefused(where, code, error) : error;
}

/**
 * Works as soon as the disk, or the store's server, takes it, for what is tried a few times only. Looks again every `lookMs`, by default 5 s.
 * @throws the signal's reason when aborted.
 */
export async function onceThereIsRoom<T>(work: () => Promise<T>, signal: AbortSignal, lookMs = 5_000): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(refusalOf(error, '') instanceof DiskRefused || error instanceof StoreUnreachable)) throw error;
      await sleep(lookMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

/** The store is not as it is configured; a person has to say another, or give it what it lacks. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
}

/** The store does not answer now, or takes nothing now. The same goes well once it does: activities wait for that. */
export class StoreUnreachable extends Error {
  override readonly name = 'StoreUnreachable';
}

/** Another process holds what this one held, and what it has written counts. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';

  constructor(uri: string, seen = 'another process has taken it') {
    super(
      `Expected this process still to hold ${uri}, but ${seen} while no sign of life came from here: what is done ` +
        'again goes on from what that one wrote',
    );
  }
}

/** There is no such artifact. */
export class NoArtifact extends Error {
  override readonly name = 'NoArtifact';
  readonly code = 'ENOENT';

  constructor(uri: string, got: 'nothing' | 'a folder', options?: ErrorOptions) {
    super(`Expected ${uri} to be an artifact of the store, got ${got} there`, options);
  }
}
