import type { Server } from './server.ts';
import type { Endpoint, Load } from './types.ts';

interface Watched {
  readonly servers: () => readonly Server[];
  /** Calls that wait for one. */
  readonly waiting: () => number;
  /** Asks for the servers anew, and tells what is asked of them. */
  readonly look: (load: Load) => Promise<void>;
}

/**
 * Servers that come and go by themselves, as those of a pool: while calls wait or are under way it is looked from time
 * to time which there are, and once more when the last call has ended, so that the pool knows that, too.
 */
export class ServerWatch {
  readonly #watched: Watched;
  /** Servers that are no longer among them, and still have calls. */
  #leaving: Server[] = [];
  #everyMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #toldOfCalls = false;
  #isOff = false;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** @param before the servers until now. */
  keep(endpoints: readonly Endpoint[], before: readonly Server[]): void {
    const told = endpoints.flatMap(({ lookEveryMs }) => lookEveryMs ?? []);
    this.#everyMs = told.length === 0 ? undefined : Math.min(...told);
    const now = this.#watched.servers();
    this.#leaving = [...this.#leaving, ...before].filter((one) => one.inFlight > 0 && !now.includes(one));
  }

  /** Something may have changed. */
  stir(): void {
    if (this.#everyMs === undefined || this.#timer !== undefined || this.#isOff) return;
    if (!this.#toldOfCalls && !isAny(this.#load())) return;
    this.#timer = setTimeout(() => void this.#look(), this.#everyMs).unref();
  }

  off(): void {
    this.#isOff = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    const load = this.#load();
    this.#toldOfCalls = isAny(load);
    // Who cannot be asked now is asked again: nothing depends on a single look.
    await this.#watched.look(load).catch(() => undefined);
    this.#timer = undefined;
    this.stir();
  }

  #load(): Load {
    const inFlight: Record<string, number> = {};
    for (const { endpoint, inFlight: calls } of [...this.#watched.servers(), ...this.#leaving])
      if (calls > 0) inFlight[endpoint.baseUrl] = (inFlight[endpoint.baseUrl] ?? 0) + calls;
    return { waiting: this.#watched.waiting(), inFlight };
  }
}

function isAny({ waiting, inFlight }: Load): boolean {
  return waiting > 0 || Object.keys(inFlight).length > 0;
}
