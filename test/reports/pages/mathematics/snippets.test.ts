import { mathematics } from '../../../../reports/pages/mathematics/index.ts';
import { shown } from './shown.ts';

const tex = String.raw;
const p = (html: string) => `<p>${html}</p>`;

describe('formulas are found where they stand', () => {
  test.each<[string, string, string]>([
    ['in round delimiters', tex`Let \(n \ge 2\).`, p('Let ⟦n \\ge 2⟧.')],
    ['in square ones', tex`So \[ x_1 = 2. \] Then`, p('So ⟦⟦x_1 = 2.⟧⟧ Then')],
    ['in dollar signs', 'Let $p$ be prime and $q=2p+1$.', p('Let ⟦p⟧ be prime and ⟦q=2p+1⟧.')],
    ['in two dollar signs', 'So $$a^2+b^2=c^2.$$', p('So ⟦⟦a^2+b^2=c^2.⟧⟧')],
    ['side by side', '$a$$b$', p('⟦a⟧⟦b⟧')],
    ['before a letter, as in the nth', 'the $n$th of $k$s', p('the ⟦n⟧th of ⟦k⟧s')],
    ['between spaces', 'a triangle $ ABC $ with $ \\angle A = 60 $', p('a triangle ⟦ABC⟧ with ⟦\\angle A = 60⟧')],
    ['with a space at one end', 'of $ \\triangle ABC$.', p('of ⟦\\triangle ABC⟧.')],
    ['over two lines', 'we have $a\n= b$.', p('we have ⟦a = b⟧.')],
    [
      'in an environment',
      tex`\begin{align*} a &= b \\ &= c \end{align*}`,
      p('⟦⟦\\begin{align*} a &amp;= b \\\\ &amp;= c \\end{align*}⟧⟧'),
    ],
    ['on lines of their own, with an empty line within', '$$\na\n\n=b\n$$', p('⟦⟦a =b⟧⟧')],
    ['in a text of a formula', tex`$f=0\text{ if $x>0$ or \(y\)}$`, p('⟦f=0\\text{ if $x&gt;0$ or \\(y\\)}⟧')],
    ['in a formula, though there is no text around', tex`\[ a \text{ for } b, \(c\) \]`, p('⟦⟦a \\text{ for } b, c⟧⟧')],
    ['in CJK text', '设$n$为正整数，则\\(n^2\\)。', p('设⟦n⟧为正整数，则⟦n^2⟧。')],
    ['with CJK text within', tex`$x \text{ 当 } y$`, p('⟦x \\text{ 当 } y⟧')],
    [
      'in table cells, whatever bars they hold',
      '| a | b |\n|--|--|\n| $|x|$ | 2 |',
      '<table> <thead> <tr> <th>a</th> <th>b</th> </tr> </thead> <tbody> <tr> <td>⟦|x|⟧</td> <td>2</td> </tr> </tbody> </table>',
    ],
    ['in lists, indented', '1. a\n    $$x$$\n2. b', '<ol> <li>a ⟦⟦x⟧⟧</li> <li>b</li> </ol>'],
    ['in quotes', '> so $x$', '<blockquote> <p>so ⟦x⟧</p> </blockquote>'],
    [
      'beside emphasis, without a space',
      '**Case 1:**$n=1$, **证明。**设$n$为 $a$**b**',
      p('<strong>Case 1:</strong>⟦n=1⟧, <strong>证明。</strong>设⟦n⟧为 ⟦a⟧<strong>b</strong>'),
    ],
    ['in emphasis', '**Case $n=1$:** *so $x$*', p('<strong>Case ⟦n=1⟧:</strong> <em>so ⟦x⟧</em>')],
  ])('%s', (_, text, html) => expect(shown(text)).toBe(html));
});

