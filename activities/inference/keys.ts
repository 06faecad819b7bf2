import { createHash } from 'node:crypto';
import { modelKey } from '../../shared/records.ts';
import type { ModelCall, Question } from './types.ts';

/** Digest of a question, by its JSON: computed once for all samples of it. */
export function questionDigest({ model, task, messages, sampling }: Question): string {
  const { temperature, topP, maxTokens, maxThinkingTokens, templateKwargs } = sampling;
  // Absent where it says nothing, so that what was paid for without it stays known.
  const more =
    maxThinkingTokens === undefined && templateKwargs === undefined ? [] : [[maxThinkingTokens, templateKwargs]];
  const rest = JSON.stringify([temperature, topP, maxTokens, ...more]).slice(1);
  const hash = createHash('sha256').update(`[${JSON.stringify(modelKey(model))},"${task}",[`);
  for (const [index, { role, json }] of messages.entries())
    hash
      .update(`${index === 0 ? '' : ','}["${role}",`)
      .update(json)
      .update(']');
  return hash.update(`],${rest}`).digest('hex');
}

/**
 * Identity of a call: the first 96 bits of a sha256 over the question and what tells its samples apart. Two of 10^9
 * calls agree by chance with probability 10^-11.
 */
export function callKey(
  question: string,
  { seed, sample, attempt }: Pick<ModelCall, 'seed' | 'sample'> & { readonly attempt: number },
): string {
  return sha256(`${question}/${seed}/${sample}/${attempt}`).slice(0, 24);
}

export function sha256(text: string | Buffer): string {
  return createHash('sha256').update(text).digest('hex');
}
