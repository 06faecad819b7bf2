/** Where a formula stands: in a line, or on lines of its own. */
export type Place = 'inline' | 'display';

/** What LaTeX or its packages have and KaTeX lacks, as proofs use it. */
export const MACROS: Record<string, string> = {
  '\\Q': '\\mathbb{Q}',
  '\\C': '\\mathbb{C}',
  '\\F': '\\mathbb{F}',
  '\\mathds': '\\mathbb',
  '\\mathbbm': '\\mathbb',
  '\\abs': '\\left|#1\\right|',
  '\\norm': '\\left\\|#1\\right\\|',
  '\\floor': '\\left\\lfloor#1\\right\\rfloor',
  '\\ceil': '\\left\\lceil#1\\right\\rceil',
  '\\lcm': '\\operatorname{lcm}',
  '\\ord': '\\operatorname{ord}',
  '\\sgn': '\\operatorname{sgn}',
  '\\divides': '\\mid',
  '\\eqref': '\\text{(#1)}',
  '\\ref': '\\text',
  '\\mbox': '\\text',
  '\\textsc': '\\text',
  '\\ensuremath': '#1',
  '\\qed': '\\quad\\square',
  '\\qedhere': '\\quad\\square',
  '\\hfill': '\\quad',
  '\\centering': '',
  '\\displaybreak': '',
  '\\allowdisplaybreaks': '',
};

/** Environments that are formulas where no delimiter stands around them. */
const FORMULAS = new Set(
  (
    'equation align gather multline flalign alignat eqnarray displaymath math subequations aligned alignedat gathered ' +
    'split array darray cases dcases rcases drcases matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix CD'
  ).split(' '),
);
export const isFormulaEnvironment = (name: string): boolean => FORMULAS.has(name.replace('*', ''));

/** One level of braces in the argument is enough for tags and labels. */
const ARGUMENT = String.raw`\{((?:[^{}]|\{[^{}]*\})*)\}`;
const TAG = new RegExp(String.raw`\\tag(\*?)\s*${ARGUMENT}`, 'g');
const LABEL = new RegExp(String.raw`\\label\s*${ARGUMENT}`, 'g');
/** A tag and a label beside each other: the tag is what a reader sees. */
const TAGGED = new RegExp(String.raw`(${TAG.source})\s*${LABEL.source}|${LABEL.source}\s*(${TAG.source})`, 'g');

const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/\\(begin|end)\{(equation|align|gather|alignat)\}/g, '\\$1{$2*}'],
  [/\\(begin|end)\{multline\*?\}/g, '\\$1{gather*}'],
  [/\\(begin|end)\{flalign\*?\}/g, '\\$1{align*}'],
  [/\\begin\{eqnarray\*?\}/g, '\\begin{array}{rcl}'],
  [/\\end\{eqnarray\*?\}/g, '\\end{array}'],
  [/\\(begin|end)\{(?:displaymath|math|subequations)\}/g, ''],
];

const IN_PLACE: readonly (readonly [RegExp, string])[] = [
  [/\\(begin|end)\{align\*\}/g, '\\$1{aligned}'],
  [/\\(begin|end)\{gather\*\}/g, '\\$1{gathered}'],
  [/\\(begin|end)\{alignat\*\}/g, '\\$1{alignedat}'],
  [/\\(begin|end)\{equation\*\}/g, ''],
];

const all = (tex: string, rules: readonly (readonly [RegExp, string])[]) =>
  rules.reduce((text, [pattern, by]) => text.replace(pattern, by), tex);

/**
 * The formula as KaTeX is asked for it, then, where that is refused, in plainer words, each with less that KaTeX may
 * know only elsewhere: tags as text, aligned rows in place of numbered ones, rows without their environment.
 */
export function* plainer(tex: string, place: Place): Generator<string> {
  const plain = all(comments(rows(unquoted(tex))), RENAMED)
    .replace(TAGGED, '$1$6')
    .replace(LABEL, labelTag(place));
  yield plain;
  const inside = all(
    undelimited(plain).replace(TAG, (_, star: string, text: string) => tagText(star === '*' ? text : `(${text})`)),
    IN_PLACE,
  );
  yield inside;
  if (inside.includes('&')) yield `\\begin{aligned}${inside}\\end{aligned}`;
}

const tagText = (text: string) => `\\qquad\\text{${text}}`;

/** A label is what references in the text show: nothing is numbered that the proof does not number itself. */
const labelTag =
  (place: Place) =>
  (_: string, key: string): string =>
    place === 'inline' ? tagText(`(${texText(key)})`) : `\\tag{${texText(key)}}`;

/** A text of a label or a reference, as text of TeX. */
const texText = (text: string) => text.replaceAll(/[_#%&$]/g, '\\$&');

/** Signs as they are where a model wrote for HTML. */
const unquoted = (tex: string) => tex.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

/** A line that ends in one backslash, where none ends in two, has lost the other on its way through other formats. */
const rows = (tex: string) => (tex.includes('\\\\') || !tex.includes('&') ? tex : tex.replaceAll('\\\n', '\\\\\n'));

/** A percent sign begins a comment only where a line follows, and no number stands before it. */
const comments = (tex: string) =>
  tex.replaceAll(/\\[\s\S]|(?<=([\d}])?)%([^\n]*\n)?/g, (sign: string, number: string | undefined, line = '') =>
    sign.startsWith('\\') || (line !== '' && number === undefined) ? sign : `\\%${line}`,
  );

/** Without the delimiters of formulas in the formula, but for those in its texts. */
function undelimited(tex: string): string {
  const braces: boolean[] = [];
  return tex.replaceAll(/\\(?:text\w*|mbox|hbox|fbox)\s*\{|\\[()[\]]|\\[\s\S]|[{}]|\$\$?/g, (sign: string) => {
    const inText = braces.at(-1) === true;
    if (sign.endsWith('{') && sign !== '\\{') braces.push(sign !== '{' || inText);
    if (sign === '}') braces.pop();
    return inText || !/^(?:\\[()[\]]|\$\$?)$/.test(sign) ? sign : '';
  });
}
