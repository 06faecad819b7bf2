import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { TASKS, type ChatMessage, type Task } from '../../shared/records.ts';

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

/**
 * A prompt set: one Markdown file per task, in which `{{problem}}`, `{{proof}}` and `{{analysis}}` stand for the texts
 * as they are, `{{analyses}}` for several, one after another, and `{{quote proof}}` for the text inside a fence that it
 * cannot close. Values are data: nothing in them is substituted again.
 */
export interface PromptSet {
  readonly name: string;
  /** Content hash over all files: sha256 of the lines `<sha256 of file>  <task>.md\n`, in the order of the names. */
  readonly sha256: string;
  /**
   * The prompt as one user message. White space at the ends of the file is dropped.
   * @throws when the prompt needs a value that is missing, by name.
   */
  render(task: Task, values: PromptValues): ChatMessage[];
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly name: ValueName; readonly quoted: boolean };

/**
 * Reads and checks `<root>/<name>/<task>.md` for every task.
 * @param name a folder of `prompts/`, such as `paper`.
 * @throws when a file is missing or has an unknown placeholder.
 */
export async function loadPromptSet(
  name: string,
  root: string = path.resolve(import.meta.dirname, '../../prompts'),
): Promise<PromptSet> {
  const files = await Promise.all(
    [...TASKS].sort().map(async (task) => {
      const file = path.join(root, name, `${task}.md`);
      const text = await readFile(file, 'utf8').catch((cause: unknown) => {
        throw new Error(
          `Expected prompt set ${JSON.stringify(name)} to have a file for task ${task}, could not read ${file}`,
          { cause },
        );
      });
      return { task, text, parts: partsOf(text.trim(), `${name}/${task}.md`) };
    }),
  );
  const sha256 = sha256Of(files.map(({ task, text }) => `${sha256Of(text)}  ${task}.md\n`).join(''));
  const partsByTask = new Map(files.map(({ task, parts }) => [task, parts]));
  return {
    name,
    sha256,
    render(task, values) {
      const parts = partsByTask.get(task);
      if (parts === undefined) throw new Error(`Expected a task of ${TASKS.join(', ')}, got ${JSON.stringify(task)}`);
      return [
        {
          role: 'user',
          content: parts
            .map((part) => (part.kind === 'text' ? part.text : valueOf(part, values, `${name}/${task}.md`)))
            .join(''),
        },
      ];
    },
  };
}

function partsOf(text: string, file: string): Part[] {
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
