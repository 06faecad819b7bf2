import { setTimeout as sleep } from 'node:timers/promises';

/** Does something once for all who wait for it: after a while, or when it is told that nobody else will come. */
export class Together {
  readonly #doIt: () => Promise<void>;
  readonly #afterMs: number;
  #next: { readonly done: Promise<void>; readonly hurry: AbortController } | undefined;
  /** How many wait for the next time. */
  waiting = 0;

  constructor(doIt: () => Promise<void>, afterMs: number) {
    this.#doIt = doIt;
    this.#afterMs = afterMs;
  }

  join(): Promise<void> {
    this.#next ??= this.#begin();
    this.waiting += 1;
    return this.#next.done;
  }

  hurry(): void {
    this.#next?.hurry.abort();
  }

  #begin() {
    const hurry = new AbortController();
    const done = sleep(this.#afterMs, undefined, { signal: hurry.signal, ref: false })
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        this.waiting = 0;
        return this.#doIt();
      });
    return { done, hurry };
  }
}
