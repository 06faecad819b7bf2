import { escape } from '../markup.ts';
import type { Draft } from './draft.ts';
import { argument, inside, partOf, type Range, type Reading } from './reading.ts';

/** Commands around a text, by the element that it becomes. */
const STYLES: Readonly<Record<string, string>> = {
  emph: 'em',
  textit: 'em',
  textsl: 'em',
  textbf: 'strong',
  underline: 'u',
  texttt: 'code',
  text: '',
  textrm: '',
  textup: '',
  textsf: '',
  textsc: '',
  textnormal: '',
  mbox: '',
};
const TITLES: Readonly<Record<string, string>> = {
  section: 'h4',
  subsection: 'h5',
  subsubsection: 'h6',
  paragraph: 'strong',
  subparagraph: 'strong',
};
/** What stands for a command that has no argument. */
const SIGNS: Readonly<Record<string, string>> = {
  qed: '∎',
  qedsymbol: '∎',
  qedhere: '∎',
  blacksquare: '■',
  square: '□',
  Box: '□',
  ldots: '…',
  dots: '…',
  textbackslash: '\\',
  quad: '\u2003',
  qquad: '\u2003\u2003',
  item: '•',
  S: '§',
};
const UNSEEN = new Set(
  (
    'noindent indent smallskip medskip bigskip newpage clearpage centering hfill vfill maketitle par hline toprule ' +
    'midrule bottomrule displaystyle'
  ).split(' '),
);
const BREAKS = new Set(['newline', 'linebreak']);
const REFERENCES = new Set(['label', 'ref', 'eqref', 'autoref', 'cref', 'Cref', 'cite']);
const DEFINITIONS = new Set(['newcommand', 'renewcommand', 'providecommand', 'DeclareMathOperator', 'def']);

/**
 * Writes what a command of LaTeX in a text becomes.
 * @param at its token.
 * @returns the offset behind it and its arguments; undefined where nobody knows it, and it stays as it stands.
 */
export function command(reading: Reading, draft: Draft, at: number, end: number): number | undefined {
  const token = reading.tokens[at];
  if (token?.kind !== 'command') return undefined;
  const name = token.name.replace('*', '');
  const of = argument(reading, at, end);
  const put = (html: string, until: number, block = false) => {
    draft.piece({ html, source: reading.source.slice(token.start, until), block });
    return until;
  };
  if (DEFINITIONS.has(name)) return define(reading, at, end, put);
  if (UNSEEN.has(name) || BREAKS.has(name)) return put(BREAKS.has(name) ? '<br>' : '', token.end);
  const sign = Object.hasOwn(SIGNS, name) ? SIGNS[name] : undefined;
  if (sign !== undefined && of === undefined) return put(sign, token.end);
  if (of === undefined) return bare(reading, draft, at, end);
  const until = of.end + 1;
  if (Object.hasOwn(STYLES, name)) return put(tagged(STYLES[name] ?? '', reading.inline(of)), until);
  if (Object.hasOwn(TITLES, name)) {
    const tag = TITLES[name] ?? 'h4';
    return put(`${tagged(tag, reading.inline(of))} `, until, tag !== 'strong');
  }
  if (REFERENCES.has(name)) return put(reference(name, textOf(reading, of)), until);
  if (name === 'footnote') return put(` (${reading.inline(of)})`, until);
  if (name === 'tag') return put(`(${reading.inline(of)})`, until);
  if (name === 'boxed' || name === 'fbox') return put(boxed(reading, of), until);
  return bare(reading, draft, at, end);
}

/** A command of formulas outside of any, such as \times or \frac{1}{2}, with what stands in braces behind it. */
function bare({ source, tokens, formulas }: Reading, draft: Draft, at: number, end: number): number | undefined {
  const token = tokens[at];
  if (token === undefined) return undefined;
  let until = token.end;
  for (let index = at + 1; tokens[index]?.kind === 'brace' && tokens[index]?.start === until; index += 1) {
    const of = inside(tokens, index);
    if (of === undefined || of.end >= end) break;
    until = of.end + 1;
    index = of.last;
  }
  const tex = source.slice(token.start, until);
  const html = tex.endsWith('*') || tex.length > LONGEST ? undefined : formulas.perhaps(tex);
  if (html !== undefined) draft.piece({ html, source: tex });
  return html === undefined ? undefined : until;
}
const LONGEST = 400;

/** Declarations at the beginning of a group, `{\bf so}`. */
const DECLARED: Readonly<Record<string, string>> = {
  bf: 'strong',
  bfseries: 'strong',
  it: 'em',
  itshape: 'em',
  em: 'em',
  sl: 'em',
};

/** Writes a group in braces that begins with a declaration; as `command`. */
export function group(reading: Reading, draft: Draft, at: number, end: number): number | undefined {
  const [brace, declared] = [reading.tokens[at], reading.tokens[at + 1]];
  const content = inside(reading.tokens, at);
  if (content === undefined || content.end >= end || declared?.kind !== 'command') return undefined;
  if (declared.start !== brace?.end || !Object.hasOwn(DECLARED, declared.name)) return undefined;
  const html = reading.inline({ ...content, start: declared.end, first: at + 2 });
  const source = reading.source.slice(brace.start, content.end + 1);
  draft.piece({ html: tagged(DECLARED[declared.name] ?? '', html), source });
  return content.end + 1;
}

const tagged = (tag: string, html: string) => (tag === '' ? html : `<${tag}>${html}</${tag}>`);
const textOf = ({ source }: Reading, { start, end }: Range) => source.slice(start, end);

/** Nothing is numbered that the text does not number: a label is shown by its name, there and where it is meant. */
const reference = (name: string, key: string) =>
  `<span class="label">${escape(name === 'eqref' ? `(${key})` : name === 'ref' ? key : `[${key}]`)}</span>`;

/** An answer in a box, outside of any formula. */
function boxed(reading: Reading, of: Range): string {
  const content = textOf(reading, of);
  const tex = content.includes('$') ? `\\fbox{${content}}` : `\\boxed{${content}}`;
  return reading.formulas.html(tex, 'inline', tex);
}

const NAME = /^\s*(?:\{\s*)?(\\[A-Za-z]+)\s*\}?\s*(?:\[\d\])?\s*\{/;

/** Lets formulas use a command that the text defines, and shows the definition as it stands. */
function define(
  reading: Reading,
  at: number,
  end: number,
  put: (html: string, until: number) => number,
): number | undefined {
  const token = reading.tokens[at];
  if (token?.kind !== 'command') return undefined;
  const [head, name] = NAME.exec(reading.source.slice(token.end, token.end + 100)) ?? [];
  if (head === undefined || name === undefined) return undefined;
  const opens = token.end + head.length - 1;
  const body = inside(reading.tokens, partOf(reading.tokens, opens, opens + 1, at).first);
  if (body === undefined || body.end >= end) return undefined;
  const source = reading.source.slice(token.start, body.end + 1);
  const tex = textOf(reading, body);
  const star = token.name.endsWith('*') ? '*' : '';
  const taken = reading.formulas.define(name, token.name.startsWith('Declare') ? `\\operatorname${star}{${tex}}` : tex);
  return taken ? put(`<code>${escape(source)}</code>`, body.end + 1) : undefined;
}
