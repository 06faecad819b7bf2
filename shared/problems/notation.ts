/**
 * One spelling for the many in which a statement may be written: LaTeX, Unicode, ASCII or HTML. What comes out is lower
 * case, but for variables, with operators in ASCII, words for signs that have names, and marks around maths.
 */

/** Of the text that `plainSpelling` gives: maths, and text inside maths, from the first to the second. */
export const MATHS = ['\ue000', '\ue001'] as const;
export const TEXT = ['\ue002', '\ue003'] as const;

/** LaTeX commands, in lower case as all is; one that does not stand here is the word of its name. */
const COMMANDS = new Map<string, string>();
function commands(spelling: string, ...names: readonly string[]): void {
  for (const name of names.flatMap((each) => each.split(' '))) COMMANDS.set(name, ` ${spelling} `);
}
commands('<=', 'le leq leqslant leqq');
commands('>=', 'ge geq geqslant geqq');
commands('!=', 'ne neq');
commands('<', 'lt');
commands('>', 'gt');
commands('=', 'equiv coloneqq');
commands('/', 'div over');
commands('+-', 'pm plusmn');
commands('-', 'minus');
commands('->', 'to rightarrow longrightarrow mapsto longmapsto implies rarr');
commands('<->', 'leftrightarrow longleftrightarrow iff harr');
commands('|', 'mid vert lvert rvert divides');
commands('not |', 'nmid');
commands("'", 'prime apos rsquo lsquo');
commands('in', 'in isin');
commands('not in', 'notin');
commands('subset', 'subset subseteq sube');
commands('superset', 'supset supseteq supe');
commands('union', 'cup bigcup');
commands('intersection', 'cap bigcap');
commands('minus', 'setminus smallsetminus');
commands('emptyset', 'emptyset varnothing');
commands('for all', 'forall');
commands('there exists', 'exists exist');
commands('and', 'land wedge');
commands('or', 'lor vee');
commands('not', 'neg lnot not');
commands('infinity', 'infty infin');
commands('sqrt', 'sqrt radic surd');
commands('integral', 'int');
commands('angle', 'angle measuredangle ang');
commands('triangle', 'triangle bigtriangleup vartriangle');
commands('perpendicular', 'perp');
commands('floor', 'lfloor');
commands('ceil', 'lceil');
commands('degrees', 'degree deg');
commands('mod', 'pmod bmod mod pod');
commands('binom', 'binom dbinom tbinom');
commands('epsilon', 'varepsilon');
commands(',', 'comma');
// Multiplication is written or not; the rest is how a formula looks.
commands(
  '',
  'cdot times ast bullet middot star rfloor rceil ldots cdots dots dotsc dotsb dotsm dotso vdots ddots hellip',
  'left right middle big bigl bigr bigg biggl biggr bigm quad qquad enspace thinspace nbsp space hfill par noindent',
  'colon displaystyle textstyle scriptstyle limits nolimits mathrm mathbf mathit mathbb mathcal mathfrak mathscr',
  'mathsf',
  'operatorname boldsymbol bm bf it rm em bar overline underline hat widehat vec tilde widetilde overrightarrow',
  'overset',
  'item centering lbrace rbrace lbrack rbrack langle rangle ldquo rdquo quot amp smallskip medskip bigskip newline',
);

/** Also written out. */
const GREEK =
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron rho sigma tau upsilon phi chi ' +
  'psi omega';
const GREEK_LETTERS = 'αβγδεζηθικλμνξορστυφχψω';
GREEK.split(' ').forEach((name, index) => {
  const letter = ` ${GREEK_LETTERS[index]} `;
  COMMANDS.set(name, letter);
  COMMANDS.set(`var${name}`, letter);
});

/** The Greek letter of a name that is no product of two letters; π is no variable. */
export const greekLetter = (name: string): string | undefined => {
  const index = name.length < 3 ? -1 : GREEK.split(' ').indexOf(name);
  return index < 0 ? undefined : GREEK_LETTERS[index];
};

