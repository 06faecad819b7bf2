import { createHash } from 'node:crypto';
import { FORMATS } from '../../shared/answers.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { TASKS, type ChatMessage, type PromptSetRef, type Task } from '../../shared/records.ts';

/**
 * The texts a prompt can be about. `analysis` is an analysis of `proof`; `analyses` are all that are shown, also where a
 * prompt says `{{analysis}}`.
 */
export interface PromptValues {
  readonly problem: string;
  readonly proof?: string | undefined;
  readonly analysis?: string | undefined;
  /** @default the one analysis */
  readonly analyses?: readonly string[] | undefined;
}

type ValueName = keyof PromptValues;
const VALUE_NAMES = ['problem', 'proof', 'analysis', 'analyses'] as const satisfies readonly ValueName[];

/** What each task is about: what its prompt has to show, and all that it can. */
const ABOUT: Readonly<Record<Task, readonly ValueName[]>> = {
  prove: ['problem'],
  refine: ['problem', 'proof', 'analysis'],
  selfVerify: ['problem'],
  selfRefine: ['problem'],
  verify: ['problem', 'proof'],
  metaVerify: ['problem', 'proof', 'analysis'],
};

/**
 * A prompt set: one Markdown file per task, in which `{{problem}}`, `{{proof}}` and `{{analysis}}` stand for the texts
 * as they are, `{{analyses}}` for several, one after another, and `{{quote proof}}` for the text inside a fence that it
 * cannot close. Values are data: nothing in them is substituted again. `system.md`, where there is one, comes before
 * each of them as a message of its own.
 */
export interface PromptSet extends PromptSetRef {
  /**
   * The prompt as one user message, after the system's. White space at the ends of a file is dropped.
   * @throws when the prompt needs a value that is missing, by name.
   */
  render(task: Task, values: PromptValues): ChatMessage[];
  /**
   * Whether one answer refines a proof and evaluates the new one: it has a text for `selfVerify` of a row with a proof
   * and its analysis. Such a row is asked about as one without them where it has none.
   */
  readonly refinesAtOnce: boolean;
}

/** A set's texts by file, in the order of the names. */
export type PromptTexts = ReadonlyMap<string, string>;

export const SYSTEM = 'system.md';
/** Stands for metaVerify.md where a recipe's rubric scores what an analysis misses, too. */
export const META_WITH_MISSES = 'metaVerifyMisses.md';
/** Of `selfVerify` where there is a proof to refine, with its analysis. */
export const SELF_VERIFY_AGAIN = 'selfVerifyAgain.md';
export const fileOf = (task: Task): string => `${task}.md`;
const OPTIONAL = [META_WITH_MISSES, SELF_VERIFY_AGAIN, SYSTEM];
export const isOptional = (file: string): boolean => OPTIONAL.includes(file);
/** All files that a set can have. */
export const PROMPT_FILES: readonly string[] = [...TASKS.map(fileOf), ...OPTIONAL].sort();

/**
 * The texts by which a rubric's quality scores are asked for. What laps do not ask is left out, so that their sets are
 * the same with it and without.
 * @param refines whether threads of proofs are refined by them.
 * @throws when the set has none for the rubric.
 */
export function textsByRubric(name: string, texts: PromptTexts, rubric: MetaRubric, refines = false): PromptTexts {
  const misses = texts.get(META_WITH_MISSES);
  const dropped = refines ? [META_WITH_MISSES] : [META_WITH_MISSES, SELF_VERIFY_AGAIN];
  const kept = new Map([...texts].filter(([file]) => !dropped.includes(file)));
  if (rubric === 'claims') return kept;
  if (misses === undefined)
    throw new Error(
      `Expected the prompt set ${name} to have a ${META_WITH_MISSES}, as metaRubric "${rubric}" asks for, got none: ` +
        'write one as prompts/paper has it, or leave metaRubric out',
    );
  return kept.set(fileOf('metaVerify'), misses);
}
type MetaRubric = NonNullable<Recipe['metaRubric']>;

/** Content hash over all files: sha256 of the lines `<sha256 of file>  <file>\n`, in the order of the names. */
export const promptDigest = (texts: PromptTexts): string =>
  sha256Of(Array.from(texts, ([file, text]) => `${sha256Of(text)}  ${file}\n`).join(''));

/** @throws when a text is missing or holds what is no placeholder, or system.md holds one. */
export function promptSet(name: string, texts: PromptTexts): PromptSet {
  const [wrong] = unreadable(texts, `${name}/`);
  if (wrong !== undefined) throw new Error(wrong);
  const system = texts.get(SYSTEM)?.trim();
  const parts = new Map(Array.from(texts, ([file, text]) => [file, partsOf(text.trim())]));
  const again = parts.has(SELF_VERIFY_AGAIN);
  const asked = (task: Task, { proof, analysis }: PromptValues): string =>
    again && task === 'selfVerify' && proof !== undefined && analysis !== undefined ? SELF_VERIFY_AGAIN : fileOf(task);
  return {
    name,
    sha256: promptDigest(texts),
    refinesAtOnce: again,
    render(task, values) {
      const file = asked(task, values);
      const found = parts.get(file);
      if (found === undefined) throw new Error(`Expected a task of ${TASKS.join(', ')}, got ${JSON.stringify(task)}`);
      const content = found
        .map((part) => (part.kind === 'value' ? valueOf(part, values, `${name}/${file}`) : part.text))
        .join('');
      return [
        ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
        { role: 'user', content },
      ];
    },
  };
}

/**
 * What keeps a set from doing its job, a sentence each: what cannot be read, what is misplaced, and titles and phrases
 * that answers are read by and the prompt does not show.
 */
