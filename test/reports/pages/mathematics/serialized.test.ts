import { createRequire } from 'node:module';
import type katex from 'katex';
import { serialized, type Built, type Kinds } from '../../../../reports/pages/mathematics/serialized.ts';
import { longProof } from '../../../bench/longProof.ts';

const {
  __renderToDomTree: build,
  __domTree: kinds,
  renderToString,
} = createRequire(__filename)('katex') as typeof katex & {
  readonly __renderToDomTree: (tex: string, options: katex.KatexOptions) => Built;
  readonly __domTree: Kinds;
};
const tex = String.raw;

/** All kinds of nodes that formulas become. */
const KINDS = [
  tex`a < b > c \& d "e" 'f'`,
  tex`x' = \text{a & b < "c"} + \text{naïve, 证明}`,
  tex`\frac{1}{2} \sqrt[3]{x} \overline{AB} \underbrace{a + b}_{n} \widehat{xyz} \overrightarrow{AB}`,
  tex`\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} \begin{cases} a & b \\ c & d \end{cases}`,
  tex`\left\{ \left( \frac{\frac{a}{b}}{c} \right) \right\} \Biggl[ x \Biggr]`,
  tex`\color{red} x \color{#00f} y \boxed{z} \cancel{w} \mathbb{R} \mathcal{L} \mathfrak{g}`,
  tex`\sum_{i=1}^n \int_0^1 \prod \lim_{x \to 0} \operatorname*{argmax}_y \binom{n}{k}`,
  tex`\xrightarrow[a]{b} \overset{!}{=} \stackrel{?}{<} \phantom{x} \hspace{2em} \rule{1em}{2pt} \, \! \quad`,
  tex`\begin{aligned} a &= b \\ &= c \end{aligned} \tag{3}`,
  tex`\begin{array}{c|c} a & b \\ \hline c & d \end{array}`,
  tex`\oiint f \, dx \mathop{\rm d} \not= \ldots \Tilde{\imath} \undefined`,
];

/** How it is written here, and by KaTeX. */
function both(formula: string, displayMode: boolean): readonly [string, string] {
  const options = { displayMode, throwOnError: false, strict: 'ignore' as const };
  return [serialized(build(formula, options), kinds), renderToString(formula, options)];
}

test('what the typesetter builds is written sign for sign as it writes it', () => {
  const proofs = [1, 2].map((seed) => longProof({ characters: 30_000, formulas: 300, seed }));
  const formulas = proofs.flatMap((proof) =>
    [...proof.matchAll(/\$\$([^$]+)\$\$|\$([^$]+)\$|\\\[([^]+?)\\\]|\\\((.+?)\\\)/g)].map(
      ([, ...parts]) => parts.find((part) => part !== undefined) ?? '',
    ),
  );
  expect(formulas.length).toBeGreaterThan(400);
  for (const formula of [...KINDS, ...formulas])
    for (const displayMode of [true, false]) {
      const [ours, theirs] = both(formula, displayMode);
      expect({ formula, html: ours }).toEqual({ formula, html: theirs });
    }
});

test('a node of another kind writes itself, and one with a strange attribute, too', () => {
  const other = { toMarkup: () => '<other/>' };
  expect(serialized(other, kinds)).toBe('<other/>');
  const strange = { ...other, type: 'mi', attributes: { 'a b': 'c' }, classes: [], children: [] };
  expect(serialized(strange, kinds)).toBe('<other/>');
});
