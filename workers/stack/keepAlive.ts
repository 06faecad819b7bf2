import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isAlive,
  launchOnce,
  readLiving,
  type Launch,
  type ProcessRecord,
} from '../../activities/processes/records.ts';
import type { Say } from './step.ts';

/** A process to keep running. */
export interface Kept extends Launch {
  readonly name: string;
  /** Asked before each start; it is put off until this is true. */
  readonly mayStart?: () => Promise<boolean>;
  /** Asked while it lives. One that does not work `STUCK_PROBES` times in a row is killed, and so started again. */
  readonly works?: () => Promise<boolean>;
}

/** How a kept process stands. */
export interface KeptState {
  readonly pid?: number | undefined;
  /** Starts after the first one. */
  readonly restarts: number;
  /** Deaths in a row within `STEADY_MS` of the start. */
  readonly failures: number;
}

interface KeepAliveOptions {
  readonly signal: AbortSignal;
  readonly say: Say;
  /** Called when any state has changed. */
  readonly onChange: (states: ReadonlyMap<string, KeptState>) => Promise<void>;
  /** @default 200 ms */
  readonly pollMs?: number;
  /** Between two questions whether a process works. @default 15 s */
  readonly probeMs?: number;
}

/** A process that has run for this long was no failed start. */
const STEADY_MS = 20_000;
/** Ours: quick enough that a killed server is not missed, slow enough that one that cannot start does no harm. */
const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 10_000;
/**
 * Ours: some three minutes, counted in questions and not in time, as a machine may sleep. A starved process is slow, a
 * stuck one stays so.
 */
const STUCK_PROBES = 12;

export function restartDelayMs(failures: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, 10));
}

/**
 * Keeps processes running until aborted: each is started again, after a growing pause, when it dies. One that lives
 * already, from an earlier supervisor that was killed, is adopted. None is ended here: they outlive their supervisor.
 */
export async function keepAlive(
  processes: readonly Kept[],
  { signal, say, onChange, pollMs = 200, probeMs = 15_000 }: KeepAliveOptions,
): Promise<void> {
  const states = new Map<string, KeptState>();
  await Promise.all(
    processes.map(async (kept) => {
      const keeper = keeperOf(kept, say, probeMs);
      let trouble = '';
      while (!signal.aborted) {
        const changed = await keeper.look().catch((error: Error) => {
          if (error.message !== trouble) say(`${kept.name}: ${error.message}`);
          trouble = error.message;
          return true;
        });
        if (changed) {
          states.set(kept.name, keeper.state());
          await onChange(states);
        }
        await sleep(pollMs, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
      }
    }),
  );
}

/** `look` starts the process if it is not there and its pause is over, and answers whether something has changed. */
function keeperOf(kept: Kept, say: Say, probeMs: number) {
  const { name, record: file, works, log } = kept;
  let running: ProcessRecord | undefined;
  let failures = 0;
  let restarts = -1;
  let notBefore = 0;
  let nextProbe = 0;
  let failedProbes = 0;

  const pause = (): void => {
    notBefore = Date.now() + restartDelayMs(failures);
  };

  async function look(): Promise<boolean> {
    if (running !== undefined) {
      if (await isAlive(running)) {
        // Not awaited: a death is seen at once, also while a stuck process is asked. It fails where that one has just
        // ended by itself.
        void probe(running).catch((error: Error) => say(`${name}: ${error.message}`));
        return false;
      }
      const lived = Date.now() - Date.parse(running.startedAt);
      failures = lived < STEADY_MS ? failures + 1 : 0;
      pause();
      say(
        `${name}: process ${running.pid} has ended after ${Math.round(lived / 1000)} s; starting it again (see ${log})`,
      );
      running = undefined;
      return true;
    }
    if (Date.now() < notBefore || !((await kept.mayStart?.()) ?? true)) return false;
    running = await readLiving(file);
    if (running !== undefined) say(`${name}: adopting process ${running.pid}`);
    else {
      await rm(file, { force: true });
      running = await launchOnce(kept).catch((error: Error) => {
        failures += 1;
        pause();
        throw error;
      });
      say(`${name}: process ${running.pid} started`);
    }
    restarts += 1;
    failedProbes = 0;
    return true;
  }

  async function probe(record: ProcessRecord): Promise<void> {
    if (works === undefined || Date.now() < nextProbe) return;
    nextProbe = Number.POSITIVE_INFINITY;
    const worked = await works().catch(() => false);
    nextProbe = Date.now() + probeMs;
    failedProbes = worked || record !== running ? 0 : failedProbes + 1;
    if (failedProbes < STUCK_PROBES || !(await isAlive(record))) return;
    say(
      `${name}: process ${record.pid} lives, but did not work ${STUCK_PROBES} times in a row; killing it (see ${log})`,
    );
    failedProbes = 0;
    process.kill(record.pid, 'SIGKILL');
  }

  return { look, state: (): KeptState => ({ pid: running?.pid, restarts: Math.max(0, restarts), failures }) };
}
