import { escape } from '../markup.ts';
import type { Draft } from './draft.ts';
import type { Token } from './lexer.ts';
import { argument, inside, optional, partOf, type Range, type Reading } from './reading.ts';

/** What stands as it is, in the letters of a program. */
const VERBATIM = new Set(['verbatim', 'lstlisting', 'minted', 'tikzpicture', 'asy', 'filecontents']);
/** What only places its content. */
const PLAIN = new Set(
  'document center flushleft flushright quote quotation minipage figure table small large footnotesize'.split(' '),
);
const LISTS = new Set(['itemize', 'enumerate', 'description', 'compactenum', 'compactitem']);
const TABLES = new Set(['tabular', 'tabularx', 'longtable']);

/**
 * Writes what an environment of text becomes: a list, a table, code, or a paragraph under its name, whatever that is.
 * @param at its `\begin`, which something closes.
 */
export function environment(reading: Reading, draft: Draft, at: number): void {
  const { source, tokens } = reading;
  const opening = tokens[at];
  const content = inside(tokens, at);
  const closing = content && tokens[content.last];
  if (opening?.kind !== 'begin' || content === undefined || closing === undefined) return;
  const name = opening.name.replace('*', '');
  const html = VERBATIM.has(name)
    ? `<pre><code>${escape(source.slice(content.start, content.end).replace(/^\n/, ''))}</code></pre>`
    : LISTS.has(name)
      ? list(reading, name, content)
      : TABLES.has(name)
        ? table(reading, at, content)
        : PLAIN.has(name)
          ? `<div class="${name === 'center' ? 'centered' : 'plain'}">${reading.blocks(content)}</div>`
          : headed(reading, opening.name, content);
  draft.piece({ html, source: source.slice(opening.start, closing.end), block: true });
}

/** A theorem, a proof, a claim …: its content under its name. */
function headed(reading: Reading, name: string, content: Range): string {
  const title = optional(reading.source, content.start);
  const words = (name.charAt(0).toUpperCase() + name.slice(1)).replace('*', '');
  const shown =
    title === undefined ? '' : ` (${reading.inline(partOf(reading.tokens, title.start, title.end, content.first))})`;
  const start = title === undefined ? content.start : title.end + 1;
  const body = reading.blocks(partOf(reading.tokens, start, content.end, content.first));
  return `<div class="headed"><strong class="head">${words}${shown}.</strong> ${body}</div>`;
}

function list(reading: Reading, name: string, content: Range): string {
  const { source, tokens } = reading;
  const settings = optional(source, content.start);
  const begins = settings === undefined ? content.start : settings.end + 1;
  const items = own(tokens, content, (at) => isCommand(reading, at, 'item'));
  const parts = [begins, ...items.map((at) => tokens[at]?.end ?? 0)].map((start, index) => {
    const next = tokens[items[index] ?? -1]?.start ?? content.end;
    const label = index === 0 ? undefined : optional(source, start);
    const from = items[index - 1] ?? content.first;
    const text = partOf(tokens, label === undefined ? start : label.end + 1, next, from);
    return { html: reading.blocks(text), label: label && reading.inline(partOf(tokens, label.start, label.end, from)) };
  });
  const [before, ...rest] = parts;
  const tag = name.includes('enum') ? 'ol' : 'ul';
  const kind = tag === 'ol' && settings !== undefined ? numbering(source.slice(settings.start, settings.end)) : '';
  const lines = rest.map(({ html, label }) =>
    label === undefined ? `<li>${html}</li>` : `<li class="labelled"><span class="head">${label}</span> ${html}</li>`,
  );
  return `${before?.html ?? ''}<${tag}${kind}>${lines.join('')}</${tag}>`;
}

/** How a list is numbered: by `[label=(\alph*)]`, or `[(a)]`. */
function numbering(settings: string): string {
  const [, long] = /\\(roman|Roman|alph|Alph)\*/.exec(settings) ?? [];
  const short = long ?? /[iIaA]/.exec(settings.replaceAll(/[A-Za-z]{2,}/g, ''))?.[0];
  const kinds: Readonly<Record<string, string>> = { roman: 'i', Roman: 'I', alph: 'a', Alph: 'A' };
  return short === undefined ? '' : ` type="${kinds[short] ?? short}"`;
}

function table(reading: Reading, at: number, content: Range): string {
  const { source, tokens } = reading;
  const columns = argument(reading, at, content.end);
  const start = columns === undefined ? content.start : columns.end + 1;
  const body = partOf(tokens, start, content.end, content.first);
  const ends = own(tokens, body, (index) => isRowEnd(reading, index));
  const cuts = [...ends, body.last];
  let from = body.first;
  let begins = body.start;
  const rows = cuts.map((cut) => {
    const until = cut === body.last ? body.end : (tokens[cut]?.start ?? body.end);
    const row = partOf(tokens, begins, until, from);
    from = cut;
    begins = tokens[cut]?.end ?? body.end;
    return row;
  });
  const cells = (row: Range) => {
    const marks = own(tokens, row, (index) => tokens[index]?.kind === 'and');
    const edges = [row.start, ...marks.map((index) => tokens[index]?.end ?? row.end)];
    return edges.map((edge, index) =>
      reading.inline(partOf(tokens, edge, tokens[marks[index] ?? -1]?.start ?? row.end, marks[index - 1] ?? row.first)),
    );
  };
  const html = rows
    .filter((row) => source.slice(row.start, row.end).replaceAll(/\\[a-z]+|\s/g, '') !== '')
    .map(
      (row) =>
        `<tr>${cells(row)
          .map((cell) => `<td>${cell}</td>`)
          .join('')}</tr>`,
    );
  return `<table class="tabular"><tbody>${html.join('')}</tbody></table>`;
}

const isCommand = ({ tokens }: Reading, at: number, name: string) => {
  const token = tokens[at];
  return token?.kind === 'command' && token.name === name;
};

const isRowEnd = ({ tokens }: Reading, at: number) => {
  const token = tokens[at];
  return token?.kind === 'escape' && token.sign === '\\';
};

/** Tokens of a part that are such, but for those in environments within it. */
function own(tokens: readonly Token[], { first, last }: Range, such: (at: number) => boolean): number[] {
  const found: number[] = [];
  for (let at = first; at < last; at += 1) {
    const token = tokens[at];
    if (token?.kind === 'begin' && token.match !== undefined) at = token.match;
    else if (such(at)) found.push(at);
  }
  return found;
}
