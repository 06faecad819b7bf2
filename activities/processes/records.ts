import { execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Processes that outlive the one that starts them: training jobs and model servers. Each is its own process group and
 * is known by a record file, which the process itself creates, atomically and only if there is none yet, before it
 * becomes the real program. So a record stands for exactly one process, whoever started it, however many tried at once
 * and whenever they were killed.
 */
export interface ProcessRecord {
  readonly pid: number;
  /**
   * Tells this process from a later one with the same pid: clock ticks since boot and the boot's id, or what `ps` says.
   */
  readonly startTime: string;
  /** ISO time. */
  readonly startedAt: string;
}

/** Environment of a child; `undefined` leaves a variable out. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Launch {
  /** File to create. Its folder is made. */
  readonly record: string;
  /** What else the record says, beside ProcessRecord's fields. */
  readonly about: Readonly<Record<string, unknown>>;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Environment;
  /** stdout and stderr are appended to it. */
  readonly log: string;
}

/**
 * `ln` refuses an existing target, and what it links is whole: the record is never seen half-written, and never
 * replaced. Where there are no hard links, a shell that may not overwrite makes it: still only if there is none.
 */
const BECOME = `
record=$1; about=$2; shift 2
if [ -r /proc/$$/stat ]; then
  start="$(sed 's/.*) //' /proc/$$/stat | cut -d' ' -f20) $(cat /proc/sys/kernel/random/boot_id)"
else
  start="$(LC_ALL=C ps -o lstart= -p $$ | tr -s ' ')"
fi
printf '{"pid":%d,"startTime":"%s",%s\\n' $$ "$start" "$about" > "$record.$$" || exit 74
ln "$record.$$" "$record" 2>/dev/null || (set -C; cat "$record.$$" > "$record") 2>/dev/null; made=$?
rm -f "$record.$$"
[ $made -eq 0 ] || exit 75
exec "$@"
`;

/** What the codes of the above mean. */
const WHY: Readonly<Record<number, string>> = {
  74: 'code 74: the file could not be written, such as on a full disk',
  75: 'code 75: the file is there, but empty. Without hard links a kill can leave it so; remove it',
};

/**
 * Starts a process unless its record exists already, and returns once the record does.
 * @throws when neither this process nor another made the record, such as on a full disk.
 */
export async function launchOnce<T extends ProcessRecord>(launch: Launch, timeoutMs = 20_000): Promise<T> {
  const existing = await readRecord<T>(launch.record);
  if (existing) return existing;
  mkdirSync(path.dirname(launch.record), { recursive: true });
  mkdirSync(path.dirname(launch.log), { recursive: true });
  const about = JSON.stringify({ startedAt: new Date().toISOString(), ...launch.about }).slice(1);
  const log = openSync(launch.log, 'a', 0o600);
  const child = spawn('/bin/sh', ['-c', BECOME, 'become', launch.record, about, ...launch.command], {
    cwd: launch.cwd,
    env: Object.fromEntries(Object.entries(launch.env).filter(([, value]) => value !== undefined)),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let ended: string | undefined;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = `ended with ${signal ?? WHY[code ?? 0] ?? `code ${code}`}`));
  child.unref();
  for (const deadline = Date.now() + timeoutMs; ;) {
    // before the look, so that a record made just now is seen
    const over = ended !== undefined || Date.now() > deadline;
    const record = await readRecord<T>(launch.record);
    if (record) return record;
    if (over) {
      throw new Error(
        `Expected a process to record itself in ${launch.record}, but it ` +
          `${ended ?? `had not after ${timeoutMs} ms`}; see ${launch.log}`,
      );
    }
    await sleep(10);
  }
}

