import { isAlive, recordOfThisProcess, type ProcessRecord } from '../../activities/processes/records.ts';
import { withLease } from '../../activities/store/lease.ts';
import { config } from '../../temporal.config.ts';
import { stateFiles } from './state.ts';

/** Whose command takes the stack down when it ends. */
interface Owner extends ProcessRecord {
  /** Nobody's: the stack shall outlive its commands (`--detach`, `--keep`). */
  readonly detached: boolean;
}

const OWNER = 'run/owner.json';
/** A file for each further command that needs the stack while it runs. */
const OTHERS = 'run/commands/';

/** What becomes of the stack when a command ends. */
export type Leaving =
  /** Nobody else needs it, and it was this command's: it goes. */
  | { readonly kind: 'last' }
  /** It is that command's now. */
  | { readonly kind: 'handed over'; readonly pid: number }
  /** It was another's, or nobody's. */
  | { readonly kind: 'not mine' };

/**
 * Says that this command needs the stack. It is the command's that started it; when that was killed, the next one's;
 * nobody's when one of them was given `--detach` or `--keep`.
 */
export async function joinStack(started: boolean, detached: boolean): Promise<void> {
  if (config.stack === 'deployed') return;
  return alone(async () => {
    const me = await recordOfThisProcess();
    const owner = started ? undefined : await stateFiles.findJson<Owner>(OWNER);
    if (owner === undefined || !(owner.detached || (await isAlive(owner)))) return write({ ...me, detached });
    if (detached) return write({ ...owner, detached });
    await stateFiles.writeJson(fileOf(me), me);
  });
}

/** Says that this command no longer needs the stack, and hands it over to one that does. */
export async function leaveStack(): Promise<Leaving> {
  if (config.stack === 'deployed') return { kind: 'not mine' };
  return alone(async () => {
    const me = await recordOfThisProcess();
    await stateFiles.remove(fileOf(me));
    const owner = await stateFiles.findJson<Owner>(OWNER);
    if (owner === undefined || owner.detached || !isSame(owner, me)) return { kind: 'not mine' };
    const heir = await oneThatNeedsIt();
    if (heir === undefined) return { kind: 'last' };
    await write({ ...heir, detached: false });
    await stateFiles.remove(fileOf(heir));
    return { kind: 'handed over', pid: heir.pid };
  });
}

export function forgetOwner(): Promise<void> {
  return stateFiles.remove(OWNER);
}

async function oneThatNeedsIt(): Promise<ProcessRecord | undefined> {
  for await (const file of stateFiles.list(OTHERS)) {
    const command = await stateFiles.findJson<ProcessRecord>(file);
    if (command !== undefined && (await isAlive(command))) return command;
    await stateFiles.remove(file); // it was killed
  }
  return undefined;
}

function alone<T>(work: () => Promise<T>): Promise<T> {
  return withLease(stateFiles, 'run/owner.lock', () => undefined, work);
}

async function write(owner: Owner): Promise<void> {
  await stateFiles.writeJson(OWNER, owner);
}

const fileOf = ({ pid }: ProcessRecord): string => `${OTHERS}${pid}.json`;

const isSame = (a: ProcessRecord, b: ProcessRecord): boolean => a.pid === b.pid && a.startTime === b.startTime;
