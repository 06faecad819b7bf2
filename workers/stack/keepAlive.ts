import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, launchOnce, readLiving } from '../../activities/processes/records.ts';
import type { Environment, ProcessRecord } from '../../activities/processes/records.ts';

/** A process to keep running. */
export interface Kept {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly record: string;
  readonly log: string;
  /** Asked before each start; it is put off until this is true. */
  readonly mayStart?: () => Promise<boolean>;
  /** Asked while it lives. One that does not work `STUCK_PROBES` times in a row is killed, and so started again. */
  readonly works?: () => Promise<boolean>;
}

/** How a kept process stands. */
export interface KeptState {
  readonly pid?: number;
  readonly startedAt?: string;
  /** Starts after the first one. */
  readonly restarts: number;
  /** Deaths in a row within `STEADY_MS` of the start. */
  readonly failures: number;
}

export interface KeepAliveOptions {
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
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
      const keeper = new Keeper(kept, say, probeMs);
      let trouble = '';
      while (!signal.aborted) {
        const changed = await keeper.look().catch((error: Error) => {
          if (error.message !== trouble) say(`${kept.name}: ${error.message}`);
          trouble = error.message;
          return true;
        });
        if (changed) {
          states.set(kept.name, keeper.state);
          await onChange(states);
        }
        await sleep(pollMs, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
      }
    }),
  );
}

class Keeper {
  readonly #kept: Kept;
  readonly #say: (line: string) => void;
  #record: ProcessRecord | undefined;
  #failures = 0;
  #restarts = -1;
  #notBefore = 0;
  readonly #probeMs: number;
  #nextProbe = 0;
  #failedProbes = 0;

  constructor(kept: Kept, say: (line: string) => void, probeMs: number) {
    this.#kept = kept;
    this.#say = say;
    this.#probeMs = probeMs;
  }

  get state(): KeptState {
    return {
      ...(this.#record && { pid: this.#record.pid, startedAt: this.#record.startedAt }),
      restarts: Math.max(0, this.#restarts),
      failures: this.#failures,
    };
  }

  /** Starts the process if it is not there and its pause is over. @returns whether something has changed. */
  async look(): Promise<boolean> {
    const { name, record } = this.#kept;
    if (this.#record !== undefined) {
      if (await isAlive(this.#record)) {
        // Not awaited: a death is seen at once, also while a stuck process is asked.
        // such as: it ended by itself just now
        void this.#probe(this.#record).catch((error: Error) => this.#say(`${name}: ${error.message}`));
        return false;
      }
      const lived = Date.now() - Date.parse(this.#record.startedAt);
      this.#failures = lived < STEADY_MS ? this.#failures + 1 : 0;
      this.#notBefore = Date.now() + restartDelayMs(this.#failures);
      this.#say(
        `${name}: process ${this.#record.pid} has ended after ${Math.round(lived / 1000)} s; starting it again ` +
          `(see ${this.#kept.log})`,
      );
      this.#record = undefined;
      return true;
    }
    if (Date.now() < this.#notBefore || !((await this.#kept.mayStart?.()) ?? true)) return false;
    const existing = await readLiving(record);
    if (existing !== undefined) {
      this.#say(`${name}: adopting process ${existing.pid}`);
      this.#record = existing;
    } else {
      await rm(record, { force: true });
      try {
        this.#record = await launchOnce({ ...this.#kept, about: { name } });
      } catch (error) {
        this.#failures += 1;
        this.#notBefore = Date.now() + restartDelayMs(this.#failures);
        throw error;
      }
      this.#say(`${name}: process ${this.#record.pid} started`);
    }
    this.#restarts += 1;
    this.#failedProbes = 0;
    return true;
  }

  async #probe(record: ProcessRecord): Promise<void> {
    const { name, works, log } = this.#kept;
    if (works === undefined || Date.now() < this.#nextProbe) return;
    this.#nextProbe = Number.POSITIVE_INFINITY;
    const worked = await works().catch(() => false);
    this.#nextProbe = Date.now() + this.#probeMs;
    this.#failedProbes = worked || record !== this.#record ? 0 : this.#failedProbes + 1;
    if (this.#failedProbes < STUCK_PROBES || !(await isAlive(record))) return;
    this.#say(
      `${name}: process ${record.pid} lives, but did not work ${STUCK_PROBES} times in a row; killing it (see ${log})`,
    );
    this.#failedProbes = 0;
    process.kill(record.pid, 'SIGKILL');
  }
}