/** Signs, by the command or the spelling that they stand for. */
const SIGNS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries({
    '≤≦⩽': '<=',
    '≥≧⩾': '>=',
    '≠': '!=',
    '≡': '=',
    '≢': 'not =',
    '÷⁄∕': '/',
    '−‐‑–': '-',
    '±': '+-',
    '→⟶↦⇒⟹': '->',
    '↔⇔⟺': '<->',
    '∣‖': '|',
    '∤': 'not |',
    '∈∊': 'in',
    '∉': 'not in',
    '⊂⊆': 'subset',
    '⊃⊇': 'superset',
    '∪⋃': 'union',
    '∩⋂': 'intersection',
    '∖': 'minus',
    '∅⌀': 'emptyset',
    '∀': 'for all',
    '∃': 'there exists',
    '∧': 'and',
    '∨': 'or',
    '¬': 'not',
    '∞': 'infinity',
    '√': 'sqrt',
    '∛': 'sqrt 3',
    '∜': 'sqrt 4',
    '∑': 'sum',
    '∏': 'prod',
    '∫': 'integral',
    '∠∡': 'angle',
    '△▵': 'triangle',
    '∥': 'parallel',
    '⊥⟂': 'perpendicular',
    '⌊': 'floor',
    '⌈': 'ceil',
    '°': 'degrees',
    '∘': 'circ',
    π: 'pi',
    ς: 'σ',
    '×·⋅∙∗✕✖•⌋⌉—―“”„«»⟨⟩〈〉': '',
  }).flatMap(([signs, spelling]) => Array.from(signs, (sign) => [sign, ` ${spelling} `])),
);
const ANY_SIGN = new RegExp(`[${Object.keys(SIGNS).join('')}]`, 'gu');

const RAISED = '⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᵏˡᵐᵒᵖʳˢᵗˣʸᶻᵀ';
const OF_RAISED = '0123456789+-=()niabcdeklmoprstxyzt';
const LOWERED = '₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ';
const OF_LOWERED = '0123456789+-=()aehijklmnoprstuvx';
const runsOf = (characters: string) => new RegExp(`[${characters}]+`, 'gu');
const [ANY_RAISED, ANY_LOWERED] = [runsOf(RAISED), runsOf(LOWERED)];
const each = (run: string, from: string, to: string): string =>
  Array.from(run, (one) => to[from.indexOf(one)]).join('');

/** Where there is none, all is in capitals. */
const LOWER_CASE = /(?<![\\\p{L}])\p{Ll}{3}/u;