describe('what is no formula stays text', () => {
  test.each<[string, string, string]>([
    ['amounts of money', 'It costs $5 and $10.', p('It costs $5 and $10.')],
    ['an amount and a formula', 'For $5 he buys $n$ pens.', p('For $5 he buys ⟦n⟧ pens.')],
    ['amounts and words between them', 'from $5 million to 20$ more', p('from $5 million to 20$ more')],
    ['a range of prices', 'US$5-$10', p('US$5-$10')],
    ['escaped signs', 'a \\$5 note, \\$x\\$', p('a $5 note, $x$')],
    ['one sign alone', 'a $ sign', p('a $ sign')],
    ['two that hold nothing', 'a $ $ b', p('a $ $ b')],
    ['four that hold nothing', 'a $$ $$ b', p('a $$ $$ b')],
    ['signs in two paragraphs', 'a $x\n\ny$ b', `${p('a $x')} ${p('y$ b')}`],
    ['delimiters that nothing closes', tex`\( a, then \[ b`, p('\\( a, then \\[ b')],
    ['delimiters that nothing opens', tex`a \) and b \]`, p('a \\) and b \\]')],
    ['the first of two openings', tex`\(a \(b\)`, p('\\(a ⟦b⟧')],
    [
      'an opening that paragraphs follow',
      `${tex`\[ a`}\n\nLet $x$.\n\n${tex`\[b\]`}`,
      `${p('\\[ a')} ${p('Let ⟦x⟧.')} ${p('⟦⟦b⟧⟧')}`,
    ],
    ['code', 'use `$x$` and ``a ` $y$``', p('use <code>$x$</code> and <code>a ` $y$</code>')],
    ['blocks of code', '```\n$x$ *a*\n```\n$y$', '<pre><code>$x$ *a* </code></pre> <p>⟦y⟧</p>'],
    ['a block of code that nothing closes', 'a\n~~~ tex\n$x$', '<p>a</p> <pre><code>$x$</code></pre>'],
    ['an environment that nothing closes', tex`\begin{align} a`, p('\\begin{align} a')],
  ])('%s', (_, text, html) => expect(shown(text)).toBe(html));
});

describe('signs that Markdown would take for its own', () => {
  test.each<[string, string, string]>([
    ['stars that multiply', '2*3*4 = f(x)*g(x)*(n+1)', p('2*3*4 = f(x)*g(x)*(n+1)')],
    ['stars between formulas', '$a$*$b$*$c$', p('⟦a⟧*⟦b⟧*⟦c⟧')],
    ['brackets before parentheses', 'on [0,1](x) and ![a](b)', p('on [0,1](x) and ![a](b)')],
    ['a bracket and a colon', '[1]: so it is', p('[1]: so it is')],
    ['underscores', 'x_1 and x_2', p('x_1 and x_2')],
    [
      'addresses',
      'see <https://a.example/b> or https://a.example',
      p('see &lt;https://a.example/b&gt; or https://a.example'),
    ],
    ['a line of equals signs', 'a\n===', p('a ===')],
    ['four spaces', '    so $x$', p('so ⟦x⟧')],
    ['HTML', '<b>a</b> &lt;', p('&lt;b&gt;a&lt;/b&gt; &lt;')],
  ])('%s', (_, text, html) => expect(shown(text)).toBe(html));
});

describe('LaTeX around formulas is read', () => {
  test.each<[string, string, string]>([
    [
      'styles',
      tex`\emph{a \textbf{b $x$}} \textit{c} {\bf d}`,
      p('<em>a <strong>b ⟦x⟧</strong></em> <em>c</em> <strong>d</strong>'),
    ],
    [
      'lists',
      tex`\begin{itemize}\item a \item $b$\end{itemize}`,
      '<div class="p"><ul><li><p>a</p> </li><li><p>⟦b⟧</p> </li></ul></div>',
    ],
    [
      'numbered lists',
      tex`\begin{enumerate}[label=(\roman*)] \item a \item[(*)] b \end{enumerate}`,
      '<div class="p"><ol type="i"><li><p>a</p> </li><li class="labelled"><span class="head">(*)</span> <p>b</p> </li></ol></div>',
    ],
    [
      'lists in lists',
      tex`\begin{itemize}\item a \begin{enumerate}\item b\end{enumerate}\end{itemize}`,
      '<div class="p"><ul><li><div class="p">a <ol><li><p>b</p> </li></ol></div> </li></ul></div>',
    ],
    [
      'tables',
      tex`\begin{tabular}{|c|c|}\hline a & $b$ \\ \hline c & d \\ \end{tabular}`,
      '<div class="p"><table class="tabular"><tbody><tr><td> a</td><td>⟦b⟧</td></tr><tr><td> c</td><td>d</td></tr></tbody></table></div>',
    ],
    [
      'theorems',
      `${tex`\begin{lemma}[Bézout, $p$]`} Let $x$.\n\nSo.${tex`\end{lemma}`}`,
      '<div class="p"><div class="headed"><strong class="head">Lemma (Bézout, ⟦p⟧).</strong> <p>Let ⟦x⟧.</p> <p>So.</p> </div></div>',
    ],
    [
      'proofs',
      tex`\begin{proof} Clear. \qed \end{proof}`,
      '<div class="p"><div class="headed"><strong class="head">Proof.</strong> <p>Clear. ∎</p> </div></div>',
    ],
    ['titles', tex`\section*{Step $1$} a`, '<div class="p"><h4>Step ⟦1⟧</h4> a</div>'],
    [
      'programs',
      `${tex`\begin{verbatim}`}\n$x$ <b>\n${tex`\end{verbatim}`}`,
      '<div class="p"><pre><code>$x$ &lt;b&gt; </code></pre></div>',
    ],
    ['quotation marks', "``so'' and ``thus'', f''", p('“so” and “thus”, f&#39;&#39;')],
    ['spaces', 'Lemma~3 and Theorem~$n$, ~5', p('Lemma\u00a03 and Theorem\u00a0⟦n⟧, ~5'.replaceAll('\u00a0', ' '))],
    ['line ends', 'a \\\\\nb \\\\[2pt] c', p('a <br> b <br> c')],
    [
      'labels by their names',
      tex`\label{a_b} by \ref{a_b} and \eqref{c}`,
      p('<span class="label">[a_b]</span> by <span class="label">a_b</span> and <span class="label">(c)</span>'),
    ],
    ['answers in boxes', tex`Answer: \boxed{42}`, p('Answer: ⟦\\boxed{42}⟧')],
    [
      'commands of formulas outside of any',
      tex`a \times \mathbb{N}, \frac{1}{2}`,
      p('a ⟦\\times⟧ ⟦\\mathbb{N}⟧, ⟦\\frac{1}{2}⟧'),
    ],
    [
      'definitions, which formulas then use',
      tex`\newcommand{\RR}{\mathbb{R}} $\RR$`,
      p('<code>\\newcommand{\\RR}{\\mathbb{R}}</code> ⟦\\RR⟧'),
    ],
    ['commands that nobody knows', tex`\foo{a} \bar`, p('\\foo{a} \\bar')],
  ])('%s', (_, text, html) => expect(shown(text)).toBe(html));
});

describe('what KaTeX knows only elsewhere is said in plainer words', () => {
  test.each<[string, string, string]>([
    ['a tag in a line', tex`$x \tag{1}$`, tex`x \qquad\text{(1)}`],
    ['a tag on its own lines', tex`$$x \tag{$*$}$$`, tex`x \tag{$*$}`],
    ['two tags', tex`\[ x \tag{1} \\ y \tag*{B} \]`, tex`x \qquad\text{(1)} \\ y \qquad\text{B}`],
    [
      'a tag in aligned rows',
      tex`\[\begin{aligned} x &= y \tag{1} \\ z \tag{2} \end{aligned}\]`,
      tex`\begin{aligned} x &amp;= y \qquad\text{(1)} \\ z \qquad\text{(2)} \end{aligned}`,
    ],
    [
      'a label, which is seen as references are',
      tex`\begin{equation}\label{a_b} x \end{equation}`,
      tex`\begin{equation*}\tag{a\_b} x \end{equation*}`,
    ],
    ['a label beside a tag', tex`\[ x \tag{1}\label{a} \]`, tex`x \tag{1}`],
    [
      'rows without an environment',
      tex`\[ a &= b \\ &= c \]`,
      tex`\begin{aligned} a &amp;= b \\ &amp;= c \end{aligned}`,
    ],
    ['numbered rows in a line', tex`$\begin{align}a&=b\end{align}$`, tex`\begin{aligned}a&amp;=b\end{aligned}`],
    ['other environments', tex`\begin{multline} a \\ b \end{multline}`, tex`\begin{gather*} a \\ b \end{gather*}`],
    [
      'equation arrays',
      tex`\begin{eqnarray*} a &=& b \end{eqnarray*}`,
      tex`\begin{array}{rcl} a &amp;=&amp; b \end{array}`,
    ],
    ['signs of HTML', '$a &lt; b$', 'a &lt; b'],
    ['a percent sign', '$50% + 5\\%$', tex`50\% + 5\%`],
    ['a comment', '\\[ a % so\n= b \\]', 'a % so = b'],
    [
      'a row end that lost a backslash',
      '$$\\begin{cases} a & b \\\n c & d \\end{cases}$$',
      tex`\begin{cases} a &amp; b \\ c &amp; d \end{cases}`,
    ],
    ['boxes of text', tex`$a \mbox{ if $b$}$`, tex`a \mbox{ if $b$}`],
  ])('%s', (_, text, formula) => expect(shown(text)).toContain(`⟦${formula}⟧`));
});

describe('a formula that cannot be set is shown as it stands, with the reason', () => {
  test.each<[string, string, string]>([
    ['an unknown command', tex`$\foo{x}$`, 'Undefined control sequence: \\foo'],
    ['braces that do not match', '$a{b$', 'Expected &#39;}&#39;, got &#39;EOF&#39;'],
    ['what loads or leads elsewhere', tex`$\href{javascript:alert(1)}{x}$`, '\\href is not allowed'],
    ['what sets attributes', tex`\(\htmlData{a=b}{x}\)`, '\\htmlData is not allowed'],
    ['what names a picture', tex`\[\includegraphics{https://a.example/b.png}\]`, '\\includegraphics is not allowed'],
    [
      'too many expansions',
      tex`$\def\a{\b\b}\def\b{\c\c}\def\c{\a}\a$`,
      'Too many expansions: infinite loop or need to increase maxExpand setting',
    ],
    ['one of extreme length', `$${'x+'.repeat(10_001)}y$`, 'more than 20000 characters'],
    [
      'a long one that defines',
      tex`$\def\a{x}${'\\a '.repeat(200)}$`,
      'more than 400 characters, and it defines commands',
    ],
  ])('%s', (_, text, reason) => {
    const source = text.replaceAll('&', '&amp;');
    expect(shown(text)).toBe(p(`<span class="failed"><code>${source}</code> <small>not set: ${reason}</small></span>`));
  });
});

test('a stop behind a short formula stays on its line', () => {
  expect(mathematics('So $x$. And ($y$).').markup).toMatch(
    /So <span class="kept"><span class="katex">.*<\/span>\.<\/span> And \(<span class="kept">.*<\/span>\)\.<\/span><\/p>/,
  );
});