export function shortcomingsOf(texts: PromptTexts): string[] {
  const unmarked = eachOf(texts, ({ task, file, text }) =>
    FORMATS[task]
      .filter((mark) => !text.replaceAll(/\s+/g, ' ').includes(mark))
      .map((mark) => `${file}: expected \`${mark}\`, which answers are read by, got none`),
  );
  return [...unreadable(texts), ...misplaced(texts), ...unmarked];
}

/** Values that a task is about and its prompt does not show, and values that the task does not have. */
export function misplaced(texts: PromptTexts): string[] {
  return eachOf(texts, ({ task, file, text }) => {
    const about = file === SELF_VERIFY_AGAIN ? ABOUT.refine : ABOUT[task];
    const shown = new Set<ValueName>(valuesIn(text).map(({ name }) => (name === 'analyses' ? 'analysis' : name)));
    return [
      ...about.filter((name) => !shown.has(name)).map((name) => `${file}: expected {{quote ${name}}}, got none`),
      ...[...shown]
        .filter((name) => !about.includes(name))
        .map((name) => `${file}: expected ${about.join(', ')} alone, got {{${name}}}, which ${task} is not about`),
    ];
  });
}

/** What models wrote and a judge is shown as it is: it may pass for the prompt's own words. */
export function unquoted(texts: PromptTexts): string[] {
  return eachOf(texts, ({ task, file, text }) =>
    valuesIn(text)
      .filter(({ name, quoted }) => ['verify', 'metaVerify'].includes(task) && name !== 'problem' && !quoted)
      .map(({ name }) => `${file}: a judge should see {{quote ${name}}}, got {{${name}}}`),
  );
}

/** Texts that are missing, and what in them is no placeholder and looks like one. */
function unreadable(texts: PromptTexts, at = ''): string[] {
  const system = texts.get(SYSTEM)?.trim();
  return [
    ...(system === '' || system?.includes('{{')
      ? [`Expected a text without placeholders in ${at}${SYSTEM}, got ${JSON.stringify(system)}`]
      : []),
    ...TASKS.flatMap((task) =>
      texts.has(fileOf(task)) ? [] : `Expected ${at}${fileOf(task)}, a text for its task, got none`,
    ),
    ...eachOf(texts, ({ file, text }) =>
      partsOf(text).flatMap((part) =>
        part.kind === 'broken'
          ? `Expected a placeholder {{name}} or {{quote name}} with a name of ${VALUE_NAMES.join(', ')} in ` +
            `${at}${file}, got ${part.text}`
          : [],
      ),
    ),
  ];
}

interface Shown {
  readonly name: ValueName;
  readonly quoted: boolean;
}
type Part = { readonly kind: 'text' | 'broken'; readonly text: string } | ({ readonly kind: 'value' } & Shown);

/** A placeholder, a half of one with what stands beside it on its line, or a text. `\frac{1}{2^{n}}` is a text. */
const PIECES = new RegExp(
  String.raw`(\{\{[^{}]*\}\}|\{\{[^{}\n]*\}?|\{?(?:quote\s+)?\b(?:${VALUE_NAMES.join('|')})\s*\}\})`,
);

function partsOf(text: string): Part[] {
  return text.split(PIECES).map((piece, index): Part => {
    if (index % 2 === 0) return { kind: 'text', text: piece };
    const match = /^\{\{\s*(quote\s+)?(\w+)\s*\}\}$/.exec(piece);
    const name = VALUE_NAMES.find((known) => known === match?.[2]);
    return name === undefined
      ? { kind: 'broken', text: piece }
      : { kind: 'value', name, quoted: match?.[1] !== undefined };
  });
}

const valuesIn = (text: string): Shown[] => partsOf(text).flatMap((part) => (part.kind === 'value' ? part : []));

interface TaskText {
  readonly task: Task;
  readonly file: string;
  readonly text: string;
}
const eachOf = (texts: PromptTexts, faults: (text: TaskText) => string[]): string[] =>
  TEXTS.flatMap(([task, file]) => {
    const text = texts.get(file);
    return text === undefined ? [] : faults({ task, file, text });
  });
/** Which task each file is for. */
const TEXTS: readonly (readonly [Task, string])[] = [
  ...TASKS.map((task) => [task, fileOf(task)] as const),
  ['metaVerify', META_WITH_MISSES],
  ['selfVerify', SELF_VERIFY_AGAIN],
];

function valueOf({ name, quoted }: Shown, values: PromptValues, file: string): string {
  const { analysis, analyses = analysis === undefined ? [] : [analysis] } = values;
  const texts = name === 'analyses' ? analyses : [values[name] ?? (name === 'analysis' ? analyses : [])].flat();
  if (texts.length === 0)
    throw new Error(`Expected a value for {{${name}}} of ${file}, got none: this task needs a ${name}`);
  const shown = texts.map((text) => (quoted ? quote(name === 'analyses' ? 'analysis' : name, text) : text));
  return name === 'analysis' && shown.length > 1 ? several(shown) : shown.join('\n\n');
}

/** Where a prompt speaks of one analysis and there are more: what it says of it holds for each. */
function several(analyses: readonly string[]): string {
  const count = analyses.length;
  return [
    `There are ${count} analyses, each by a reviewer who saw none of the others. What is said of the analysis holds ` +
      'for each of them.',
    ...analyses.map((analysis, index) => `Analysis ${index + 1} of ${count}:\n\n${analysis}`),
  ].join('\n\n');
}

/**
 * Fences a text as data. The fence carries a digest of the text it holds, so a text cannot contain its own closing line
 * (that would take a fixed point of sha256), and equal texts make equal prompts.
 */
export function quote(name: string, text: string): string {
  const mark = createHash('sha256').update(`${name}\n`).update(text).digest('hex').slice(0, 16);
  return `<${name} id="${mark}">\n${text}\n</${name} id="${mark}">`;
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
