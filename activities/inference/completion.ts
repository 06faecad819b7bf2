/** A chat completion as servers send it, of which no field is sure to be there, or to be what it should. */
export interface Completion {
  readonly choices?: readonly (Choice | null)[];
  readonly usage?: {
    readonly prompt_tokens?: unknown;
    readonly prompt_tokens_details?: { readonly cached_tokens?: unknown } | null;
    /** DeepSeek. */
    readonly prompt_cache_hit_tokens?: unknown;
    readonly completion_tokens?: unknown;
    readonly completion_tokens_details?: { readonly reasoning_tokens?: unknown } | null;
  } | null;
  readonly model?: unknown;
  readonly system_fingerprint?: unknown;
  readonly error?: unknown;
}

export interface Choice {
  readonly index?: number;
  readonly message?: Message | null;
  /** Of a stream's chunk. */
  readonly delta?: Message | null;
  readonly finish_reason?: unknown;
  /** OpenRouter: the provider's own word. */
  readonly native_finish_reason?: unknown;
  /** SGLang: the token or text at which the model ended by itself. */
  readonly matched_stop?: unknown;
  readonly logprobs?: unknown;
}

export interface Message {
  readonly content?: unknown;
  readonly reasoning_content?: unknown;
  readonly reasoning?: unknown;
  readonly thinking?: unknown;
  readonly reasoning_text?: unknown;
  readonly reasoning_details?: unknown;
  readonly thinking_blocks?: unknown;
  readonly refusal?: unknown;
}

/** A part of a list as Mistral-like servers send it: its text is in the field that its type names. */
type Part = Readonly<Record<string, unknown>>;

const isThinking = (part: Part): boolean => /think|reason/.test(String(part['type']));

/** What a value says: a text, a part, or a list of them. */
function written(value: unknown, take: (part: Part) => boolean = () => true): string {
  if (value === undefined || value === null) return '';
  return [value]
    .flat()
    .map((part: unknown) => {
      if (typeof part === 'string') return take({}) ? part : '';
      if (typeof part !== 'object' || part === null || !take(part as Part)) return '';
      const { thinking, reasoning, text, summary, content } = part as Part;
      return written(thinking ?? reasoning ?? text ?? summary ?? content);
    })
    .join('');
}

/** The answer: text, or the parts of a list that are no thinking. */
export function textIn({ content }: Message): string {
  return written(content, (part) => !isThinking(part));
}

/** Thinking that the server tells apart, under whatever name; undefined where it tells none. */
export function thinkingIn(message: Message): string | undefined {
  const { content, reasoning_content, reasoning, thinking, reasoning_text, reasoning_details, thinking_blocks } =
    message;
  // Who names it twice says the same twice.
  const apart = [reasoning_content, reasoning, thinking, reasoning_text, reasoning_details, thinking_blocks];
  const parts = typeof content === 'string' ? '' : written(content, isThinking);
  return [...apart.map((each) => written(each)), parts].find((each) => each !== '');
}

/** Why the model does not answer, in a field of its own or as a part. */
export function refusalIn({ refusal, content }: Message): string {
  if (typeof refusal === 'string') return refusal;
  const parts = Array.isArray(content) ? (content as (Part | null)[]) : [];
  return parts
    .map((part) => part?.['refusal'])
    .filter((each) => typeof each === 'string')
    .join('');
}