/** A statement in the one spelling. */
export function plainSpelling(statement: string): string {
  let text = statement.replaceAll(/[\ue000-\uf8ff\u200b-\u200f\u2060\ufeff\u00ad]/g, '');
  if (/[<&]/.test(text)) text = withoutHtml(text);
  const hasCase = LOWER_CASE.test(text);
  // oxlint-disable-next-line no-control-regex
  if (/[^\0-\x7f]/.test(text)) text = withoutSigns(text);
  text = withPoints(text, hasCase);
  text = text.replaceAll(/\p{L}+/gu, (run) => (hasCase && /^[A-Z]$/.test(run) ? run : run.toLowerCase()));
  if (text.includes('$') || text.includes('\\')) text = withoutLatex(text);
  return text
    .replaceAll('~', ' ')
    .replaceAll(/(?<=[\p{L}\p{N})}\]])( ?)\*\*\1(?=[\p{L}\p{N}({\\-])/gu, '^')
    .replaceAll(/<={1,4}>|<-{1,4}>/g, ' <-> ')
    .replaceAll(/={1,4}>|-{1,4}>/g, ' -> ')
    .replaceAll(/=\/=|\/=|<>|!=/g, ' != ')
    .replaceAll(/<=|=</g, ' <= ')
    .replaceAll(/:=|={2,}/g, ' = ')
    .replaceAll(/\+\s*\/\s*-/g, ' +- ')
    .replaceAll(/-{2,}/g, ' ')
    .replaceAll(/(\d)\s*x\s*(?=\d+(?:\s*x\s*\d+)*[\s\ue000-\ue003-]*[a-z]{3})/g, '$1 ')
    .replaceAll(/\^\s*[{(]?\s*(?:circ\b|degrees\b|o\b(?=[\s})]))/g, ' degrees ')
    .replaceAll(/\^[\s{(]*(')/g, "'");
}

const TAGS = new RegExp(
  String.raw`</?(?:p|br|hr|b|i|u|em|strong|span|div|sup|sub|ul|ol|li|tt|code|var|font|center|h[1-6])` +
    String.raw`(?:\s+[a-z-]+\s*=[^<>]*)?\s*/?>`,
  'gi',
);
/** Tags of a letter are one only where they are closed: `a<b>c` is an inequality. */
const isTag = (tag: string, text: string): boolean =>
  !/^<[biup]>$/i.test(tag) || text.includes(tag.replace('<', '</')) || /^<p>$/i.test(tag);

function withoutHtml(text: string): string {
  return text
    .replaceAll(TAGS, (tag) => {
      if (!isTag(tag, text)) return tag;
      if (/^<sup\b/i.test(tag)) return '^{';
      if (/^<sub\b/i.test(tag)) return '_{';
      return /^<\/su[bp]/i.test(tag) ? '}' : ' ';
    })
    .replaceAll(/&#(?:x([0-9a-f]{1,6})|(\d{1,7}));/gi, (entity, hex?: string, decimal?: string) => {
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : entity;
    })
    .replaceAll(/&sup([123]);/gi, '^$1 ')
    .replaceAll(/&([gl]t|[a-z]{2,8});/gi, (entity, name: string) =>
      COMMANDS.has(name.toLowerCase()) || /^(sum|prod|pi)$/i.test(name) ? `\\${name} ` : entity,
    );
}

/** Emphasis and contests, and no points. */
const EMPHASISED = new RegExp(
  '^(?:IMO|ISL|USA[JT]?MO|APMO|EGMO|RMM|CGMO|AIME|HMMT|OR|IF|NO|NOT|AND|ALL|ANY|FOR|LET|THE|SHOW|THAT|FIND|EACH|' +
    'BOTH|ONLY|PROVE|EVERY|GIVEN)$',
);

/** Points in capitals, such as ABC, letter by letter, where not all is in capitals. */
function withPoints(text: string, hasCase: boolean): string {
  const read = text
    .replaceAll(/(?:Δ|\\Delta\b)(?=[\s${(]*[A-Z]{3}\b)/gu, ' \\triangle ')
    .replaceAll(/Σ|\\Sigma\b/gu, ' \\sum ')
    .replaceAll(/Π|\\Pi\b/gu, ' \\prod ');
  if (!hasCase) return read;
  return read
    .replaceAll(/(?<![\\\p{L}])([a-z])([A-Z])(?!\p{L})/gu, '$1 $2')
    .replaceAll(/(?<![\\\p{L}])[A-Z]{2,6}(?![\p{L}])/gu, (run) =>
      EMPHASISED.test(run) ? run : `${TEXT[0]}${MATHS[0]}${run.split('').join(' ')}${TEXT[1]}`,
    );
}

function withoutSigns(text: string): string {
  return text
    .replaceAll(ANY_RAISED, (run) => `^{${each(run, RAISED, OF_RAISED)}} `)
    .replaceAll(ANY_LOWERED, (run) => `_{${each(run, LOWERED, OF_LOWERED)}} `)
    .replaceAll(/(\d)(?=[¼-¾⅐-⅞])/gu, '$1 ')
    .replaceAll(/(?<=\d)[\u2009\u202f\u00a0](?=\d{3})/g, ',')
    .normalize('NFKC')
    .normalize('NFD')
    .replaceAll(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .normalize('NFC')
    .replaceAll(/[′’‘‛]/g, "'")
    .replaceAll(ANY_SIGN, (sign) => SIGNS[sign] ?? sign);
}

const FORMULA =
  /^(?:equation|align|aligned|alignat|gather|gathered|multline|math|displaymath|eqnarray|split|cases)\*?$/;

function withoutLatex(text: string): string {
  const parts = text.replaceAll(/\\\\(?:\[[^\]]*\])?/g, ' ').replaceAll(/\\\$/g, ' ');
  const isDelimiter = (parts.match(/\$+/g)?.length ?? 0) % 2 === 0;
  let delimiters = 0;
  const marked = parts
    .replaceAll(/\$+/g, () => {
      delimiters += 1;
      return isDelimiter ? MATHS[delimiters % 2 === 1 ? 0 : 1] : ' ';
    })
    .replaceAll(/\\[([]/g, MATHS[0])
    .replaceAll(/\\[)\]]/g, MATHS[1])
    .replaceAll(/\\(begin|end)\s*\{([^{}]*)\}(?:\[[^\]]*\])?/g, (_, edge: string, name: string) =>
      FORMULA.test(name) ? MATHS[edge === 'begin' ? 0 : 1] : ' ',
    )
    .replaceAll(/\\(?:label|ref|eqref|tag|cite|[hv]space|hskip|includegraphics)\*?(?:\[[^\]]*\])?\{[^{}]*\}/g, ' ')
    .replaceAll(/\\(?:text[a-z]*|[mh]box|emph)\s*\{([^{}]*)\}/g, ` ${TEXT[0]}$1${TEXT[1]} `)
    .replaceAll(/\{([^{}]*)\\choose([^a-z][^{}]*)\}/g, ' binom $1 $2 ')
    .replaceAll(/\\not\s*=/g, ' != ')
    .replaceAll(/(\d)\\,(?=\d{3})/g, '$1,');
  return withSlashes(marked).replaceAll(/\\([a-z]+|[A-Z])|\\([\s\S])/g, (_, name?: string, sign?: string) => {
    if (name !== undefined) return COMMANDS.get(name) ?? glued(name) ?? ` ${name} `;
    return sign === '|' || sign === '%' ? sign : ' ';
  });
}

/** Commands that are the words of their names, and that one may be glued to. */
const WORDS = new Set(
  'sum prod sin cos tan cot sec csc log ln exp gcd lcm max min lim sup inf det dim deg pi'.split(' '),
);
const KNOWN = /^(?:sinh|cosh|tanh|coth|arcsin|arccos|arctan|limsup|liminf|inft|lessgtr|lesssim)$/;

/** A command to which, where spaces were taken out, variables stick: `\leq n`. */
function glued(name: string): string | undefined {
  for (let length = name.length - 1; length > 1 && name.length - length <= 3 && !KNOWN.test(name); length -= 1) {
    const command = name.slice(0, length);
    const spelling = COMMANDS.get(command) ?? (WORDS.has(command) ? ` ${command} ` : undefined);
    if (spelling !== undefined && !WORDS.has(name)) return `${spelling}${name.slice(length)} `;
  }
  return undefined;
}

/** `a / b` of `\frac{a}{b}`. */
function withSlashes(text: string): string {
  if (!text.includes('frac')) return text;
  let read = '';
  const isNumerator: boolean[] = [];
  let begins = false;
  for (const [piece] of text.matchAll(/\\[dtc]?frac(?![a-z])|\\[a-z]+|\\?[\s\S]/g)) {
    if (piece.endsWith('frac')) {
      begins = true;
      read += ' ';
    } else if (piece === '{') {
      isNumerator.push(begins);
      begins = false;
      read += piece;
    } else if (piece === '}') read += isNumerator.pop() === true ? '} / ' : piece;
    else if (begins && piece.trim() !== '') {
      begins = false;
      read += `${piece} / `;
    } else read += piece;
  }
  return read;
}
