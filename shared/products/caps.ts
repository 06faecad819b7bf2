import type { Usage } from '../outcomes.ts';

/** What tokens of a model cost, in any one currency. */
export interface Price {
  readonly perMillionPromptTokens: number;
  readonly perMillionCompletionTokens: number;
  /** Of prompt tokens that the server had in its cache. @default as other prompt tokens */
  readonly perMillionCachedPromptTokens?: number | undefined;
}

/** What a product may take; a limit that is absent does not bind. */
export interface Caps {
  readonly calls?: number | undefined;
  /** Prompt and completion together. */
  readonly tokens?: number | undefined;
  /** In the currency of the prices. */
  readonly cost?: number | undefined;
}

/** What was taken. */
export interface Spent {
  readonly calls: number;
  readonly usage: Usage;
  /** Null where a model that was asked has no price. */
  readonly cost: number | null;
}

export function costOf(usage: Usage, price: Price): number {
  const { promptTokens, completionTokens, cachedPromptTokens = 0 } = usage;
  const { perMillionPromptTokens, perMillionCompletionTokens, perMillionCachedPromptTokens } = price;
  const cached = cachedPromptTokens * (perMillionCachedPromptTokens ?? perMillionPromptTokens);
  const fresh = (promptTokens - cachedPromptTokens) * perMillionPromptTokens;
  return (fresh + cached + completionTokens * perMillionCompletionTokens) / 1e6;
}
