import { greekLetter, MATHS, plainSpelling, TEXT } from './notation.ts';

/**
 * Letters that stand for variables, in order of appearance: a script in which nobody writes mathematics, so that what
 * was normalised is normalised to itself.
 */
const FIRST = 0x2c30;
const VARIABLES = 47;
export const ANY_VARIABLE = /[\u2c30-\u2c5e]/g;

/** Words of three letters and fewer: any other such run is a product of variables, or points. */
const WORDS = new Set(
  (
    'an as at be by do go he if in is it me my no of on or so to up us we vs eg ie pi th nd rd st ln lg ' +
    'and any are but can cut did end few for gcd get had has her him his how its lcm let log max may men min mod new ' +
    'non nor not now odd off old one our out own per put red row run say see set she six sum sup sin cos tan cot sec ' +
    'csc exp det dim deg inf arg lim ker two ten the too top try use via was way who why win yes yet you all add age ' +
    'ago aim arc ask bad bag bar bet big bit box boy bus buy car cat cup day die dot due far fit fix fly fun gap ' +
    'gon got hat hen hit hot ill job key kid lay led leg lie lot low map mix net nth nut pay pen pet pie pin pot ray ' +
    'raw rod sea sit sky son sub tie tip toe ton toy van war wet won act iff int qed lhs rhs pts ' +
    // Of other languages those that come in most statements.
    'un une de du des le la les et ou est que qui par sur pas ses si en au aux ce se der die das ein und ist fur mit ' +
    'von zu zum zur den dem sei es ob als auf aus bei im nur el los las una del por al sus hay sea il lo gli di ' +
    'che per sia due tre os um uma da dos'
  ).split(' '),
);
/** What comes after a variable, and not after the article. */
const AFTER_VARIABLE = new Set(
  (
    'be is are was and or in on of to for from by with such that which then there we it if where when while divide ' +
    'equal satisfy denote the since because so but exists must can will cannot may than modulo mod into over under ' +
    'not at as onto through have had let'
  ).split(' '),
);
/** What comes before a variable, and not before the article. */
const BEFORE_VARIABLE = new Set(
  (
    'every each some any all integer integers number numbers real reals prime primes element elements point points ' +
    'constant constants parameter vertex variable variables letter'
  ).split(' '),
);
/** A verb in the third person; nouns and adjectives that end so are others. */
const VERB = /[^usi]s$/;
const NO_VERBS = new Set(['series', 'lens', 'always', 'gas', 'its']);

/** What a numbering may begin and end with; of formulas nothing but marks. */
const [BEGIN, END] = [String.raw`[\s*_#>({\[\ue000\ue002]*`, String.raw`[\s.,:;)\]}*_\ue001\ue003]*(?:-\s+)?`];
const NAMES =
  'problem|exercise|question|task|example|theorem|lemma|proposition|aufgabe|problema|ejercicio|probleme|exercice|' +
  'esercizio|zadanie|uloha|feladat|задача|упражнение|题|問題|问题';
/** `Problem 7.`, `Exercise 3.2:`, `Problem A.`; `7.`, `(7)`, `A1.`, `Q7.`, `#7`: what a list calls a statement. */
const NUMBERINGS = [
  String.raw`(?:${NAMES})(?:[^\p{L}\p{N}]*(?:no|nr|number))?[^\p{L}\p{N}]*[a-z]?\d+(?:[./-]\d+)*[a-z]?(?![\p{L}\d])` +
    String.raw`(?:\s*\([^()]{0,40}\d{4}[^()]{0,20}\))?`,
  String.raw`(?:${NAMES})(?:\s+(?:[a-z]|[ivxlc]+))?\s*[.:)]`,
  String.raw`(?:(?:no|nr|ex|q|p|pr)[.\s]*)?[a-z]?\d{1,4}(?:\.\d+)*\s*[.:)\]]+(?=[\s*_\ue000-\ue003])`,
  // A contest's, with its year: `IMO 2005, Problem 3.`
  String.raw`(?:\d{4}\s+)?(?:imo|isl|usa[jt]?mo|putnam|apmo|egmo|rmm|cgmo|aime|hmmt|shortlist|olympiad)(?![\p{L}\d])` +
    String.raw`(?:[\s,/-]+(?:shortlist|problem|p|\d{1,4}|[a-z]\d{1,2}))+\s*[.:)\]]+`,
  String.raw`(?<=#)\s*\d{1,4}(?![\p{L}\d])`,
].map((numbering) => new RegExp(`^${BEGIN}${numbering}${END}`, 'iu'));

