import { rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../processes/ports.ts';
import {
  filesIn,
  isAlive,
  launchOnce,
  livingIn,
  readRecord,
  terminate,
  type Environment,
  type ProcessRecord,
} from '../processes/records.ts';

/** Record of a model server: `<folder>/<name>.<generation>.json`. The newest generation is the one that counts. */
interface ServerRecord extends ProcessRecord {
  readonly name: string;
  readonly generation: number;
  readonly host: string;
  readonly port: number;
  readonly log: string;
}

/** A server that should run. */
export interface ServerPlan {
  /** A plain file name. */
  readonly name: string;
  readonly command: (port: number) => readonly string[];
  /** Taken if it is free. @default any free port */
  readonly port?: number;
  /** Milliseconds until its first answer. */
  readonly startMs: number;
}

export interface LocalServersSettings {
  /** Folder of the records: the processes that share it share the servers. */
  readonly folder: string;
  readonly logDir: string;
  readonly host: string;
  readonly root: string;
  readonly env: Environment;
  /** Milliseconds without an answer after which a living server is given up. @default 30000 */
  readonly hungMs?: number;
}

const STARTS_PER_CALL = 2;
const FAILED_FOR_MS = 5_000;
/** Far more than a process could fall behind between looking for the newest generation and starting the next. */
const KEPT_GENERATIONS = 16;

/**
 * Model servers of this machine, each started once for all processes that need it. There is no lock to be left behind:
 * a server's successor is the next generation, and whoever creates that generation's record has started it.
 */
export class LocalServers {
  readonly #settings: LocalServersSettings;
  readonly #underWay = new Map<string, Promise<ServerRecord>>();
  readonly #failed = new Map<string, { readonly error: Error; readonly at: number }>();

  constructor(settings: LocalServersSettings) {
    this.#settings = settings;
  }

  /**
   * A server that answers: the running one, or a new one in place of one that is dead or hangs.
   * @throws when it cannot be started, with the end of its log's path.
   */
  async running(plan: ServerPlan): Promise<ServerRecord> {
    const failed = this.#failed.get(plan.name);
    if (failed && Date.now() - failed.at < FAILED_FOR_MS) throw failed.error;
    let underWay = this.#underWay.get(plan.name);
    if (!underWay) {
      underWay = this.#ensure(plan).finally(() => this.#underWay.delete(plan.name));
      this.#underWay.set(plan.name, underWay);
    }
    return underWay;
  }

  /** The servers that run now. */
  list(): Promise<ServerRecord[]> {
    return livingIn(this.#settings.folder);
  }

  /** Ends servers, all or those named. Returns the ones that ran. */
  async stop({
    names,
    graceMs = 5_000,
  }: { readonly names?: readonly string[]; readonly graceMs?: number } = {}): Promise<ServerRecord[]> {
    const running = (await this.list()).filter(({ name }) => names === undefined || names.includes(name));
    await Promise.all(running.map((record) => terminate(record, { graceMs })));
    return running;
  }

  async #ensure(plan: ServerPlan): Promise<ServerRecord> {
    try {
      for (let starts = 0; ;) {
        const latest = await this.#latest(plan.name);
        if (latest && (await isAlive(latest))) {
          if (await this.#answers(latest, plan)) return latest;
          await terminate(latest, { graceMs: 1_000 });
        } else if (starts < STARTS_PER_CALL) {
          starts += 1;
          await this.#start(plan, (latest?.generation ?? 0) + 1);
        } else {
          throw new Error(
            `Expected model server ${plan.name} to answer within ${plan.startMs / 1000} s, but it ended; see ` +
              (latest?.log ?? this.#settings.logDir),
          );
        }
      }
    } catch (error) {
      this.#failed.set(plan.name, { error: error as Error, at: Date.now() });
      throw error;
    }
  }

  async #start(plan: ServerPlan, generation: number): Promise<void> {
    const { logDir, host, root, env } = this.#settings;
    const port = await freePort(plan.port, host);
    const log = path.join(logDir, `${plan.name}.log`);
    await launchOnce<ServerRecord>({
      record: this.#recordFile(plan.name, generation),
      about: { name: plan.name, generation, host, port, log },
      command: plan.command(port),
      cwd: root,
      env,
      log,
    });
    const old = (await this.#generations(plan.name)).slice(KEPT_GENERATIONS);
    await Promise.all(old.map((each) => rm(this.#recordFile(plan.name, each), { force: true })));
  }

  /**
   * Waits for an answer: as long as a start may take, and in any case as long as a busy server may. False when it ended
   * or hangs.
   */
  async #answers(record: ServerRecord, plan: ServerPlan): Promise<boolean> {
    const until = Math.max(Date.parse(record.startedAt) + plan.startMs, Date.now() + (this.#settings.hungMs ?? 30_000));
    while (Date.now() < until) {
      if (await isHealthy(record)) return true;
      if (!(await isAlive(record))) return false;
      await sleep(100);
    }
    return false;
  }

  async #latest(name: string): Promise<ServerRecord | undefined> {
    const [generation] = await this.#generations(name);
    return generation === undefined ? undefined : readRecord(this.#recordFile(name, generation));
  }

  /** Whose records are kept, the newest first. */
  async #generations(name: string): Promise<number[]> {
    const files = (await filesIn(this.#settings.folder)).map((file) => /^(.+)\.(\d+)\.json$/.exec(file));
    return files.flatMap((file) => (file?.[1] === name ? Number(file[2]) : [])).sort((a, b) => b - a);
  }

  #recordFile(name: string, generation: number): string {
    return path.join(this.#settings.folder, `${name}.${generation}.json`);
  }
}

async function isHealthy({ host, port }: ServerRecord): Promise<boolean> {
  try {
    const response = await fetch(`http://${host}:${port}/health`, { signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // refused, cut off or late: the caller decides what that means
  }
}
