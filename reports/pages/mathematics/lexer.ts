/**
 * What a text is made of, as far as mathematics goes: a token is a sign that may begin, end or divide something; what
 * lies between tokens is plain text. Made once, in one pass, so that hostile texts take no longer than others.
 */
export type Token =
  | (Span & { readonly kind: 'dollar' | 'dollars' | 'blank' | 'and' | 'code' | 'fence' })
  /** A backslash and one sign that is no letter. */
  | (Span & { readonly kind: 'escape'; readonly sign: string })
  | (Span & { readonly kind: 'command'; readonly name: string })
  /** `{`, `\(`, `\[` or `\begin{name}`; `match` is the token that closes it, where there is one. */
  | (Span & { readonly kind: Opening; readonly name: string; match: number | undefined })
  | (Span & { readonly kind: Closing; readonly name: string });

interface Span {
  readonly start: number;
  readonly end: number;
}
type Opening = 'brace' | 'round' | 'square' | 'begin';
type Closing = 'endBrace' | 'endRound' | 'endSquare' | 'end';

const OPENINGS: Readonly<Record<string, Opening>> = { '{': 'brace', '\\(': 'round', '\\[': 'square' };
const CLOSINGS: Readonly<Record<string, Closing>> = { '}': 'endBrace', '\\)': 'endRound', '\\]': 'endSquare' };
const OPENED_BY = { endBrace: 'brace', endRound: 'round', endSquare: 'square', end: 'begin' } as const;

const SIGN = /\\(begin|end)[ \t]*\{([A-Za-z]{1,40}\*?)\}|\\([A-Za-z]+\*?)|\\[^\n]|\$\$?|[{}&]|`+|\n[ \t]*(?=\n)/g;
const FENCE = /^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}(?=[^`]*$)|~{3,})/;

/** Signs of a text, in order. */
export function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  const code = new InlineCode(source);
  for (const { start, end, fenced } of stretches(source)) {
    if (fenced) {
      tokens.push({ kind: 'fence', start, end });
      continue;
    }
    const stretch = source.slice(start, end);
    SIGN.lastIndex = 0;
    for (let found = SIGN.exec(stretch); found !== null; found = SIGN.exec(stretch)) {
      const token = tokenOf(found, start, code, end);
      if (token === undefined) continue;
      tokens.push(token);
      SIGN.lastIndex = token.end - start;
    }
  }
  pair(tokens);
  return tokens;
}

function tokenOf(found: RegExpExecArray, from: number, code: InlineCode, limit: number): Token | undefined {
  const [text, side, environment, command] = found;
  const start = from + found.index;
  const span = { start, end: start + text.length };
  if (environment !== undefined)
    return side === 'begin'
      ? { kind: 'begin', name: environment, match: undefined, ...span }
      : { kind: 'end', name: environment, ...span };
  if (command !== undefined) return { kind: 'command', name: command, ...span };
  const opening = OPENINGS[text];
  if (opening !== undefined) return { kind: opening, name: '', match: undefined, ...span };
  const closing = CLOSINGS[text];
  if (closing !== undefined) return { kind: closing, name: '', ...span };
  if (text === '$') return { kind: 'dollar', ...span };
  if (text === '$$') return { kind: 'dollars', ...span };
  if (text === '&') return { kind: 'and', ...span };
  if (text.startsWith('\\')) return { kind: 'escape', sign: text.slice(1), ...span };
  if (text.startsWith('\n')) return { kind: 'blank', ...span };
  const end = code.endOf(start, text.length, limit);
  return end === undefined ? undefined : { kind: 'code', start, end };
}

/** The text in stretches between fences (a line that opens a code block, up to the one that closes it), and these. */
function* stretches(source: string): Generator<Span & { readonly fenced: boolean }> {
  let from = 0;
  let open: { readonly start: number; readonly sign: string } | undefined;
  for (let start = 0; start < source.length;) {
    const newline = source.indexOf('\n', start);
    const end = newline < 0 ? source.length : newline;
    const sign = FENCE.exec(source.slice(start, Math.min(end, start + 200)))?.[1];
    if (open === undefined && sign !== undefined) {
      yield { start: from, end: start, fenced: false };
      open = { start, sign };
    } else if (open !== undefined && sign?.startsWith(open.sign) && source.slice(start, end).trim().endsWith(sign)) {
      yield { start: open.start, end, fenced: true };
      open = undefined;
      from = end;
    }
    start = end + 1;
  }
  if (open === undefined) yield { start: from, end: source.length, fenced: false };
  else yield { start: open.start, end: source.length, fenced: true };
}

/** Ends of code spans: a run of backticks is closed by the next of the same length in its paragraph. */
class InlineCode {
  readonly #source: string;
  /** Starts of the runs of each length, the last first; made when the first run is met. */
  #runs: Map<number, number[]> | undefined;

  constructor(source: string) {
    this.#source = source;
  }

  endOf(start: number, length: number, limit: number): number | undefined {
    this.#runs ??= this.#find();
    const runs = this.#runs.get(length) ?? [];
    while ((runs.at(-1) ?? Infinity) <= start) runs.pop();
    const close = runs.at(-1);
    if (close === undefined || close >= limit) return undefined;
    const inside = this.#source.slice(start + length, close);
    // ``so'' are quotation marks of LaTeX.
    if (/\n[ \t]*\n/.test(inside) || (length === 2 && inside.includes("''"))) return undefined;
    return close + length;
  }

  #find(): Map<number, number[]> {
    const runs = new Map<number, number[]>();
    for (const { 0: run, index } of this.#source.matchAll(/`+/g)) {
      const starts = runs.get(run.length) ?? [];
      runs.set(run.length, starts);
      starts.push(index);
    }
    for (const starts of runs.values()) starts.reverse();
    return runs;
  }
}

/** Tells openings what closes them. Braces and `\(` end with their paragraph at the latest. */
function pair(tokens: readonly Token[]): void {
  const open: Record<Opening, number[]> = { brace: [], round: [], square: [], begin: [] };
  const opened = new Map<string, number>();
  const count = (name: string, by: number) => opened.set(name, (opened.get(name) ?? 0) + by);
  tokens.forEach((token, index) => {
    if (token.kind === 'blank') {
      open.brace.length = 0;
      open.round.length = 0;
    } else if ('match' in token) {
      open[token.kind].push(index);
      count(token.name, 1);
    } else if (isClosing(token) && (opened.get(token.name) ?? 0) > 0) {
      const stack = open[OPENED_BY[token.kind]];
      for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
        const opening = tokens[at];
        if (opening === undefined || !('match' in opening)) break;
        count(opening.name, -1);
        if (opening.name !== token.name) continue;
        opening.match = index;
        break;
      }
    }
  });
}

const isClosing = (token: Token): token is Token & { readonly kind: Closing } => token.kind in OPENED_BY;
