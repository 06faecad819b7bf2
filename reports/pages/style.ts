import { html, rawMarkup, type Markup } from './markup.ts';

/** The variables that `INK` names, light and dark. */
const COLOURS = `:root { color-scheme: light dark;
  --page: #fdfdfc; --text: #22262b; --muted: #69717c; --line: #e4e5e3; --panel: #f5f5f2;
  --before: #a8adb5; --between: #7fa3cc; --after: #2c5f9e; --good: #3f7d5b; --bad: #b4552f; --quiet: #c9ccd1; }
@media screen and (prefers-color-scheme: dark) { :root {
  --page: #16181b; --text: #dfe1e4; --muted: #9299a3; --line: #2c3036; --panel: #1d2024;
  --before: #6f7680; --between: #5580b0; --after: #8ab6ea; --good: #7cc29c; --bad: #e29066; --quiet: #454b54; } }`;
const SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** The page's look: one column, hairlines, numbers in tables that align; light, dark and on paper. */
const STYLE = `
${COLOURS}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.55 ${SANS}; }
main { max-width: 820px; margin: 0 auto; padding: 56px 30px 80px; }
h1 { font-size: 27px; line-height: 1.2; font-weight: 600; letter-spacing: -.01em; margin: 0 0 6px; }
h2 {
  font-size: 19px; font-weight: 600; letter-spacing: -.005em; margin: 60px 0 4px; padding-top: 18px;
  border-top: 1px solid var(--line);
}
h3 { font-size: 14px; font-weight: 600; margin: 28px 0 6px; }
p { margin: 6px 0 14px; max-width: 44em; }
.quiet, figcaption, small { color: var(--muted); font-size: 13px; }
.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(220px, 1fr)); gap: 1px; background: var(--line);
  border: 1px solid var(--line); margin: 28px 0 0;
}
.tile { background: var(--page); padding: 14px 16px 12px; }
.tile .what { color: var(--muted); font-size: 12.5px; }
.tile .figure {
  font-size: 25px; font-weight: 600; letter-spacing: -.02em; font-variant-numeric: tabular-nums;
  white-space: nowrap;
}
.tile .figure .from { color: var(--muted); font-weight: 400; }
.tile .note { color: var(--muted); font-size: 12px; }
figure { margin: 18px 0 22px; }
figcaption { margin-top: 4px; max-width: 52em; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 20px; color: var(--muted); font-size: 12.5px; margin-bottom: 8px; }
.legend i { display: inline-block; width: 9px; height: 9px; border-radius: 2px; margin-right: 7px; }
svg.chart { display: block; width: 100%; height: auto; }
.pair figure { margin: 6px 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 18px 30px; }
table {
  border-collapse: collapse; width: 100%; font-size: 13.5px; font-variant-numeric: tabular-nums;
  margin: 8px 0 18px;
}
th, td { text-align: right; padding: 5px 0 5px 14px; border-bottom: 1px solid var(--line); vertical-align: baseline; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--muted); font-weight: 400; font-size: 12.5px; border-bottom-color: var(--muted); }
tbody th { font-weight: 400; }
tfoot td { border: 0; color: var(--muted); }
td small { display: block; font-size: 11.5px; white-space: nowrap; }
.heat td {
  text-align: center; padding: 9px 4px; border: 2px solid var(--page);
  background: color-mix(in srgb, var(--hue) calc(var(--heat) * 1%), var(--panel));
}
.heat td.strong { color: var(--page); }
.heat thead th, .heat tbody th {
  text-align: center; border: 0; color: var(--muted); font-size: 12.5px; padding: 4px;
}
.scroll { overflow-x: auto; }
div.text {
  background: var(--panel); padding: 10px 14px; margin: 6px 0 14px;
  font: 12.5px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; max-height: 26em; overflow-y: auto; border-left: 2px solid var(--line);
}
.verdicts { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 4px 18px; }
.key { font-variant-numeric: tabular-nums; font-weight: 600; }
ul { padding-left: 1.2em; margin: 6px 0 14px; } li { margin: 3px 0; }
code { font: 12.5px ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
@media print {
  @page { margin: 15mm; }
  :root { --page: #fff; }
  body { font-size: 9.5pt; }
  table { font-size: 8.5pt; }
  th, td { padding-left: 8px; }
  main { max-width: none; padding: 0; }
  h2 { margin-top: 28px; break-after: avoid; }
  h3 { break-after: avoid; }
  figure, tr, .tiles, .heat, .verdicts > div { break-inside: avoid; }
  div.text { max-height: none; overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;

/** One file: no script, nothing loaded, and a policy in its head that forbids both. */
export function wholePage(title: string, content: Markup): string {
  const { head, foot } = pageFrame(title);
  return `${head}${content.markup}${foot}`;
}

/**
 * What stands before and behind the content of such a page, for one that is written in parts.
 * @param style more rules, with fonts in them. @default none
 */
export function pageFrame(title: string, style?: string): { readonly head: string; readonly foot: string } {
  const policy = `default-src 'none'; style-src 'unsafe-inline'${style === undefined ? '' : '; font-src data:'}`;
  const [head = '', foot = ''] = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${rawMarkup(policy)}" />
        <title>${title}</title>
        <style>
          ${rawMarkup(STYLE + (style ?? ''))}
        </style>
      </head>
      <body>
        <main>${rawMarkup(CONTENT)}</main>
      </body>
    </html> `.markup.split(CONTENT);
  return { head, foot };
}
const CONTENT = '<!-- content -->';

/** Charts of one size in so many columns, as one drawing that needs no page: for a README. */
export function wholeDrawing(
  description: string,
  charts: readonly Markup[],
  { width, height, columns }: { readonly width: number; readonly height: number; readonly columns: number },
): string {
  const gap = 20;
  const across = columns * (width + gap) + gap;
  const down = Math.ceil(charts.length / columns) * (height + gap) + gap;
  const placed = charts.map(({ markup }, index) => {
    const x = gap + (index % columns) * (width + gap);
    const y = gap + Math.floor(index / columns) * (height + gap);
    return rawMarkup(
      markup.replace('<svg class="chart"', `<svg x="${x}" y="${y}" width="${width}" height="${height}"`),
    );
  });
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 ${across} ${down}"
    width="${across}"
    height="${down}"
    role="img"
    aria-label="${description}"
  >
    <style>
      ${rawMarkup(`${COLOURS} svg { font-family: ${SANS}; }`)}
    </style>
    <rect width="100%" height="100%" style="fill:var(--page)" />
    ${placed}
  </svg> `.markup;
}
