import type { RequestTokens } from '../../shared/sampling/rateLimit.ts';
import { CHARACTERS_A_TOKEN } from '../store/tokenizer.ts';
import type { ModelCall } from './types.ts';

/** Tokens that a call has, its prompt's by their characters, and that its answer may have. */
export function tokensOf({ messages, sampling }: Pick<ModelCall, 'messages' | 'sampling'>): RequestTokens {
  const { maxTokens, maxThinkingTokens = 0 } = sampling;
  const characters = messages.reduce((sum, message) => sum + message.characters, 0);
  return { prompt: guessedTokens(characters), answer: maxTokens + maxThinkingTokens };
}

export const guessedTokens = (characters: number): number => Math.ceil(characters / CHARACTERS_A_TOKEN);
