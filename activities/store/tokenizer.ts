import { Template } from '@huggingface/jinja';
import { Tokenizer } from '@huggingface/tokenizers';
import type { ChatMessage } from '../../shared/records.ts';
import type { TemplateKwargs } from '../../shared/thinking.ts';
import { chatTemplateOf } from './chatTemplate.ts';
import type { ArtifactStore } from './types.ts';

/** Characters a token where no tokenizer can be read: English prose has about four, formulas fewer. Ours. */
export const CHARACTERS_A_TOKEN = 3;

/** Counts a checkpoint's tokens as the trainer and the bundled server do, in this process. */
export interface TokenCounter {
  /** Of a text within a prompt: no token is added before or after it. */
  readonly tokens: (text: string) => number;
  /** Of a chat, as the chat template writes it, ready for the answer. */
  readonly prompt: (messages: readonly ChatMessage[], templateKwargs?: TemplateKwargs) => number;
  /** Why its counts are guessed from characters; absent where they are those of the checkpoint's own tokenizer. */
  readonly guessed?: string;
}

/** A token's text, or what transformers writes in its place. */
type Named = string | { readonly content?: string } | null;

/** Roles of tokens that a template is told of. */
const NAMED = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'] as const;

/**
 * The tokenizer of a checkpoint's folder, by its tokenizer.json. Where that is missing, or of a kind that is not known
 * here, characters are counted.
 * @param prefix of the checkpoint's files. @default they are all there is
 */
export async function tokenCounter(files: ArtifactStore, prefix = ''): Promise<TokenCounter> {
  const config = (await files.findJson<Record<string, unknown>>(`${prefix}tokenizer_config.json`)) ?? {};
  const template = await chatTemplateOf(files, prefix);
  const named = await namedTokens(files, prefix);
  const written = (messages: readonly ChatMessage[], templateKwargs: TemplateKwargs = {}): string =>
    template === undefined
      ? messages.map(({ content }) => content).join('\n')
      : new Template(template).render({ messages, add_generation_prompt: true, ...named, ...templateKwargs });
  try {
    const form = await files.findJson<object>(`${prefix}tokenizer.json`);
    if (form === undefined) throw new Error('there is no tokenizer.json');
    const tokenizer = new Tokenizer(form, config);
    const tokens = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids.length;
    tokens('Is 91 prime?'); // some kinds are refused only when they are used
    return { tokens, prompt: (messages, kwargs) => tokens(written(messages, kwargs)) };
  } catch (error) {
    const tokens = (text: string) => Math.ceil(text.length / CHARACTERS_A_TOKEN);
    const prompt: TokenCounter['prompt'] = (messages, kwargs) => tokens(written(messages, kwargs));
    return { tokens, prompt, guessed: (error as Error).message };
  }
}

/** What a template is told of the tokenizer: tokens with a part of their own, such as `bos_token`, by their texts. */
export async function namedTokens(files: ArtifactStore, prefix = ''): Promise<Readonly<Record<string, string>>> {
  const config = (await files.findJson<Record<string, unknown>>(`${prefix}tokenizer_config.json`)) ?? {};
  const special = (await files.findJson<Record<string, unknown>>(`${prefix}special_tokens_map.json`)) ?? {};
  const texts = NAMED.map((name) => [name, textOf((config[name] ?? special[name]) as Named | undefined)] as const);
  return Object.fromEntries(texts.filter((named): named is [(typeof NAMED)[number], string] => named[1] !== undefined));
}

function textOf(token: Named | undefined): string | undefined {
  return typeof token === 'object' ? token?.content : token;
}
