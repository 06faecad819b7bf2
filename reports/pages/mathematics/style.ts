import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

let whole: string | undefined;

/**
 * The typesetter's rules, with its fonts in them (0.4 MB): for pages that are one file. MathML alone would need
 * neither, but browsers set it well only where a mathematical font is installed: without one braces do not grow, and
 * blackboard letters, boxes, struck terms and aligned columns are lost.
 */
export function typesetterStyle(): string {
  whole ??= withFonts(createRequire(import.meta.url).resolve('katex/dist/katex.min.css'));
  return whole;
}

function withFonts(file: string): string {
  return readFileSync(file, 'utf8').replaceAll(/src:url\((fonts\/[\w-]+\.woff2)\)[^;}]*/g, (_, font: string) => {
    const bytes = readFileSync(path.join(path.dirname(file), font)).toString('base64');
    return `src:url(data:font/woff2;base64,${bytes}) format("woff2")`;
  });
}

/** What `mathematics` makes, in the page's colours. What a text draws stays in its own box. */
export const MATHEMATICS_STYLE = `
.mathematics { contain: paint; overflow-wrap: anywhere; }
.mathematics p, .mathematics .p, .mathematics .headed { max-width: none; margin: 6px 0 12px; }
.mathematics li > p, .mathematics li > .p { margin: 2px 0; }
.mathematics h4, .mathematics h5, .mathematics h6 { font-size: 1em; margin: 1.1em 0 .3em; }
.mathematics .head { font-weight: 600; }
.mathematics .head + p, .mathematics .head + .p { display: inline; }
.mathematics .centered { text-align: center; }
.mathematics .labelled { list-style: none; }
.mathematics .label { color: var(--muted); font-size: .9em; }
.mathematics blockquote { margin: 8px 0 12px; padding-left: 14px; border-left: 2px solid var(--line); }
.mathematics pre { background: var(--panel); padding: 10px 14px; overflow-x: auto; }
.mathematics table { width: auto; }
.mathematics th, .mathematics td { text-align: left; padding: 3px 14px 3px 0; }
.mathematics hr { border: 0; border-top: 1px solid var(--line); margin: 16px 0; }
.mathematics .katex { font-size: 1.12em; }
.mathematics .kept { white-space: nowrap; }
.mathematics .formula { display: block; overflow-x: auto; overflow-y: hidden; scrollbar-width: thin; padding: 2px 2px 2px 0; }
.mathematics .formula .katex-display { margin: .6em 0; }
.mathematics .failed code { white-space: pre-wrap; border-bottom: 1px dashed var(--bad); }
.mathematics .failed small { color: var(--bad); }
.mathematics.lines { padding-left: 3.4em; position: relative; }
.lines .line { display: block; }
.lines .numbered::before {
  content: attr(data-line); position: absolute; left: 0; width: 2.4em; text-align: right; color: var(--muted);
  font-size: 12px; font-variant-numeric: tabular-nums;
}
`;
