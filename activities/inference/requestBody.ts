import type { Sampling } from '../../shared/outcomes.ts';
import type { OptionalField } from './causes.ts';
import type { BodyOf } from './server.ts';
import type { Endpoint, ModelCall } from './types.ts';

/**
 * Fewest tokens of an answer that is asked for as a stream: what is shorter is there before a gateway loses patience.
 */
const STREAM_FROM_TOKENS = 2_048;

/**
 * A call as a chat completion is asked for.
 * @param leads whether others wait for it to begin: then it is asked for as a stream, however short it may be.
 */
export function requestBody({ messages, sampling, seed }: ModelCall, endpoint: Endpoint, leads = false): BodyOf {
  const spliced = messages.flatMap(({ role, json }, index) => [
    `${index === 0 ? '' : ','}{"role":"${role}","content":`,
    json,
    '}',
  ]);
  const { temperature, topP, maxTokens, maxThinkingTokens = 0 } = sampling;
  const tokens = maxTokens + maxThinkingTokens;
  const more = JSON.stringify(thinkingFields(sampling, endpoint)).slice(1, -1);
  return (without) => {
    const has = (field: OptionalField): boolean => !without.has(field);
    const stream = (leads || tokens >= STREAM_FROM_TOKENS) && has('stream');
    return bytesOf([
      `{"model":${JSON.stringify(endpoint.model)},"messages":[`,
      ...spliced,
      `],"temperature":${temperature},"top_p":${topP},"${has('max_tokens') ? 'max_tokens' : 'max_completion_tokens'}":${tokens}` +
        `${has('seed') ? `,"seed":${seed}` : ''}${has('n') ? ',"n":1' : ''}` +
        (has('stream') ? `,"stream":${stream}` : '') +
        (stream && has('stream_options') ? ',"stream_options":{"include_usage":true}' : '') +
        `${more === '' ? '' : `,${more}`}}`,
    ]);
  };
}

const bytesOf = (parts: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));

/** What a request says of thinking, where there is something to say. */
function thinkingFields({ maxThinkingTokens, templateKwargs }: Sampling, endpoint: Endpoint): object {
  const { budgetField, separates, thinking } = endpoint;
  const format = thinking?.(templateKwargs);
  return {
    ...(templateKwargs !== undefined && { chat_template_kwargs: templateKwargs }),
    ...(budgetField !== undefined && maxThinkingTokens !== undefined && { [budgetField]: maxThinkingTokens }),
    ...(separates === true && typeof format === 'object' && { thinking: format }),
  };
}
