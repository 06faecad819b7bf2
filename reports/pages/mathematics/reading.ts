import type { Formulas } from './formula.ts';
import type { Token } from './lexer.ts';

/** A part of a text: its characters, and its tokens; both ends are excluded. */
export interface Range {
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
}

/** What commands and environments need of the text that they stand in. */
export interface Reading {
  readonly source: string;
  readonly tokens: readonly Token[];
  readonly formulas: Formulas;
  /** HTML of a part, in paragraphs. */
  blocks(part: Range): string;
  /** HTML of a part, within a line. */
  inline(part: Range): string;
}

/** The characters from `start` to `end`, whose tokens begin at `from` or later. */
export function partOf(tokens: readonly Token[], start: number, end: number, from: number): Range {
  let first = from;
  while ((tokens[first]?.start ?? Infinity) < start) first += 1;
  let last = first;
  while ((tokens[last]?.start ?? Infinity) < end) last += 1;
  return { start, end, first, last };
}

/** What stands between an opening and what closes it. */
export function inside(tokens: readonly Token[], at: number): Range | undefined {
  const opening = tokens[at];
  const match = opening !== undefined && 'match' in opening ? opening.match : undefined;
  const closing = match === undefined ? undefined : tokens[match];
  if (opening === undefined || match === undefined || closing === undefined) return undefined;
  return { start: opening.end, end: closing.start, first: at + 1, last: match };
}

/** The argument in braces that follows at once, but for spaces, before `end`. */
export function argument({ source, tokens }: Reading, at: number, end: number): Range | undefined {
  const [before, brace] = [tokens[at], tokens[at + 1]];
  if (before === undefined || brace?.kind !== 'brace') return undefined;
  if (!/^[ \t]*\n?[ \t]*$/.test(source.slice(before.end, Math.min(brace.start, before.end + 100)))) return undefined;
  if (brace.start - before.end > 99) return undefined;
  const found = inside(tokens, at + 1);
  return found !== undefined && found.end < end ? found : undefined;
}

/** What stands in square brackets right behind `start`: `[Bézout]`. */
export function optional(source: string, start: number): { readonly start: number; readonly end: number } | undefined {
  const [found, content = ''] = /^[ \t]*\[([^\]\n]{0,120})\]/.exec(source.slice(start, start + 140)) ?? [];
  if (found === undefined) return undefined;
  const end = start + found.length - 1;
  return { start: end - content.length, end };
}
