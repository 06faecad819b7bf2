import { createHash } from 'node:crypto';
import { FORMATS } from '../../shared/answers.ts';
import { TASKS, type ChatMessage, type PromptSetRef, type Task } from '../../shared/records.ts';

/** The texts a prompt can be about. `analysis` is an analysis of `proof`; `analyses` are all that are shown. */
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
}

/** A set's texts by file, in the order of the names. */
export type PromptTexts = ReadonlyMap<string, string>;

export const SYSTEM = 'system.md';
export const fileOf = (task: Task): string => `${task}.md`;
/** All files that a set can have, the system's alone being optional. */
export const PROMPT_FILES: readonly string[] = [...TASKS.map(fileOf), SYSTEM].sort();

/** Content hash over all files: sha256 of the lines `<sha256 of file>  <file>\n`, in the order of the names. */
export const promptDigest = (texts: PromptTexts): string =>
  sha256Of(Array.from(texts, ([file, text]) => `${sha256Of(text)}  ${file}\n`).join(''));

/** @throws when there is an unknown placeholder, or one in system.md. */
export function promptSet(name: string, texts: PromptTexts): PromptSet {
  const system = texts.get(SYSTEM)?.trim();
  if (system !== undefined && (system === '' || system.includes('{{')))
    throw new Error(`Expected a text without placeholders in ${name}/${SYSTEM}, got ${JSON.stringify(system)}`);
  const parts = new Map(
    TASKS.map((task) => [task, partsOf(texts.get(fileOf(task))?.trim(), `${name}/${fileOf(task)}`)]),
  );
  return {
    name,
    sha256: promptDigest(texts),
    render(task, values) {
      const found = parts.get(task);
      if (found === undefined) throw new Error(`Expected a task of ${TASKS.join(', ')}, got ${JSON.stringify(task)}`);
      const content = found
        .map((part) => (part.kind === 'text' ? part.text : valueOf(part, values, `${name}/${fileOf(task)}`)))
        .join('');
      return [
        ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
        { role: 'user', content },
      ];
    },
  };
}

/**
 * What keeps a set from doing its job, a sentence each: values that a task is about and its prompt does not show,
 * values that the task does not have, and titles and phrases that answers are read by and the prompt does not show.
 */
export function shortcomingsOf(texts: PromptTexts): string[] {
  return TASKS.flatMap((task) => {
    const file = fileOf(task);
    const text = texts.get(file) ?? '';
    const shown = new Set<ValueName>(
      partsOf(text, file).flatMap((part) =>
        part.kind === 'text' ? [] : part.name === 'analyses' ? 'analysis' : part.name,
      ),
    );
    return [
      ...ABOUT[task].filter((name) => !shown.has(name)).map((name) => `${file}: expected {{quote ${name}}}, got none`),
      ...[...shown]
        .filter((name) => !ABOUT[task].includes(name))
        .map(
          (name) => `${file}: expected ${ABOUT[task].join(', ')} alone, got {{${name}}}, which ${task} is not about`,
        ),
      ...FORMATS[task]
        .filter((mark) => !text.replaceAll(/\s+/g, ' ').includes(mark))
        .map((mark) => `${file}: expected \`${mark}\`, which answers are read by, got none`),
    ];
  });
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly name: ValueName; readonly quoted: boolean };

function partsOf(text: string | undefined, file: string): Part[] {
  if (text === undefined) throw new Error(`Expected ${file}, a text for its task, got none`);
  return text.split(/(\{\{[^{}]*\}\})/).map((piece, index): Part => {
    if (index % 2 === 0) return { kind: 'text', text: piece };
    const match = /^\{\{\s*(quote\s+)?(\w+)\s*\}\}$/.exec(piece);
    const name = VALUE_NAMES.find((known) => known === match?.[2]);
    if (match === null || name === undefined) {
      throw new Error(
        `Expected a placeholder {{name}} or {{quote name}} with a name of ${VALUE_NAMES.join(', ')} in ${file}, ` +
          `got ${piece}`,
      );
    }
    return { kind: 'value', name, quoted: match[1] !== undefined };
  });
}

function valueOf(
  { name, quoted }: { readonly name: ValueName; readonly quoted: boolean },
  values: PromptValues,
  file: string,
): string {
  const value = name === 'analyses' ? (values.analyses ?? values.analysis) : values[name];
  if (value === undefined)
    throw new Error(`Expected a value for {{${name}}} of ${file}, got none: this task needs a ${name}`);
  const texts = typeof value === 'string' ? [value] : value;
  return texts.map((text) => (quoted ? quote(name === 'analyses' ? 'analysis' : name, text) : text)).join('\n\n');
}

/**
 * Fences a text as data. The fence carries a digest of the text it holds, so a text cannot contain its own closing line
 * (that would take a fixed point of sha256), and equal texts make equal prompts.
 */
export function quote(name: string, text: string): string {
  const mark = sha256Of(`${name}\n${text}`).slice(0, 16);
  return `<${name} id="${mark}">\n${text}\n</${name} id="${mark}">`;
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
