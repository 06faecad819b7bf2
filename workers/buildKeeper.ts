import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';
import { dropBuild, type Build } from './builds.ts';
import { pinnedTo, setCurrentBuild, stateOfBuild } from './deployment.ts';

interface BuildKeeperOptions {
  readonly client: Client;
  /** The build whose worker runs beside this keeper. */
  readonly today: string;
  /** Whether new workflows shall start on today's build as soon as its worker is there. */
  readonly becomeCurrent: boolean;
  /** The builds that are kept on this machine. */
  readonly kept: () => Promise<readonly Build[]>;
  readonly startWorker: (old: Build) => Promise<Worker>;
  readonly say: (line: string) => void;
  /** @default 30 s: how long a lap may wait for its worker where a look failed */
  readonly everyMs?: number;
}

/** The server knows a build a moment after its worker has begun to poll. */
const SOON_MS = 250;
const LATE_TRIES = 40;

/**
 * Deploys today's build, and keeps a worker running for every older one on which workflows are open: the workflows as
 * they were when the lap started, the activities as they are today. A build that the server calls drained is dropped.
 */
export class BuildKeeper {
  readonly #options: BuildKeeperOptions;
  readonly #workers = new Map<string, Worker>();
  readonly #ends = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  #deployed: boolean;
  #tries = 0;

  constructor(options: BuildKeeperOptions) {
    this.#options = options;
    this.#deployed = !options.becomeCurrent;
  }

  /** Until `shutdown`. What fails is tried again: the server may be away. */
  async run(): Promise<void> {
    const { say, everyMs = 30_000 } = this.#options;
    let trouble = '';
    while (!this.#stop.signal.aborted) {
      try {
        if (!this.#deployed) await this.#deploy();
        if (this.#deployed) await this.#lookAfterOlder();
        trouble = '';
      } catch (error) {
        const { message } = error as Error;
        if (message !== trouble) say(`cannot look after the builds: ${message}`);
        trouble = message;
      }
      // shut down: the loop ends
      await sleep(this.#deployed ? everyMs : SOON_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
    for (const worker of this.#workers.values()) end(worker);
    await Promise.all(this.#ends);
  }

  shutdown(): void {
    this.#stop.abort();
  }

  async #deploy(): Promise<void> {
    const { client, today, say } = this.#options;
    const refusal = await setCurrentBuild(client, today);
    this.#deployed = refusal === undefined;
    this.#tries += 1;
    if (this.#deployed) say(`build ${today}: new laps start on it`);
    else if (this.#tries === LATE_TRIES) say(`build ${today}: new laps do not start on it yet: ${refusal}`);
  }

  async #lookAfterOlder(): Promise<void> {
    const { client, today, kept, say } = this.#options;
    for (const build of await kept()) {
      if (build.buildId === today) continue;
      const state = await stateOfBuild(client, build.buildId);
      const worker = this.#workers.get(build.buildId);
      if (state === 'drained') {
        if (worker !== undefined) end(worker);
        await dropBuild(build);
        say(`build ${build.buildId}: drained and dropped`);
      } else if (
        worker === undefined &&
        (state === 'current' || (await client.workflow.count(pinnedTo(build.buildId))).count > 0)
      ) {
        await this.#start(build);
      }
    }
  }

  async #start(build: Build): Promise<void> {
    const { startWorker, say } = this.#options;
    const worker = await startWorker(build);
    if (this.#stop.signal.aborted) return; // never polled: nothing to end
    say(`build ${build.buildId}: older, with a worker for what is open on it`);
    this.#workers.set(build.buildId, worker);
    const ended = worker
      .run()
      .catch((error: Error) => say(`build ${build.buildId}: its worker failed: ${error.message}`))
      .finally(() => {
        this.#workers.delete(build.buildId);
        this.#ends.delete(ended);
      });
    this.#ends.add(ended);
  }
}

/** Asks a worker to end, unless it is ending already, as after SIGTERM. */
export function end(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}
