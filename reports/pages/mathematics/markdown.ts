import { createRequire } from 'node:module';
import type { MarkdownIt, Token } from 'markdown-it';
import type makeParser from 'markdown-it';
import type { Draft } from './draft.ts';
import { allowUnspacedEmphasis } from './emphasis.ts';

/**
 * Rules that would lose or change signs of a proof: `[0,1](x)` is no link, `[1]: x` no
 * reference, lines of `=` make no title of what stands above, and four spaces no code. Links and pictures stay text,
 * with their addresses: nothing in a page leads anywhere or loads anything. Backticks are tokens of the lexer.
 */
const LOSES = ['code', 'reference', 'lheading', 'html_block', 'backticks', 'link', 'image', 'autolink'];
/** Quotes and lists in each other; Markdown would drop what lies deeper. */
const NESTING = 40;

let made: ReturnType<typeof parsersOf> | undefined;
const parsers = () => (made ??= parsersOf(createRequire(import.meta.url)('markdown-it') as typeof makeParser));

function parsersOf(load: typeof makeParser) {
  const without = (...rules: readonly string[]): MarkdownIt => {
    const parser = load({ html: false, linkify: false, typographer: false }).disable([...LOSES, ...rules]);
    parser.options.maxNesting = NESTING;
    allowUnspacedEmphasis(parser);
    return parser;
  };
  return { whole: without(), flat: without('blockquote', 'list', 'table'), untabled: without('table') };
}

/** Nothing is lost: not what is nested too deeply, nor cells that a table's head has no column for. */
function parsed(markdown: string): Token[] {
  const { whole, flat, untabled } = parsers();
  const tokens = whole.parse(markdown, {});
  if (tokens.some(({ level }) => level >= NESTING - 2)) return flat.parse(markdown, {});
  return hasMoreCells(tokens, markdown) ? untabled.parse(markdown, {}) : tokens;
}

function hasMoreCells(tokens: readonly Token[], markdown: string): boolean {
  const lines = tokens.some(({ type }) => type === 'tr_open') ? markdown.split('\n') : [];
  let columns = 0;
  return tokens.some(({ type, map }) => {
    if (type === 'thead_open') columns = 0;
    if (type === 'th_open') columns += 1;
    const line = type === 'tr_open' && columns > 0 ? (lines[map?.[0] ?? -1] ?? '') : '';
    return (
      line
        .replace(/^[\s>]*\|/, '')
        .replace(/\|\s*$/, '')
        .split(/(?<!\\)\|/).length > columns && line !== ''
    );
  });
}

/** Of one text: how its lines are numbered. */
export interface Lines {
  /** Before a line's number in its id. */
  readonly prefix: string;
  /** Lines that have their id: those that begin in an inner part are numbered there. */
  readonly used: Set<number>;
}

/** HTML of a draft in paragraphs, headings from `h4`, lists, quotes, tables and code. */
export function blocks(draft: Draft, lines?: Lines): string {
  const { renderer, options } = parsers().whole;
  const tokens = parsed(draft.markdown);
  let row: number | undefined;
  return tokens
    .map((token, index) => {
      switch (token.type) {
        case 'inline': {
          const line = token.map?.[0] ?? row;
          row = undefined;
          return inlineHtml(token.children ?? [], draft, line === undefined ? undefined : lines, line ?? 0);
        }
        case 'fence':
          return codeBlock(draft, token, lines);
        case 'tr_open':
          row = token.map?.[0];
          break;
        case 'paragraph_open':
        case 'paragraph_close':
          // A p ends where a block begins.
          if (draft.hasBlock(tokens[token.nesting === 1 ? index + 1 : index - 1]?.content ?? ''))
            return token.hidden ? '' : token.nesting === 1 ? '<div class="p">' : '</div>\n';
          break;
        case 'heading_open':
        case 'heading_close':
          token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + 3)}`;
          break;
        default:
      }
      return renderer.renderToken(tokens, index, options);
    })
    .join('');
}

/** HTML of a draft within a line. */
export function inline(draft: Draft): string {
  const [token] = parsers().whole.parseInline(draft.markdown.trim(), {});
  return inlineHtml(token?.children ?? [], draft, undefined, 0);
}

function inlineHtml(tokens: readonly Token[], draft: Draft, lines: Lines | undefined, first: number): string {
  const open: Token[] = [];
  let line = first;
  let begun = '';
  let html = '';
  const endLine = () => {
    html +=
      lines === undefined ? begun : lineHtml(draft, lines, line, begun + open.toReversed().map(tagClose).join(''));
    begun = lines === undefined ? '' : open.map(tagOpen).join('');
  };
  for (const token of tokens) {
    if (token.type === 'softbreak' || token.type === 'hardbreak') {
      endLine();
      html += token.type === 'hardbreak' && lines === undefined ? '<br>\n' : '\n';
      line += 1;
    } else if (token.nesting === 0) {
      begun += draft.html(token.content);
    } else {
      if (token.nesting === 1) open.push(token);
      else open.pop();
      begun += token.nesting === 1 ? tagOpen(token) : tagClose(token);
    }
  }
  endLine();
  return html;
}

const tagOpen = ({ tag }: Token) => `<${tag}>`;
const tagClose = ({ tag }: Token) => `</${tag}>`;

/** A line of the source, or the lines that a formula reaches over. */
function lineHtml(draft: Draft, { prefix, used }: Lines, line: number, html: string): string {
  const from = (draft.lines[line] ?? 0) + 1;
  const to = draft.lines[line + 1] ?? draft.endLine + 1;
  const range = `data-line="${from}"${to > from ? ` data-to="${to}"` : ''}`;
  if (used.has(from)) return `<span class="line" ${range}>${html}</span>`;
  used.add(from);
  // An environment numbers the lines in it.
  const kind = /^\s*<(?:div|ul|ol|table|pre|h\d)\b/.test(html) ? 'line' : 'line numbered';
  return `<span class="${kind}" id="${prefix}${from}" ${range}>${html}</span>`;
}

function codeBlock(draft: Draft, { content, info, map }: Token, lines: Lines | undefined): string {
  const code = (text: string) => draft.code(text);
  // Behind the fence stands a language, or a text.
  const beside = info.trim() === '' || /^[a-z+-]+$/i.test(info.trim()) ? '' : `<p>${code(info)}</p>\n`;
  if (lines === undefined || map === null) return `${beside}<pre><code>${code(content)}</code></pre>\n`;
  const numbered = content
    .replace(/\n$/, '')
    .split('\n')
    .map((text, index) => lineHtml(draft, lines, map[0] + 1 + index, `${code(text)}\n`));
  return `${beside}<pre><code>${numbered.join('')}</code></pre>\n`;
}
