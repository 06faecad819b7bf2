import type { SlurmJob, SlurmTransport } from './types.ts';

/** A list of jobs, as asked for at one moment. */
interface List {
  readonly names: ReadonlySet<string>;
  /** Milliseconds since the epoch: before it was asked for. */
  readonly at: number;
  readonly jobs: Promise<SlurmJob[]>;
}

interface Asking {
  /** How old an answer may be, in milliseconds. */
  readonly maxAgeMs: number;
  /** Nothing that was asked for before it. @default 0 */
  readonly notBefore?: number;
}

/** Names that nobody has asked about for so long are not asked for any more. */
const FORGOTTEN_MS = 600_000;
/** After a failure: as long as a person would wait, then longer. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * One list for all jobs that are watched, asked for when somebody's is too old. A login node that serves hundreds of
 * people, and the controller behind it, are asked once and not once a job.
 */
export class SharedQueue {
  readonly #transport: Pick<SlurmTransport, 'list'>;
  readonly #watched = new Map<string, number>();
  #last: List | undefined;
  #failures = 0;
  #failed: { readonly until: number; readonly error: Error } | undefined;

  constructor(transport: Pick<SlurmTransport, 'list'>) {
    this.#transport = transport;
  }

  /**
   * All jobs of that name.
   * @throws what the list failed with, for a while without asking again.
   */
  async jobs(name: string, { maxAgeMs, notBefore = 0 }: Asking): Promise<{ at: number; jobs: SlurmJob[] }> {
    const now = Date.now();
    this.#watched.set(name, now);
    // Ours: up to a fifth earlier, so that those who share a login node do not ask in step.
    const oldest = Math.max(notBefore, now - maxAgeMs * (1 - Math.random() / 5));
    let list = this.#last;
    if (list === undefined || list.at < oldest || !list.names.has(name)) {
      if (this.#failed !== undefined && this.#failed.until > now) throw this.#failed.error;
      list = this.#ask(now);
    }
    return { at: list.at, jobs: await list.jobs };
  }

  #ask(at: number): List {
    for (const [name, asked] of this.#watched) if (at - asked > FORGOTTEN_MS) this.#watched.delete(name);
    const names = new Set(this.#watched.keys());
    const list: List = { names, at, jobs: this.#transport.list([...names]) };
    this.#last = list;
    list.jobs.then(
      () => {
        this.#failures = 0;
        this.#failed = undefined;
      },
      (error: Error) => {
        if (this.#last === list) this.#last = undefined;
        const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures);
        this.#failures += 1;
        this.#failed = { until: Date.now() + pause, error };
      },
    );
    return list;
  }
}

const queues = new Map<string, SharedQueue>();

/** The queue of a controller, which all clusters of this process share that ask it. */
export function queueOf(transport: SlurmTransport): SharedQueue {
  const known = queues.get(transport.controller);
  if (known !== undefined) return known;
  const queue = new SharedQueue(transport);
  queues.set(transport.controller, queue);
  return queue;
}