interface Token {
  readonly kind: 'number' | 'variable' | 'word' | 'sign';
  readonly text: string;
  /** What stands between it and the next token. */
  after: string;
  readonly isMaths: boolean;
}

/**
 * A statement without what may differ in one problem (docs/method.md, "Splits"): case, white space, punctuation,
 * brackets and multiplication signs, its number in a list, the spelling of formulas; variables are named in order of
 * appearance, capitals apart unless all is in capitals. Normalising again changes nothing.
 */
export function normalised(statement: string): string {
  let tokens = tokensOf(withoutNumbering(plainSpelling(statement)));
  // What is dropped, or told to be a variable, makes other neighbours.
  let before = '';
  while (before !== kindsOf(tokens)) {
    before = kindsOf(tokens);
    tokens = settled(tokens);
  }
  return named(tokens).join(' ');
}

/** Or a variable, or a point. */
const isArticle = (text: string): boolean => text === 'a' || text === 'A';

const kindsOf = (tokens: readonly Token[]): string => tokens.map(({ kind }) => kind.charAt(0)).join('');

function withoutNumbering(text: string): string {
  let rest = text;
  for (let times = 0; times < 3; times += 1) {
    const numbering = NUMBERINGS.map((each) => each.exec(rest)?.[0] ?? '').find((found) => found !== '');
    // A statement that is nothing but its number keeps it.
    if (numbering === undefined || !/[\p{L}\p{N}]/u.test(rest.slice(numbering.length))) return rest;
    rest = rest.slice(numbering.length);
  }
  return rest;
}

