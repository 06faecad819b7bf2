import { EXIT } from './usage.ts';

/** The command was interrupted before it could do what it was asked. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * What Ctrl-C means for a command: the first time it tidies up and ends with 130 (SIGTERM: 143), the second time it
 * ends at once, and what it was stopping goes on stopping without it.
 */
export class Interruption {
  readonly #controller = new AbortController();
  #code: number | undefined;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (this.#code !== undefined) process.exit(this.#code);
        this.#code = signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
        this.#controller.abort();
      });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get happened(): boolean {
    return this.signal.aborted;
  }

  /** @throws Interrupted as soon as it happens; what was under way is left as it is, for the next command to finish. */
  async orEndOf<T>(work: Promise<T>): Promise<T> {
    this.check();
    return Promise.race([
      work,
      new Promise<never>((_, reject) => {
        this.signal.addEventListener('abort', () => reject(new Interrupted()), { once: true });
      }),
    ]);
  }

  check(): void {
    if (this.happened) throw new Interrupted();
  }

  /** Ends the command if it was interrupted, with whatever is still under way in it. */
  exit(): void {
    if (this.#code !== undefined) process.exit(this.#code);
  }
}
