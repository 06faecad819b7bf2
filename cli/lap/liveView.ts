/** Ours: how often a new line comes at most where there is no terminal. */
const EVERY_MS = 10_000;

/**
 * Where progress is shown: on a terminal as lines that change in place, elsewhere as one line when it says something
 * new.
 */
export class LiveView {
  readonly #out: NodeJS.WriteStream;
  /** Lines on the terminal that the next ones take the place of. */
  #shown = 0;
  #last = '';
  #lastAt = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /**
   * @param text one line or several.
   * @param key what must change for a new line where there is no terminal.
   */
  update(text: string, key: string): void {
    const lines = text.split('\n');
    if (this.#out.isTTY) {
      const width = Math.max(20, this.#out.columns || 80);
      const height = Math.max(1, (this.#out.rows || 24) - 1);
      const shown = lines
        .slice(0, height)
        .map((line) => (line.length > width - 1 ? `${line.slice(0, width - 2)}…` : line));
      this.clear();
      this.#out.write(shown.join('\n'));
      this.#shown = shown.length;
    } else if (key !== this.#last && Date.now() - this.#lastAt >= EVERY_MS) {
      this.#last = key;
      this.#lastAt = Date.now();
      this.#out.write(`${lines.map((line) => line.trim()).join(' · ')}\n`);
    }
  }

  /** A line that stays. @param key of the progress that it tells, if it does. */
  say(line: string, key?: string): void {
    this.clear();
    if (key !== undefined) [this.#last, this.#lastAt] = [key, Date.now()];
    this.#out.write(`${line}\n`);
  }

  clear(): void {
    if (this.#shown > 1) this.#out.write(`\u001B[${this.#shown - 1}A`);
    if (this.#shown > 0) this.#out.write('\r\u001B[J');
    this.#shown = 0;
  }
}
