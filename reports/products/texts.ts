import { setImmediate } from 'node:timers/promises';
import { html, type Markup } from '../pages/markup.ts';
import { mathematics } from '../pages/mathematics/index.ts';
import { whole } from '../pages/format.ts';

/** Characters of HTML that one of a text with formulas becomes at the least: what can fit is tried. */
const GROWTH = 12;
/** Longer texts are no proofs, but answers that went astray: of those the source is enough. */
const LONGEST = 100_000;
/** Of a text as it stands, so much is shown however little room there is. */
const SHOWN = 2000;

/** Room in a page, in characters: what is set takes of it, and what no longer fits is shown as its source. */
export class Room {
  #left: number;
  /** Texts that are shown as their source, cut, or not at all. */
  asSource = 0;
  cut = 0;
  leftOut = 0;

  constructor(characters: number) {
    this.#left = characters;
  }

  take({ markup }: Markup): void {
    this.#left -= markup.length;
  }

  /** A text with its mathematics set; its source where that is too large, cut where that is, too. */
  async text(text: string): Promise<Markup> {
    // A long text takes a second, in which nothing else of the process runs.
    await setImmediate();
    const fits = text.length <= LONGEST && text.length * (/[$\\]/.test(text) ? GROWTH : 1) <= this.#left;
    const set = fits ? mathematics(text) : undefined;
    if (set !== undefined && set.markup.length <= this.#left) {
      this.take(set);
      return set;
    }
    this.asSource += 1;
    const length = Math.max(SHOWN, Math.min(text.length, this.#left));
    if (length < text.length) this.cut += 1;
    const more = text.length > length ? `\n… (${whole(text.length - length)} more characters)` : '';
    const source = html`<div class="text">${text.slice(0, length) + more}</div>`;
    this.take(source);
    return source;
  }

  /** The same of a text that may be left out. */
  async perhaps(text: string): Promise<Markup | undefined> {
    if (text.length < this.#left) return this.text(text);
    this.leftOut += 1;
    return undefined;
  }
}
