import { Template } from '@huggingface/jinja';
import type { ChatMessage } from '../../shared/records.ts';
import { formatText } from '../../shared/thinking.ts';
import { chatTemplateOf } from '../store/chatTemplate.ts';
import { checkpointThinking } from '../store/thinking.ts';
import { namedTokens } from '../store/tokenizer.ts';
import type { CheckpointFolder } from './bases.ts';

/** What a checkpoint's files tell of how it is asked, and where its answers end. */
export interface AboutModel {
  /** A question as the chat template writes it, ready for the answer; absent where it cannot be rendered here. */
  readonly asked?: string;
  /** What of that stands between the question and the answer. */
  readonly generationPrompt?: string;
  /** The token that begins texts, where the template writes it before the question. */
  readonly begins?: string;
  /** Tokens at which an answer ends, by their texts. */
  readonly stops: readonly string[];
  /** How its replies hold thinking, in words. */
  readonly thinking: string;
  /** What is not as it should be, a sentence each. */
  readonly warnings: readonly string[];
}

const QUESTION = 'How many primes are even?';
const ANSWER = 'One is: 2.';

interface Ends {
  readonly eos_token_id?: number | readonly number[] | null;
  readonly text_config?: Ends;
}

export async function aboutModel({ files, prefix }: CheckpointFolder): Promise<AboutModel> {
  const named = await namedTokens(files, prefix);
  const template = (await chatTemplateOf(files, prefix)) ?? '';
  const question: ChatMessage = { role: 'user', content: QUESTION };
  const written = (messages: readonly object[], generate: boolean): string =>
    new Template(template).render({ messages, add_generation_prompt: generate, ...named });
  const warnings: string[] = [];
  let asked: string | undefined;
  let turnEnd = '';
  try {
    asked = written([question], true);
    if (asked === written([question], false))
      warnings.push('its chat template writes nothing before an answer (add_generation_prompt changes nothing)');
    const whole = written([question, { role: 'assistant', content: ANSWER }], false);
    turnEnd = whole.slice(whole.lastIndexOf(ANSWER) + ANSWER.length).trim();
  } catch (error) {
    warnings.push(`its chat template cannot be rendered here (${(error as Error).message})`);
  }
  const bos = named['bos_token'] ?? '';
  const isBegun = bos !== '' && asked?.startsWith(bos) === true;
  if (isBegun && asked?.startsWith(bos + bos) === true)
    warnings.push(`its chat template begins a text twice with ${bos}: models were not trained so`);
  const stops = await stopsOf({ files, prefix }, named['eos_token']);
  if (stops.length === 0) warnings.push('no file names a token at which an answer ends (eos_token_id)');
  else if (turnEnd !== '' && !stops.some((stop) => turnEnd.includes(stop)))
    warnings.push(
      `its chat template ends a turn with ${JSON.stringify(turnEnd)}, at which it does not stop ` +
        `(${stops.join(', ')}): answers may run on; name that token in generation_config.json, eos_token_id`,
    );
  return {
    ...(asked !== undefined && { asked, generationPrompt: asked.slice(asked.lastIndexOf(QUESTION) + QUESTION.length) }),
    ...(isBegun && { begins: bos }),
    stops,
    thinking: formatText((await checkpointThinking(files, prefix)).of()),
    warnings,
  };
}

/** As the trainer and the bundled server read it: the generation settings', else the config's, and the tokenizer's. */
async function stopsOf({ files, prefix }: CheckpointFolder, ofTokenizer: string | undefined): Promise<string[]> {
  const read = async <T>(name: string) => (await files.findJson<T>(prefix + name)) ?? undefined;
  const config = await read<Ends>('config.json');
  const places = [await read<Ends>('generation_config.json'), config, config?.text_config];
  const said = places.map((place) => place?.eos_token_id).find((ids) => ids !== undefined && ids !== null);
  const ids = [said ?? []].flat();
  const { added_tokens: added = [] } =
    (await read<{ added_tokens?: { id: number; content: string }[] }>('tokenizer.json')) ?? {};
  const { added_tokens_decoder: decoder = {} } =
    (await read<{ added_tokens_decoder?: Record<string, { content?: string }> }>('tokenizer_config.json')) ?? {};
  const textOf = (id: number) =>
    added.find((token) => token.id === id)?.content ?? decoder[String(id)]?.content ?? `token ${id}`;
  return [...new Set([...ids.map(textOf), ...(ofTokenizer === undefined ? [] : [ofTokenizer])])];
}
