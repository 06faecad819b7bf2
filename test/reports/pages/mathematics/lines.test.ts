import { mathematics } from '../../../../reports/pages/mathematics/index.ts';
import { readable } from './shown.ts';

/** What a page shows of each numbered line: `[number, text]`, and where a formula goes on, `[number-to, text]`. */
function linesOf(text: string): [string, string][] {
  const html = readable(mathematics(text, { lines: 'p-' }).markup);
  return html
    .split(/(?=<span class="line)/)
    .slice(1)
    .map((part): [string, string] => {
      const [, id, from = '', to] =
        /^<span class="line(?: numbered)?"(?: id="p-(\d+)")? data-line="(\d+)"(?: data-to="(\d+)")?>/.exec(part) ?? [];
      expect(id ?? from).toBe(from);
      return [
        to === undefined ? from : `${from}-${to}`,
        part
          .replaceAll(/<[^>]*>/g, '')
          .replaceAll(/\s+/g, ' ')
          .trim(),
      ];
    });
}

test('each line of a text has its number in the source, empty lines counted', () => {
  expect(linesOf('Let $x$.\nThen\n\nso.\r\n\r\n# End')).toEqual([
    ['1', 'Let ⟦x⟧.'],
    ['2', 'Then'],
    ['4', 'so.'],
    ['6', 'End'],
  ]);
});

test('a formula over several lines has them all', () => {
  expect(linesOf('So\n$$\na\n\n=b\n$$\nand $c\n=d$.\n\nEnd')).toEqual([
    ['1', 'So'],
    ['2-6', '⟦⟦a =b⟧⟧'],
    ['7-8', 'and ⟦c =d⟧.'],
    ['10', 'End'],
  ]);
});

test('lines in lists, quotes, tables and code are numbered, too', () => {
  expect(linesOf('1. a\n   b\n2. c\n\n> d\n> e\n\n| f | g |\n|---|---|\n| h | i |\n\n```\nj\n\nk\n```\nl')).toEqual([
    ['1', 'a'],
    ['2', 'b'],
    ['3', 'c'],
    ['5', 'd'],
    ['6', 'e'],
    ['8', 'f g'],
    ['10', 'h i'],
    ['13', 'j'],
    ['14', ''],
    ['15', 'k'],
    ['17', 'l'],
  ]);
});

test('lines within environments of LaTeX have the numbers of the whole text', () => {
  const text = 'a\n\\begin{proof}\nb\n\\begin{itemize}\n\\item c\n\\item d\n$x\n= y$\n\\end{itemize}\n\\end{proof}\ne';
  const lines = linesOf(text).filter(([, shown]) => shown !== '');
  expect(lines).toEqual([
    ['1', 'a'],
    ['2-10', 'Proof.'],
    ['3', 'b'],
    ['5', 'c'],
    ['6', 'd'],
    ['7-8', '⟦x = y⟧'],
    ['11', 'e'],
  ]);
});

test('emphasis that goes over a line end is emphasis in both lines', () => {
  expect(mathematics('*a **b\nc** d*', { lines: 'p-' }).markup).toContain(
    '<p><span class="line numbered" id="p-1" data-line="1"><em>a <strong>b</strong></em></span>\n' +
      '<span class="line numbered" id="p-2" data-line="2"><em><strong>c</strong> d</em></span></p>',
  );
});

test('without the option nothing is numbered', () => {
  expect(mathematics('a\nb').markup).toBe('<div class="mathematics"><p>a\nb</p>\n</div>');
});
