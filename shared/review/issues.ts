import { evaluationIn } from '../answers.ts';
import { MAX_ISSUES } from './judgedAnalyses.ts';

/**
 * The issues that an analysis reports, in its order and its words: what a person finds real or not. They are the items
 * of its lists at the outermost level, or what has a number ("Issue 2", "**2. …**"), between the key phrases; where
 * titles name defects, only what stands below these; without lists, what has a bold title; else its paragraphs.
 *
 * Ours, since the paper leaves the form of an analysis open: an item may praise, and an issue may fill two. Total, and
 * linear in the text.
 */
export function issuesOf(analysis: string): readonly string[] {
  const sections = sectionsOf(evaluationIn(analysis));
  const faulty = sections.filter(({ title }) => DEFECTS.test(title) && !PRAISE.test(title));
  if (faulty.length > 0) return limited(faulty.flatMap(({ lines }) => itemsOf(lines) ?? paragraphsOf(lines)));
  const listed = sections.map(({ lines }) => itemsOf(lines));
  if (listed.some((items) => items !== undefined)) return limited(listed.flatMap((items) => items ?? []));
  const lines = sections.flatMap(({ title, lines }) =>
    title === '' ? lines : [{ text: title, isPlain: true }, ...lines],
  );
  const titled = cut(lines, (line, before) => isBlank(before) && BOLD.test(line));
  return limited(titled.length > 1 ? titled.map(textOf) : paragraphsOf(lines));
}

interface Line {
  readonly text: string;
  /** Neither within a displayed formula nor within code. */
  readonly isPlain: boolean;
}

interface Section {
  /** Empty for what stands before the first title. */
  readonly title: string;
  readonly lines: Line[];
}

const DEFECTS = /\b(?:issue|defect|error|flaw|gap|mistake|weakness|concern|objection|problem)s?\b/i;
/** "No errors found", "Strengths". */
const PRAISE = /\b(?:no|without|free of)\b/i;
const NOTHING = new RegExp(
  String.raw`^[\s*_]*(?:none|nothing|n/a|no (?:[a-z]+ )?(?:issue|defect|error|flaw|gap|mistake|problem|concern)s?)` +
    String.raw`(?: (?:is|are|was|were))?(?: found)?[.\s*_]*$`,
  'i',
);

