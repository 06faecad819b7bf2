import type { Token } from './lexer.ts';

/** Commands whose argument is text, where a dollar sign begins a formula within the formula. */
const TEXT = new Set('text textbf textit textrm textup textsf textnormal mbox hbox fbox intertext tag tag*'.split(' '));
/** Formulas in texts in formulas, at most so deep. */
const DEPTH = 8;

/** An amount of money and a word: `5 million`, `20 (or`. */
const AMOUNT = /^\d[\d.,]*[kKmMbB]?\s+\(?[A-Za-z]{2,}/;
/** A word, and no triangle ABC. */
const WORD = /(?<!\\)\b[a-z]{3,}/;
const SIGNS = /[\\^_=<>{}+|]/;
const TEX = /[\\^_]/;

/**
 * The token that closes the formula that the dollar sign at `open` begins, before `until`; undefined where it begins
 * none and is money.
 */
export function closingDollar(
  source: string,
  tokens: readonly Token[],
  open: number,
  until: number,
): number | undefined {
  const opening = tokens[open];
  if (opening === undefined) return undefined;
  const braces: boolean[] = [];
  let texts = 0;
  for (let at = open + 1; at < until; at += 1) {
    const token = tokens[at];
    if (token === undefined || token.kind === 'blank' || token.kind === 'fence') return undefined;
    if (token.kind === 'brace') {
      const isText = texts < DEPTH && takesText(tokens[at - 1], token.start);
      braces.push(isText);
      texts += isText ? 1 : 0;
    } else if (token.kind === 'endBrace') {
      texts -= braces.pop() === true ? 1 : 0;
    } else if ((token.kind === 'dollar' || token.kind === 'dollars') && (texts === 0 || texts >= DEPTH)) {
      const end = token.start;
      return isFormula(source.slice(opening.end, end), source.slice(end + 1, end + 2)) ? at : undefined;
    }
  }
  return undefined;
}

const takesText = (before: Token | undefined, at: number) =>
  before?.kind === 'command' && before.end === at && TEXT.has(before.name);

/**
 * Whether what stands between two dollar signs is a formula (ours). Not: what is followed by a digit
 * ("$5 and $10"), has a space at one end alone and nothing of TeX, is an amount with a word, or is a phrase between
 * spaces.
 */
function isFormula(content: string, next: string): boolean {
  if (content.trim() === '' || /\d/.test(next)) return false;
  const [before, after] = [/^\s/.test(content), /\s$/.test(content)];
  if (before !== after) return TEX.test(content) && !AMOUNT.test(content) && !WORD.test(content);
  if (SIGNS.test(content)) return true;
  return !AMOUNT.test(content) && !(before && WORD.test(content));
}

/**
 * The token that closes the display that the two dollar signs at `open` begin, before `until`. Where both pairs stand
 * alone on their lines it may hold blank lines.
 */
export function closingDollars(
  source: string,
  tokens: readonly Token[],
  open: number,
  until: number,
): number | undefined {
  const opening = tokens[open];
  if (opening === undefined) return undefined;
  let blanks = false;
  for (let at = open + 1; at < until; at += 1) {
    const token = tokens[at];
    if (token === undefined || token.kind === 'fence') return undefined;
    if (token.kind === 'blank') {
      if (!alone(source, opening)) return undefined;
      blanks = true;
    }
    if (token.kind === 'dollar' && blanks) return undefined;
    if (token.kind !== 'dollars') continue;
    if (blanks && !alone(source, token)) return undefined;
    return source.slice(opening.end, token.start).trim() === '' ? undefined : at;
  }
  return undefined;
}

/** Whether nothing else stands on its line, but for a stop behind it. */
function alone(source: string, { start, end }: Token): boolean {
  const line = source.slice(source.lastIndexOf('\n', start) + 1, start);
  return /^[ \t>]*$/.test(line) && /^[.,;]?[ \t]*(?:\n|$)/.test(source.slice(end, end + 40));
}
