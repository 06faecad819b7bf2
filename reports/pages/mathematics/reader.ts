import { escape } from '../markup.ts';
import { command, group } from './commands.ts';
import { isFormulaEnvironment, type Place } from './dialect.ts';
import { closingDollar, closingDollars } from './dollars.ts';
import { Draft } from './draft.ts';
import { environment } from './environments.ts';
import type { Formulas } from './formula.ts';
import { tokensOf, type Token } from './lexer.ts';
import { blocks, inline, type Lines } from './markdown.ts';
import type { Range, Reading } from './reading.ts';

/** Environments and arguments in each other; what is deeper stays text. */
const DEPTH = 20;

/** Reads one text: its formulas and commands become pieces, the rest is Markdown. */
export class Reader implements Reading {
  readonly source: string;
  readonly tokens: Token[];
  readonly formulas: Formulas;
  readonly #lines: Lines | undefined;
  readonly #newlines: readonly number[];
  #depth = 0;
  /** Quotation marks of LaTeX that are open. */
  #quotes = 0;

  constructor(source: string, formulas: Formulas, lines: Lines | undefined) {
    this.source = source;
    this.tokens = tokensOf(source);
    this.formulas = formulas;
    this.#lines = lines;
    this.#newlines = [...source.matchAll(/\n/g)].map(({ index }) => index);
  }

  whole(): string {
    return this.blocks({ start: 0, end: this.source.length, first: 0, last: this.tokens.length });
  }

  blocks(part: Range): string {
    return this.#deeper(part, (draft) => blocks(draft, this.#lines));
  }

  inline(part: Range): string {
    return this.#deeper(part, inline);
  }

  #deeper(part: Range, html: (draft: Draft) => string): string {
    if (this.#depth >= DEPTH) return escape(this.source.slice(part.start, part.end));
    this.#depth += 1;
    try {
      return html(this.#read(part));
    } finally {
      this.#depth -= 1;
    }
  }

  #read({ start, end, first, last }: Range): Draft {
    const draft = new Draft(this.#lineAt(start));
    let at = start;
    let before: Token | undefined;
    for (let index = first; index < last; index += 1) {
      const token = this.tokens[index];
      if (token === undefined || token.start < at) continue;
      this.#plain(draft, at, token.start, before, token);
      at = this.#take(draft, index, last, end) ?? this.#literal(draft, token);
      before = token;
    }
    this.#plain(draft, at, end, before, undefined);
    return draft;
  }

  /** The line of a place, from 0. */
  #lineAt(offset: number): number {
    let [low, high] = [0, this.#newlines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#newlines[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Writes what begins with a token, and returns the offset behind it; undefined where nothing does. */
  #take(draft: Draft, index: number, last: number, end: number): number | undefined {
    const token = this.tokens[index];
    if (token === undefined) return undefined;
    switch (token.kind) {
      case 'dollar': {
        const close = closingDollar(this.source, this.tokens, index, last);
        const closing = this.tokens[close ?? -1];
        // Of two dollar signs the first closes, and the second may open the next.
        if (close !== undefined && closing?.kind === 'dollars')
          this.tokens[close] = { kind: 'dollar', start: closing.start + 1, end: closing.end };
        return closing && this.#formula(draft, token, { start: closing.start, end: closing.start + 1 }, 'inline');
      }
      case 'dollars': {
        const closing = this.tokens[closingDollars(this.source, this.tokens, index, last) ?? -1];
        return closing && this.#formula(draft, token, closing, 'display');
      }
      case 'round':
      case 'square': {
        const closing = this.#closing(token.match, end);
        if (closing === undefined || (token.kind === 'square' && this.#isText(index, token.match ?? index)))
          return undefined;
        return this.#formula(draft, token, closing, token.kind === 'round' ? 'inline' : 'display');
      }
      case 'begin': {
        const closing = this.#closing(token.match, end);
        if (closing === undefined) return undefined;
        if (!isFormulaEnvironment(token.name)) {
          if (this.#depth >= DEPTH) return undefined;
          environment(this, draft, index);
          return closing.end;
        }
        const whole = this.source.slice(token.start, closing.end);
        const place = token.name === 'math' ? 'inline' : 'display';
        draft.piece({ html: this.formulas.html(whole, place, whole), source: whole });
        return closing.end;
      }
      case 'code': {
        const source = this.source.slice(token.start, token.end);
        const [, text = ''] = /^(?:`+)([^]*?)`+$/.exec(source.replaceAll('\n', ' ')) ?? [];
        draft.piece({ html: `<code>${escape(text.trim() || text)}</code>`, source });
        return token.end;
      }
      case 'brace':
        return group(this, draft, index, end);
      case 'command':
        return command(this, draft, index, end);
      case 'escape':
        return this.#escaped(draft, token);
      case 'and':
      case 'blank':
      case 'fence':
      case 'end':
      case 'endBrace':
      case 'endRound':
      case 'endSquare':
        return undefined;
    }
  }

  #closing(match: number | undefined, end: number): Token | undefined {
    const closing = match === undefined ? undefined : this.tokens[match];
    return closing !== undefined && closing.end <= end ? closing : undefined;
  }

  #formula(draft: Draft, open: Token, close: Pick<Token, 'start' | 'end'>, place: Place): number | undefined {
    const tex = this.source.slice(open.end, close.start);
    if (tex.trim() === '') return undefined;
    const source = this.source.slice(open.start, close.end);
    const html = this.formulas.html(tex, place, source);
    draft.piece({ html, source, short: place === 'inline' && hasOnePart(html) });
    return close.end;
  }

  /** Whether square delimiters hold paragraphs with formulas: then the first of them has lost its other one. */
  #isText(open: number, close: number): boolean {
    const within = this.tokens.slice(open + 1, Math.min(close, open + 2000));
    const blank = within.findIndex(({ kind }) => kind === 'blank');
    return blank >= 0 && within.slice(blank).some(({ kind }) => ['dollar', 'dollars', 'round', 'fence'].includes(kind));
  }

  #escaped(draft: Draft, token: Token & { readonly kind: 'escape' }): number | undefined {
    if (',;:'.includes(token.sign)) draft.text(' ');
    else if (token.sign === '\\') {
      const [skipped = '', size] =
        /^[ \t]*(\[[^\]\n]{0,12}\])?/.exec(this.source.slice(token.end, token.end + 40)) ?? [];
      const until = token.end + skipped.length;
      if (size === undefined && skipped === '' && !/^(?:\n|$)/.test(this.source.slice(token.end, token.end + 1)))
        return undefined;
      draft.piece({ html: '<br>', source: '' });
      return until;
    } else return undefined;
    return token.end;
  }