/** The record, or undefined when there is none, or its first byte is not there yet. */
export async function readRecord<T extends ProcessRecord>(file: string): Promise<T | undefined> {
  try {
    const text = await readFile(file, 'utf8');
    if (text === '') return undefined;
    const record = JSON.parse(text) as T;
    if (!Number.isInteger(record.pid) || record.pid < 2 || typeof record.startTime !== 'string') {
      throw new Error(
        `Expected ${file} to be a process record with pid and startTime, got something else: it was not written ` +
          'by this program',
      );
    }
    return record;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether that very process still runs; a zombie does not. */
export async function isAlive(record: ProcessRecord): Promise<boolean> {
  return (await startTimeOf(record.pid)) === record.startTime.trim();
}

/**
 * Whether that very process, or another of the group that it began, still runs. A group outlives its first process, and
 * while it does, the kernel gives that pid to no other.
 */
export async function groupLives(record: ProcessRecord): Promise<boolean> {
  const start = await startTimeOf(record.pid);
  if (start !== undefined) return start === record.startTime.trim();
  if (process.platform === 'linux' && !record.startTime.trim().endsWith(await bootId())) return false;
  return groupRuns(record.pid);
}

/** A record's process, when it still lives. A record that is not whole is nobody's. */
export async function readLiving<T extends ProcessRecord>(file: string, lives = isAlive): Promise<T | undefined> {
  const record = await readRecord<T>(file).catch(() => undefined);
  return record !== undefined && (await lives(record)) ? record : undefined;
}

/** The processes that live of those recorded in a folder. */
export async function livingIn<T extends ProcessRecord>(folder: string, lives = isAlive): Promise<T[]> {
  const files = (await filesIn(folder)).filter((name) => name.endsWith('.json'));
  const living = await Promise.all(files.map((name) => readLiving<T>(path.join(folder, name), lives)));
  return living.filter((record) => record !== undefined);
}

/** Names in a folder, which need not be there. */
export async function filesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
}

let own: Promise<ProcessRecord> | undefined;

/** This process, for a lease: the counterpart of the record that `launchOnce` makes for others. */
export function recordOfThisProcess(): Promise<ProcessRecord> {
  own ??= (async () => {
    return {
      pid: process.pid,
      startTime: (await startTimeOf(process.pid)) as string,
      startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString(),
    };
  })();
  return own;
}

interface Termination {
  /**
   * Milliseconds between the request to end (SIGTERM, to the process, or to what its own end left of its group) and the
   * end (SIGKILL, to the group).
   */
  readonly graceMs: number;
}

const KILLED_WITHIN_MS = 30_000;

/** Ends a process, and whatever its group leaves behind. Does nothing when all of them have ended already. */
export async function terminate(record: ProcessRecord, { graceMs }: Termination): Promise<void> {
  if (!(await groupLives(record))) return;
  const [asked, lives] = (await isAlive(record)) ? [record.pid, isAlive] : [-record.pid, groupLives];
  signal(asked, 'SIGTERM');
  for (const deadline = Date.now() + graceMs; Date.now() < deadline && (await lives(record));) await sleep(50);
  signal(-record.pid, 'SIGKILL');
  for (const deadline = Date.now() + KILLED_WITHIN_MS; await groupLives(record); await sleep(20)) {
    if (Date.now() > deadline)
      throw new Error(
        `Expected process ${record.pid} to end within ${KILLED_WITHIN_MS / 1000} s of its SIGKILL: it hangs in ` +
          'the kernel, such as on a lost disk',
      );
  }
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Undefined when there is no such process, or only its zombie. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return startTimeByPs(pid);
  const fields = await statOf(pid);
  return fields && `${fields[19]} ${await bootId()}`;
}

/** Whether a process of the group runs; zombies do not. */
async function groupRuns(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch {
    return false; // there is none, or it is another user's
  }
  if (process.platform !== 'linux')
    return new RegExp(`^[^Z\\s]\\S*\\s+${group}$`, 'm').test(await ps('-A', '-o', 'stat=,pgid='));
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const [, , pgid, session] = (await statOf(pid)) ?? [];
    // detached, ours are sessions of their own; the pipelines of a shell are not
    if (pgid === String(group) && session === pgid) return true;
  }
  return false;
}

/** The fields of `/proc/<pid>/stat` from the third, the state, on; undefined as above. */
async function statOf(pid: number | string): Promise<string[] | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'ENOENT') return undefined; // before the opening, or between it and the reading
    throw error;
  }
}

let boot: Promise<string> | undefined;
function bootId(): Promise<string> {
  boot ??= readFile('/proc/sys/kernel/random/boot_id', 'utf8').then((text) => text.trim());
  return boot;
}

async function startTimeByPs(pid: number): Promise<string | undefined> {
  try {
    const [state = 'Z', ...start] = (await ps('-o', 'stat=,lstart=', '-p', String(pid))).trim().split(/\s+/);
    return state.startsWith('Z') ? undefined : start.join(' ');
  } catch (error) {
    if ((error as { code?: unknown }).code === 1) return undefined; // ps found no such process
    throw error;
  }
}

async function ps(...options: string[]): Promise<string> {
  const env = { LC_ALL: 'C', PATH: '/usr/bin:/bin' };
  return (await promisify(execFile)('ps', options, { env })).stdout;
}