const TOKEN = new RegExp(
  [
    String.raw`(?<mark>[\ue000-\ue003])`,
    String.raw`(?<number>\d+(?:\.\d+)?)`,
    String.raw`(?<variable>[\u2c30-\u2c5e])`,
    String.raw`(?<latin>\p{Script=Latin}+(?:'\p{Script=Latin}+)*)`,
    String.raw`(?<greek>\p{Script=Greek}+)`,
    String.raw`(?<word>(?:(?![\p{Script=Latin}\p{Script=Greek}\u2c30-\u2c5e])[\p{L}\p{M}])+)`,
    String.raw`(?<sign><->|->|<=|>=|!=|\+-|\|+|[+\-/%'!=<>^|]|(?![$\u0060])\p{S})`,
  ].join('|'),
  'gu',
);

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const outer: boolean[] = [];
  let isMaths = false;
  let end = 0;
  const add = (kind: Token['kind'], spelt: string) => tokens.push({ kind, text: spelt, after: '', isMaths });
  for (const match of text.matchAll(TOKEN)) {
    const { mark, number, variable, latin, greek, word, sign = '' } = match.groups ?? {};
    const last = tokens.at(-1);
    if (last !== undefined) last.after += text.slice(end, match.index) + (mark ?? '');
    end = match.index + match[0].length;
    if (mark !== undefined) {
      if (mark === TEXT[0]) outer.push(isMaths);
      isMaths = mark === TEXT[1] ? (outer.pop() ?? false) : mark === MATHS[0];
    } else if (number !== undefined) add('number', number);
    else if (variable !== undefined) add('variable', variable);
    else if (latin !== undefined) addRun(latin.replace(/'s$/, '').replaceAll("'", ''));
    else if (greek !== undefined) {
      if (greek.length > 2 && !isMaths) add('word', greek);
      else for (const letter of greek) add('variable', letter);
    } else if (word !== undefined) add('word', word);
    else add('sign', sign.startsWith('|') ? '|' : sign);
  }
  const last = tokens.at(-1);
  if (last !== undefined) last.after += text.slice(end);
  return tokens;

  function addRun(run: string): void {
    const isOrdinal = /^[b-z]th$/.test(run);
    const letters = isOrdinal ? run.slice(0, 1) : run;
    const greek = isOrdinal || isMaths ? undefined : greekLetter(run);
    if (greek !== undefined) add('variable', greek);
    else if (isOrdinal || isProduct(run, isMaths)) for (const letter of letters) add('variable', letter);
    else if (run === 'A') add('word', run);
    else add('word', run === 'degree' || run === 'deg' ? 'degrees' : run.toLowerCase());
    if (isOrdinal) add('word', 'th');
  }
}

/** Whether a run of letters is variables side by side. */
function isProduct(run: string, isMaths: boolean): boolean {
  if (run.length === 1) return isMaths || !isArticle(run);
  if (!/^[a-z]+$/.test(run)) return false;
  if (run.length <= 3) return !WORDS.has(run);
  const isAlphabet = run.length <= 6 && 'abcdefghijklmnopqrstuvwxyz'.includes(run);
  return isAlphabet || (isMaths && run.length <= 4 && !/[aeiouy]|^sqrt$/.test(run));
}

const OPERATOR = /^(?:[+/=<>^]|<=|>=|!=|\+-)$/;

/** What depends on the neighbours: the article, hyphens, marks that may be punctuation, products that spell words. */
function settled(tokens: readonly Token[]): Token[] {
  const kept: Token[] = [];
  tokens.forEach((token, index) => {
    const [before, next] = [kept.at(-1), tokens[index + 1]];
    const { kind, text } = token;
    const stands = before?.kind === 'variable' || before?.kind === 'number';
    if (kind === 'number' && before?.kind === 'number' && isThousands(before, text)) {
      kept[kept.length - 1] = { ...before, text: before.text + text, after: token.after };
    } else if (kind === 'word' && isArticle(text) && isVariable(token, before, next, tokens[index + 2]))
      kept.push({ ...token, kind: 'variable' });
    else if (kind === 'word' && /^[a-z]{2}$/.test(text) && WORDS.has(text) && isInFormula(token, before, next))
      for (const letter of text) kept.push({ ...token, kind: 'variable', text: letter });
    else if (kind !== 'sign') kept.push(token);
    else if (text === '-') {
      const isOfWord =
        next?.kind === 'word' && !(isArticle(next.text) && isVariable(next, token, ...tokens.slice(index + 2)));
      const isHyphen = next === undefined || isOfWord || (before?.kind === 'word' && before.after === '');
      if (!isHyphen) kept.push(token);
    } else if (text === '!' || text === "'") {
      if (stands) kept.push(token);
    } else if (text === '/') {
      if (before?.kind !== 'word' || next?.kind !== 'word') kept.push(token);
    } else if (text === '^') {
      if (next !== undefined && !(next.kind === 'word' && next.text === 'th')) kept.push(token);
    } else if (text !== '|' || before?.text !== '|') kept.push(token);
  });
  return kept;
}

const isThousands = ({ text, after }: Token, next: string): boolean =>
  next.length === 3 &&
  /^[1-9]\d{0,2}(?:\d{3})*$/.test(text) &&
  /^[\s{}\ue000-\ue003]*,[\s{}\ue000-\ue003]*$/.test(after);

/** `a` the variable, where it may be the article. */
function isVariable(token: Token, before?: Token, next?: Token, second?: Token): boolean {
  if (token.isMaths || next === undefined) return true;
  if (/^[^\s\ue000-\ue003]/.test(token.after) || /[^\s\ue000-\ue003({['"*-]/.test(token.after)) return true;
  if (before?.kind === 'word' && BEFORE_VARIABLE.has(before.text)) return true;
  if (before?.kind === 'sign' && OPERATOR.test(before.text)) return true;
  if (next.kind === 'sign' || (before?.kind === 'number' && before.after === '')) return true;
  if (next.kind === 'number') return token.after === '';
  if (next.kind === 'variable')
    return !(second?.kind === 'word' && !isAfterVariable(second.text)) && second?.text !== '-';
  return isAfterVariable(next.text);
}

/** `an` in `an + b`; by itself it is a word, but in maths. */
const isInFormula = ({ text, isMaths }: Token, before?: Token, next?: Token): boolean =>
  !/^(?:in|or|pi|ln|lg|th)$/.test(text) &&
  (isMaths || [before, next].some((each) => each?.kind === 'sign' && OPERATOR.test(each.text)));

const isAfterVariable = (word: string): boolean =>
  AFTER_VARIABLE.has(word) || (word.length > 3 && VERB.test(word) && !NO_VERBS.has(word));

/** The words, with variables by the order in which they come. */
function named(tokens: readonly Token[]): string[] {
  const names = new Map<string, string>();
  return tokens.map(({ kind, text }) => {
    if (kind !== 'variable') return isArticle(text) ? 'a' : text;
    let name = names.get(text);
    if (name === undefined) {
      name = String.fromCharCode(FIRST + Math.min(names.size, VARIABLES - 1));
      names.set(text, name);
    }
    return name;
  });
}
