import { rawMarkup, type Markup } from '../markup.ts';
import { withoutMarks } from './draft.ts';
import { Formulas } from './formula.ts';
import { Reader } from './reader.ts';

export { MATHEMATICS_STYLE, typesetterStyle } from './style.ts';

/**
 * A statement, proof or analysis as people read it: Markdown and LaTeX, as models mix them, become HTML that holds
 * nothing of the text but its text.
 *
 * - Formulas, in `\(…\)`, `\[…\]`, `$…$`, `$$…$$` and environments, are found before Markdown sees the text and set by
 *   KaTeX as HTML and, for screen readers, MathML. What cannot be set is shown as its source with the reason. Amounts
 *   of money, code and delimiters without their other half stay text.
 * - Lists, tables, theorems, titles and styles of LaTeX are read; what is not known of it stays as it stands.
 * - HTML is text, nothing is a link, and pictures are not loaded.
 *
 * Never throws. Takes time in proportion to the text.
 *
 * @param lines gives each line of the text, as lines end in its source, an element `.line` with `data-line` (and
 * `data-to`, where a formula goes on), and the first of each the id `<lines><number>`. Numbers are those of the source,
 * from 1, empty lines counted. @default no numbers
 */
export function mathematics(text: string, { lines }: { readonly lines?: string | undefined } = {}): Markup {
  const source = withoutMarks(text).replaceAll(/\r\n?/g, '\n');
  const numbered = lines === undefined ? undefined : { prefix: lines, used: new Set<number>() };
  const html = new Reader(source, new Formulas(), numbered).whole();
  return rawMarkup(`<div class="mathematics${lines === undefined ? '' : ' lines'}">${html}</div>`);
}
