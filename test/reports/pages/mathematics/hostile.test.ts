import fc from 'fast-check';
import { mathematics } from '../../../../reports/pages/mathematics/index.ts';

const tex = String.raw;

const TAG = /<(\/?)([A-Za-z][A-Za-z0-9]*)((?: [\w:-]+ ?="[^"<>]*")*) ?(\/?)>/y;
const HARMLESS = new Set(
  (
    'div p span code small pre br hr em strong s u h4 h5 h6 ul ol li blockquote table thead tbody tr th td math ' +
    'semantics annotation mrow mi mo mn mtext ms mspace msup msub msubsup mfrac msqrt mroot mover munder munderover ' +
    'mtable mtr mtd mlabeledtr mstyle mpadded mphantom menclose mglyph svg path line'
  ).split(' '),
);
const LIVE = /^(?:on|src|href|xlink|action|form|id$|name$|target|poster|data$)/i;
const EMPTY = new Set(['br', 'hr']);

/** What is wrong with HTML that shall be whole and harmless; undefined where nothing is. */
function fault(html: string): string | undefined {
  const open: string[] = [];
  for (let at = html.indexOf('<'); at >= 0; at = html.indexOf('<', at + 1)) {
    TAG.lastIndex = at;
    const [whole, closes, name = '', attributes = '', empty] = TAG.exec(html) ?? [];
    if (whole === undefined) return `no tag: ${html.slice(at, at + 40)}`;
    if (!HARMLESS.has(name)) return `element ${name}`;
    const live = [...attributes.matchAll(/ ([\w:-]+) ?=/g)].find(([, attribute = '']) => LIVE.test(attribute));
    if (live !== undefined) return `attribute${live[0]}`;
    if (/url\(|expression|position/i.test(attributes)) return `style ${attributes}`;
    if (closes === '/' ? open.pop() !== name : false) return `</${name}> closes another`;
    if (closes !== '/' && empty !== '/' && !EMPTY.has(name)) open.push(name);
  }
  return open.length > 0 ? `${open.join(', ')} left open` : undefined;
}

const unescaped = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

const words = (list: string) => list.trim().split(/\s+/);
const SIGNS = [
  ...words(tex`$ $$ \( \) \[ \] { } & \\ ${'`'} * ** _ | \$ % ~ '' ${'``'} ~~~ --- < > &lt; ! [ ](`),
  '\n',
  '\n\n',
  ' ',
  '    ',
  '```\n',
  '|--|\n',
  '# ',
  '> ',
  '- ',
  '1. ',
];
const AROUND = words('align itemize proof tabular verbatim math').flatMap((name) => [
  `\\begin{${name}} `,
  `\\end{${name}} `,
]);
const COMMANDS = [
  ...words(tex`\item[ \text{ \textbf{ \frac{1}{ \tag{ \label{ \boxed{ \section{ \footnote{ \left( \ref{ \cite{`),
  '\\item ',
  '\\newcommand{\\x}{',
];
const ATTACKS = [
  ...words(tex`\ a x_1 5 设 ， \tag{1} \label{a} \unicode{60} \def\a{\a\a}\a \url{http://a} \color{red} \& &#60;`),
  ...words(tex`\href{javascript:alert(1)}{x} \htmlData{onclick=a}{x} \text{<b>} [a](javascript:a) ![a](http://b)`),
  ...words(`<script>alert(1)</script> "><svg/onload=a> </code> </annotation> </math> </style> <!--`),
  '<img src=x onerror=a>',
  '<a href="b">',
  '\u{1d54f}',
  '\ud800',
  '\ufdd0',
  '\ufdd1',
  '\ufdd00\ufdd1',
  '\0',
  '\u2028',
];
const fragments = fc.constantFrom(...SIGNS, ...AROUND, ...COMMANDS, ...ATTACKS);
/** What may stand before a word without making it part of a name. */
const ways = fc.constantFrom(...SIGNS, ...AROUND, ...COMMANDS);
const texts = fc.array(fragments, { maxLength: 40 }).map((parts) => parts.join(''));

test('whatever a text holds, the page gets whole HTML of harmless elements, none of them of the text', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(fault(mathematics(text).markup)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test('with numbered lines, too, each number once', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const { markup } = mathematics(text, { lines: 'p-' });
      const ids = [...markup.matchAll(/ id="p-(\d+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(fault(markup.replaceAll(/ id="p-\d+"/g, ''))).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

test('no word of a text is lost', () => {
  fc.assert(
    fc.property(fc.array(ways, { maxLength: 14 }), (parts) => {
      const text = parts.map((part, index) => `${part}Q${index}Z`).join('');
      const page = mathematics(text).markup.replaceAll(/<[^>]*>/g, '');
      parts.forEach((_, index) => expect(page).toContain(`Q${index}Z`));
    }),
    { numRuns: 600 },
  );
});

test.each([
  ['quotes in quotes', `${'> '.repeat(60)}word`],
  ['lists in lists', `${'- '.repeat(60)}word`],
  ['cells that a table has no column for', '| a |\n|---|\n| b | word |'],
])('%s are not lost either', (_, text) => expect(mathematics(text).markup).toContain('word'));

test('a formula that is not set is shown with every sign of its source', () => {
  let failed = 0;
  fc.assert(
    fc.property(fc.array(fragments, { maxLength: 12 }), fc.constantFrom('(', '['), (parts, kind) => {
      const body = parts.join('').replaceAll(/[\\]?[()[\]]|[\0\ufdd0\ufdd1]|\n\n|`|~~~|\\$/g, '');
      const source = kind === '(' ? `\\(${body} \\foo\\)` : `\\[${body} \\foo\\]`;
      const { markup } = mathematics(`So ${source} it is.`);
      for (const [, code = ''] of markup.matchAll(/<span class="failed"><code>([^]*?)<\/code>/g)) {
        failed += 1;
        expect(`So ${source} it is.`).toContain(unescaped(code));
      }
    }),
    { numRuns: 200 },
  );
  expect(failed).toBeGreaterThan(100);
});

test.each([
  ['a script', '<script>alert(1)</script> $x$'],
  ['a script in a formula', '$<script>alert(1)</script>$'],
  ['a script in a text of a formula', tex`$\text{<img src=x onerror=alert(1)>}$`],
  ['a script in a tag', tex`\[x \tag{<script>}\]`],
  ['a script as a language', '```"><script>alert(1)</script>\nx\n```'],
  ['a script as a label', tex`\label{<script>} \ref{"onclick=}`],
  ['a link', '[a](javascript:alert(1)) <javascript:alert(1)> \\href{javascript:alert(1)}{a}'],
  ['a link in a formula', tex`$\href{javascript:alert(1)}{a}$ $\url{javascript:alert(1)}$`],
  ['a style in a formula', tex`$\htmlStyle{position:fixed}{a} \htmlClass{b}{c} \htmlId{d}{e}$`],
  ['a colour that is none', tex`$\textcolor{red;position:fixed}{x}$`],
  ['an end of an element', '</div></div> </code> `</code>` $</annotation></math>$'],
])('%s is text', (_, text) => {
  expect(fault(mathematics(text).markup)).toBeUndefined();
});

test('sizes that a text asks for have a limit', () => {
  const { markup } = mathematics(tex`$\rule{9999em}{9999em}$ $\hspace{9999em}$`);
  expect(markup).toContain('20em');
  expect(markup.replaceAll(/<annotation.*?<\/annotation>/g, '')).not.toMatch(/9999/);
});

test('commands that multiply what they hold come to an end', () => {
  const bombs = [
    tex`\def\a{\b\b\b\b\b\b\b\b}\def\b{\c\c\c\c\c\c\c\c}\def\c{\d\d\d\d\d\d\d\d}\def\d{\e\e\e\e\e\e\e\e}\def\e{x}\a`,
    tex`\def\a#1{#1#1#1#1#1#1#1#1}\a{\a{\a{\a{\a{\a{\a{\a{x}}}}}}}}`,
    tex`\def\a{\a\a}\a`,
  ];
  for (const bomb of bombs) expect(mathematics(`$${bomb}$`).markup.length).toBeLessThan(2_000_000);
});

test('formulas nested so deeply that the typesetter gives up are shown as they stand', () => {
  const source = `$${'{'.repeat(9000)}x${'}'.repeat(9000)}$`;
  expect(mathematics(source).markup).toContain(`<code>${source}</code> <small>not set: nested too deeply</small>`);
});

const LENGTH = 400_000;
const filled = (part: string, length = LENGTH) => part.repeat(Math.ceil(length / part.length)).slice(0, length);

test.each([
  ['dollar signs', filled('$ ')],
  ['texts in formulas in texts', filled('$\\text{')],
  ['openings', filled('\\(') + filled('\\[')],
  ['beginnings', filled('\\begin{a}', LENGTH / 2) + filled('\\end{b}', LENGTH / 2)],
  ['environments in each other', '\\begin{proof}'.repeat(15_000) + '\\end{proof}'.repeat(15_000)],
  ['arguments in each other', '\\textbf{'.repeat(40_000) + '}'.repeat(40_000)],
  ['displays that paragraphs end', filled('$$ a\n\n')],
  ['backticks of all lengths', filled('` `` ``` ````` ')],
  ['quotes in quotes', filled('> ')],
  ['stars', filled('*a ')],
])('400 kB of %s are read, and none of it is lost from the page', (_, text) => {
  const { markup } = mathematics(text);
  expect(markup.length).toBeGreaterThan(text.length / 8);
  expect(fault(markup)).toBeUndefined();
});

test('where the formulas of one text are too large together, the rest is shown as it stands', () => {
  const { markup } = mathematics(`$${'x+'.repeat(9000)}y$ `.repeat(12));
  expect(markup).toContain('not set: the formulas before it are too large for one text');
});
