import { Template } from '@huggingface/jinja';
import { uri } from '../../shared/ids.ts';
import { thinkingMarks, type TemplateKwargs, type ThinkingFormat } from '../../shared/thinking.ts';
import type { ArtifactStore } from '../store/types.ts';

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

/** The chat template of a checkpoint in the store, wherever its folder has it; undefined where it has none. */
export function chatTemplateOf(store: ArtifactStore, checkpoint: string): Promise<string | undefined> {
  return chatTemplateIn(store, (name) => uri.checkpoint(checkpoint, name));
}

/** The same of any folder. */
export async function chatTemplateIn(
  store: ArtifactStore,
  uriOf: (name: string) => string,
): Promise<string | undefined> {
  const file = uriOf('chat_template.jinja');
  if (await store.exists(file)) return store.readText(file);
  for (const name of ['chat_template.json', 'tokenizer_config.json']) {
    const held = await store.findJson<{ chat_template?: unknown }>(uriOf(name));
    const template = defaultOf(held?.chat_template);
    if (template !== undefined) return template;
  }
  return undefined;
}

/** One text, or several by name, of which `default` is that of chats. */
function defaultOf(template: unknown): string | undefined {
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return undefined;
  const named = template as readonly { readonly name?: unknown; readonly template?: unknown }[];
  const found = named.find(({ name }) => name === 'default')?.template;
  return typeof found === 'string' ? found : undefined;
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