  /** A token that is no more than its signs; Markdown would take some of them for its own. */
  #literal(draft: Draft, token: Token): number {
    const text = this.source.slice(token.start, token.end);
    draft.text(/^\\[()[\]]$/.test(text) ? `\\${text}` : text.replace(/\*$/, '\\*'));
    return token.end;
  }

  /** Text between tokens. */
  #plain(draft: Draft, start: number, end: number, before: Token | undefined, next: Token | undefined): void {
    if (start >= end) return;
    let text = this.source.slice(start, end);
    // In 2*3 and f(x)*f(y) the star multiplies; for Markdown two of them would be emphasis.
    if (text.includes('*'))
      text = `${beside(before)}${text}${beside(next)}`
        .replaceAll(/(?<=[A-Za-z0-9)\]])\*(?=[A-Za-z0-9([])/g, '\\*')
        .slice(1, -1);
    if (text.includes('~')) {
      text = text.replaceAll(/(?<=[A-Za-z]{3})~(?=\d)/g, NO_BREAK);
      if (isReferred(next)) text = text.replace(/(?<=[A-Za-z.])~$/, NO_BREAK);
    }
    draft.text(text.replaceAll(/(?<!`)``(?!`)|''/g, (mark) => this.#quoted(mark)));
  }

  /** Quotation marks of LaTeX; two primes are none. */
  #quoted(mark: string): string {
    if (mark === '``') {
      this.#quotes += 1;
      return '“';
    }
    if (this.#quotes === 0) return mark;
    this.#quotes -= 1;
    return '”';
  }
}

/** A formula may be broken between its parts. */
const PART = '<span class="katex-base">';
const hasOnePart = (html: string) => {
  const first = html.indexOf(PART);
  return first >= 0 && !html.includes(PART, first + 1);
};

const NO_BREAK = '\u00a0';

/** A sign for what stands beside a text: a letter for a formula. */
const beside = (token: Token | undefined) =>
  token === undefined || token.kind === 'blank' || token.kind === 'and' ? ' ' : 'x';

const isReferred = (token: Token | undefined) =>
  token !== undefined && ['dollar', 'round', 'command'].includes(token.kind);