/** A heading, a bold line, or a short line that announces a list; nothing with a number, which is an item. */
const TITLE = /^\s{0,3}(?:#{1,6}\s+\S.*|(?:\*\*|__)[^*_\n]{1,80}(?:\*\*|__)\s*:?|[A-Z][^.:$\\]{0,80}:)\s*$/;
const NUMBERED = /^\s*(?:#{1,6}\s+)?(?:\*\*|__)?[([]?\d{1,3}[.)\]]\s*\S/;
const NAMES = 'issue defect error flaw gap mistake problem concern objection step point'
  .split(' ')
  .map((name) => `[${name.charAt(0).toUpperCase()}${name.charAt(0)}]${name.slice(1)}`);
const NAMED = new RegExp(
  String.raw`^\s*(?:[-*+]\s+)?(?:#{1,6}\s+)?(?:\*\*|__)?(?:${NAMES.join('|')})` +
    String.raw`(?:\s*(?:#|[Nn]o\.?)?\s*\d{1,3}|\s+(?:[A-Z]|[ivx]{1,4}))\b`,
);
const BULLET = /^\s*[-*+•]\s+\S/;
const BOLD = /^\s{0,3}(?:\*\*|__)\S/;
/** What sums up stands behind the last item, and is none. */
const SUMMARY =
  /^(?:\*\*)?(?:overall|in (?:summary|conclusion|total|short)|to (?:sum up|summarize|conclude)|summary|conclusion)\b/i;
/** Items of one kind alone in a part of the text: bullets beneath numbers are not the outermost. */
const KINDS = [NAMED, NUMBERED, BULLET];

function sectionsOf(text: string): Section[] {
  const sections: Section[] = [{ title: '', lines: [] }];
  let before = '';
  for (const line of linesOf(text)) {
    const isItem = KINDS.some((kind) => kind.test(line.text));
    if (line.isPlain && isBlank(before) && TITLE.test(line.text) && !isItem)
      sections.push({ title: line.text, lines: [] });
    else sections.at(-1)?.lines.push(line);
    before = line.text;
  }
  return sections;
}

function linesOf(text: string): Line[] {
  let closing: RegExp | undefined;
  return text.split(/\r\n?|\n/).map((text) => {
    if (closing !== undefined) {
      if (closing.test(text)) closing = undefined;
      return { text, isPlain: false };
    }
    const opened = OPENED.find(([opening, end]) => opening.test(text) && !end.test(text.replace(opening, '')));
    closing = opened?.[1];
    return { text, isPlain: true };
  });
}

/** What goes over lines, and what ends it. */
const OPENED: readonly (readonly [RegExp, RegExp])[] = [
  [/^\s*(?:```|~~~)/, /^\s*(?:```|~~~)/],
  [/\\\[/, /\\\]/],
  [/\$\$/, /\$\$/],
  [/\\begin\{(?:align|equation|gather|cases|array|pmatrix|aligned)\*?\}/, /\\end\{/],
];

const isBlank = (text: string) => text.trim() === '';

/** Undefined where there is no list. */
function itemsOf(lines: readonly Line[]): string[] | undefined {
  for (const kind of KINDS) {
    const starts = lines.filter(({ text, isPlain }) => isPlain && kind.test(text));
    if (starts.length === 0) continue;
    const outermost = Math.min(...starts.map(({ text }) => indent(text)));
    const items = cut(lines, (text) => kind.test(text) && indent(text) <= outermost + 1);
    return items.map((item, index) => textOf(index === items.length - 1 ? withoutSummary(item) : item));
  }
  return undefined;
}

const indent = (text: string) => text.length - text.trimStart().length;

/** Parts that begin so; what stands before the first is in none. */
function cut(lines: readonly Line[], begins: (text: string, before: string) => boolean): Line[][] {
  const parts: Line[][] = [];
  lines.forEach((line, index) => {
    if (line.isPlain && begins(line.text, lines[index - 1]?.text ?? '')) parts.push([line]);
    else parts.at(-1)?.push(line);
  });
  return parts;
}

function withoutSummary(item: readonly Line[]): readonly Line[] {
  const at = item.findIndex(
    ({ text, isPlain }, index) => isPlain && index > 0 && isBlank(item[index - 1]?.text ?? '') && SUMMARY.test(text),
  );
  return at < 0 ? item : item.slice(0, at);
}

/** A formula on lines of its own, and what a colon announces, belong to what stands before. */
function paragraphsOf(lines: readonly Line[]): string[] {
  const parts: Line[][] = [];
  let before = '';
  for (const line of lines) {
    const goesOn = !line.isPlain || before.trimEnd().endsWith(':') || /^\s*(?:\\\[|\$\$|[a-z])/.test(line.text);
    const last = parts.at(-1);
    if (isBlank(line.text)) last?.push(line);
    else if (last === undefined || (isBlank(last.at(-1)?.text ?? '') && !goesOn)) parts.push([line]);
    else last.push(line);
    if (!isBlank(line.text)) before = line.text;
  }
  return parts.map(textOf);
}

const textOf = (lines: readonly Line[]) =>
  lines
    .map(({ text }) => text)
    .join('\n')
    .trim();

/** As many as a verdict may speak of: the last has all that follow. */
function limited(items: readonly string[]): readonly string[] {
  const issues = items.filter((item) => item !== '' && !NOTHING.test(item));
  if (issues.length <= MAX_ISSUES) return issues;
  return [...issues.slice(0, MAX_ISSUES - 1), issues.slice(MAX_ISSUES - 1).join('\n\n')];
}
