import { Template } from '@huggingface/jinja';
import * as z from 'zod';
import { thinkingMarks, type TemplateKwargs, type ThinkingFormat, type ThinkingTags } from '../../shared/thinking.ts';
import { chatTemplateOf } from './chatTemplate.ts';
import type { ArtifactStore } from './types.ts';

const QUESTION = 'What is asked?';

/**
 * How a model with this chat template tells thinking from its answer, when the template is told `templateKwargs`.
 * Undefined where it says nothing of thinking.
 */
export function thinkingOf(template: string, templateKwargs: TemplateKwargs = {}): ThinkingFormat | undefined {
  const tags = thinkingMarks(template);
  if (tags === undefined) return undefined;
  const prompt = generationPrompt(template, templateKwargs);
  if (prompt === undefined) return tags;
  const [opened, closed] = [prompt.lastIndexOf(tags.open), prompt.lastIndexOf(tags.close)];
  // A prompt that ends the thinking before it began has switched it off.
  if (closed > opened) return 'none';
  return { ...tags, promptOpens: opened >= 0 };
}

/** A file beside a base's others that says how it writes its thinking, where its chat template does not. */
export const THINKING_FILE = 'thinking.json';

const mark = z.string().min(1);
const tags = z.strictObject({ open: mark, close: mark, promptOpens: z.boolean().optional() });
export const thinkingSchema = z.union(
  [z.enum(['none', 'field']), tags],
  'expected none, field or the marks {"open":"<think>","close":"</think>"}',
);

/** How a checkpoint tells its thinking from its answers. */
export interface CheckpointThinking {
  /** The marks that it writes, switched on or off; a training sees them though a server keeps them to itself. */
  readonly marks?: ThinkingTags | undefined;
  /** Undefined where nothing says that it thinks. */
  readonly of: (templateKwargs?: TemplateKwargs) => ThinkingFormat | undefined;
}

/**
 * What a checkpoint's folder says of thinking: `thinking.json` if it has that (what is trained from it has it, too),
 * else its chat template.
 * @param prefix of the checkpoint's files. @default they are all there is
 * @throws where `thinking.json` says something else.
 */
export async function checkpointThinking(files: ArtifactStore, prefix = ''): Promise<CheckpointThinking> {
  const declared = await files.findJson(prefix + THINKING_FILE);
  const template = await chatTemplateOf(files, prefix);
  if (declared !== undefined) {
    const { data: format, error } = thinkingSchema.safeParse(declared);
    if (error)
      throw new Error(`${prefix}${THINKING_FILE}: ${error.issues[0]?.message}, got ${JSON.stringify(declared)}`);
    if (format === 'field') return { of: () => format, marks: thinkingMarks(template ?? '') };
    return { of: () => format, ...(typeof format === 'object' && { marks: format }) };
  }
  if (template === undefined) return { of: () => undefined };
  const formats = new Map<string, ThinkingFormat | undefined>();
  return {
    marks: thinkingMarks(template),
    of(templateKwargs = {}) {
      const key = JSON.stringify(templateKwargs);
      if (!formats.has(key)) formats.set(key, thinkingOf(template, templateKwargs));
      return formats.get(key);
    },
  };
}

/** What the template writes between a question and its answer; undefined where it refuses a plain question. */
function generationPrompt(template: string, templateKwargs: TemplateKwargs): string | undefined {
  const messages = [{ role: 'user', content: QUESTION }];
  try {
    const text = new Template(template).render({
      messages,
      add_generation_prompt: true,
      bos_token: '',
      eos_token: '',
      ...templateKwargs,
    });
    return text.slice(text.lastIndexOf(QUESTION) + QUESTION.length);
  } catch {
    return undefined;
  }
}
