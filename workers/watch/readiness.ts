import { setTimeout as sleep } from 'node:timers/promises';
import { gauge } from '../../activities/metrics/registry.ts';

/** Why it cannot work now, in words; undefined where it can. It may throw: the message is the reason then. */
export type Check = () => string | undefined | Promise<string | undefined>;

/** How long a look may take, and how old one may be: probes of several askers are one. Ours. */
const LOOK_MS = 2_000;
const FRESH_MS = 1_000;

/** Whether a process can do its work: all its checks pass, and it is not on its way out. */
export class Readiness {
  readonly #checks: readonly Check[];
  #ending: string | undefined;
  #looked: { readonly at: number; readonly reasons: Promise<string[]> } | undefined;

  constructor(checks: readonly Check[]) {
    this.#checks = checks;
  }

  /** Nothing new shall be sent here from now on. @param why such as `ending after SIGTERM`. */
  drain(why: string): void {
    this.#ending = why;
  }

  /** Why it is not ready; nothing where it is. */
  async reasonsNot(): Promise<string[]> {
    if (this.#ending !== undefined) return [this.#ending];
    if (this.#looked === undefined || Date.now() - this.#looked.at > FRESH_MS)
      this.#looked = { at: Date.now(), reasons: this.#look() };
    return this.#looked.reasons;
  }

  async #look(): Promise<string[]> {
    const reasons = await Promise.all(this.#checks.map(reasonOf));
    return reasons.filter((reason) => reason !== undefined);
  }
}

async function reasonOf(check: Check): Promise<string | undefined> {
  const over = new AbortController();
  const late = sleep(LOOK_MS, `no answer within ${LOOK_MS / 1000} s`, { signal: over.signal, ref: false });
  try {
    return await Promise.race([Promise.resolve().then(check), late]);
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  } finally {
    late.catch(() => undefined); // it is over before its time
    over.abort();
  }
}

/** Shows it beside the metrics. @param process the kind of process, such as `inference`. */
export function measureReadiness(process: string, readiness: Readiness): void {
  gauge(
    {
      name: 'flywheel_process_ready',
      help: 'Whether the process can do its work, as /readyz says: 1, else 0.',
      labels: ['process'],
    },
    async (ready) => ready.set({ process }, (await readiness.reasonsNot()).length === 0 ? 1 : 0),
  );
}
