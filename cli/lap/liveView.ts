/** Ours: how often a new line comes at most where there is no terminal. */
const EVERY_MS = 10_000;

/**
 * Where progress is shown: on a terminal as one line that changes in place, elsewhere as a line when it says something
 * new.
 */
export class LiveView {
  readonly #out: NodeJS.WriteStream;
  #shown = false;
  #last = '';
  #lastAt = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** @param key what must change for a new line where there is no terminal. */
  update(line: string, key: string): void {
    if (this.#out.isTTY) {
      const width = Math.max(20, this.#out.columns || 80);
      this.#out.write(`\r\u001B[2K${line.length > width - 1 ? `${line.slice(0, width - 2)}…` : line}`);
      this.#shown = true;
    } else if (key !== this.#last && Date.now() - this.#lastAt >= EVERY_MS) {
      this.#last = key;
      this.#lastAt = Date.now();
      this.#out.write(`${line}\n`);
    }
  }

  /** A line that stays. @param key of the progress that it tells, if it does. */
  say(line: string, key?: string): void {
    this.clear();
    if (key !== undefined) [this.#last, this.#lastAt] = [key, Date.now()];
    this.#out.write(`${line}\n`);
  }

  clear(): void {
    if (this.#shown) this.#out.write('\r\u001B[2K');
    this.#shown = false;
  }
}
