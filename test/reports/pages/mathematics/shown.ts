import { mathematics } from '../../../../reports/pages/mathematics/index.ts';

/** A page's text with each set formula as `⟦tex⟧` (`⟦⟦tex⟧⟧` on lines of its own), and nothing else changed. */
export function readable(html: string): string {
  let text = html;
  for (let at = text.indexOf(FORMULA); at >= 0; at = text.indexOf(FORMULA, at + 1)) {
    const end = closeOf(text, at);
    const tex = /<annotation[^>]*>([^]*?)<\/annotation>/.exec(text.slice(at, end))?.[1] ?? '';
    text = `${text.slice(0, at)}⟦${tex.trim()}⟧${text.slice(end)}`;
  }
  return text
    .replaceAll(/<span class="kept">(⟦[^⟧]*⟧[^<]*)<\/span>/g, '$1')
    .replaceAll(/<span class="formula"><span class="katex-display">(⟦[^⟧]*⟧)<\/span><\/span>/g, '⟦$1⟧');
}
const FORMULA = '<span class="katex">';

/** Behind the element that begins at an offset. */
function closeOf(html: string, start: number): number {
  const tag = /<(\/?)span\b[^>]*>/g;
  tag.lastIndex = start;
  let depth = 0;
  for (let found = tag.exec(html); found !== null; found = tag.exec(html)) {
    depth += found[1] === '/' ? -1 : 1;
    if (depth === 0) return tag.lastIndex;
  }
  throw new Error('Expected an element that ends');
}

/** What `mathematics` makes of a text, without the box around it, in one line. */
export const shown = (text: string): string =>
  readable(mathematics(text).markup)
    .replace(/^<div class="mathematics">/, '')
    .replace(/<\/div>$/, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
