import { escape } from '../markup.ts';

/** A part of a text that Markdown does not see: a formula, code, or what a command of LaTeX becomes. */
export interface Piece {
  /** Made already, safe. */
  readonly html: string;
  /** Where Markdown takes the place for code: what stood in the text. */
  readonly source: string;
  /** Cannot stand in a `p`. @default false */
  readonly block?: boolean;
  /** Nothing within it can be broken: it keeps the stop behind it. @default false */
  readonly short?: boolean;
}

/** Around a piece's number; no text may have these two, which Unicode keeps for a program's own use. */
const [OPEN, CLOSE] = ['\ufdd0', '\ufdd1'];
export const MARKS = OPEN + CLOSE;
const MARK = /\ufdd0(\d+)\ufdd1/g;
/** What no line should begin with. */
const STOP = /^[.,;:!?)\]’”…]+/;

/** The text without signs that stand for pieces, or that no page may hold. */
export const withoutMarks = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these are what is meant
  text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufdd0\ufdd1]/g, '\ufffd');

/** Markdown with pieces in it, and the line of the source that each of its lines begins on. */
export class Draft {
  readonly #parts: string[] = [];
  readonly #pieces: Piece[] = [];
  /** By line of the draft; from 0. */
  readonly lines: number[];
  /** Line of the source at which the draft ends so far. */
  #line: number;

  constructor(line: number) {
    this.#line = line;
    this.lines = [line];
  }

  /** Line of the source on which the draft ends. */
  get endLine(): number {
    return this.#line;
  }

  get markdown(): string {
    return this.#parts.join('');
  }

  /** @param isSource whether its line ends are the source's; those of signs put in are not. */
  text(text: string, isSource = true): void {
    this.#parts.push(text);
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) {
      if (isSource) this.#line += 1;
      this.lines.push(this.#line);
    }
  }

  piece(piece: Piece): void {
    this.#parts.push(`${OPEN}${this.#pieces.length}${CLOSE}`);
    this.#pieces.push(piece);
    this.skip(piece.source);
  }

  /** Passes over source that is not shown. */
  skip(source: string): void {
    for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) this.#line += 1;
  }

  /** Text of this draft with its pieces. */
  html(text: string): string {
    return this.#filled(text, (piece, behind) => {
      const stop = piece.short === true ? (STOP.exec(behind)?.[0] ?? '') : '';
      return [stop === '' ? piece.html : `<span class="kept">${piece.html}${escape(stop)}</span>`, stop.length];
    });
  }

  /** The same as it stood in the source. */
  code(text: string): string {
    return this.#filled(text, ({ source }) => [escape(source), 0]);
  }

  /** @param fill what stands for a piece, and how many characters behind it are in that. */
  #filled(text: string, fill: (piece: Piece, behind: string) => [string, number]): string {
    let html = '';
    let from = 0;
    for (const found of text.matchAll(MARK)) {
      const end = found.index + found[0].length;
      const piece = this.#pieces[Number(found[1])];
      const [filled, taken] = piece === undefined ? ['', 0] : fill(piece, text.slice(end, end + 4));
      html += escape(text.slice(from, found.index)) + filled;
      from = end + taken;
    }
    return html + escape(text.slice(from));
  }

  hasBlock(text: string): boolean {
    return [...text.matchAll(MARK)].some((found) => this.#pieces[Number(found[1])]?.block === true);
  }
}
