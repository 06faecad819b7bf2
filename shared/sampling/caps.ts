import type { Place } from '../ids.ts';
import type { Usage } from '../outcomes.ts';
import type { Task } from '../records.ts';

/** What tokens of a model cost, in any one currency. */
export interface Price {
  readonly perMillionPromptTokens: number;
  readonly perMillionCompletionTokens: number;
  /** Of prompt tokens that the server had in its cache. @default as other prompt tokens */
  readonly perMillionCachedPromptTokens?: number | undefined;
}

/** Prices by `modelKey`. */
export type Prices = Readonly<Record<string, Price>>;

/** What may be taken; a limit that is absent does not bind. */
export interface Caps {
  readonly calls?: number | undefined;
  /** Prompt and completion together. */
  readonly tokens?: number | undefined;
  /** In the currency of the prices. */
  readonly cost?: number | undefined;
}

/**
 * What all sets below a place may take together, whatever each of them asks. What is on their ledgers is counted once
 * and always used, however small the cap; a set that reaches one fails with `CapReached`, and goes on from its ledgers
 * when it is started again under a greater one. Calls are never exceeded; tokens and cost are by as much as the calls in
 * flight differ from the mean of those before.
 */
export interface SetCaps extends Caps {
  readonly place: Place;
  /** Of every model that is asked, where `cost` is capped. @default {} */
  readonly prices?: Prices | undefined;
}

export function costOf(usage: Usage, price: Price): number {
  const { promptTokens, completionTokens, cachedPromptTokens = 0 } = usage;
  const { perMillionPromptTokens, perMillionCompletionTokens, perMillionCachedPromptTokens } = price;
  const cached = cachedPromptTokens * (perMillionCachedPromptTokens ?? perMillionPromptTokens);
  const fresh = (promptTokens - cachedPromptTokens) * perMillionPromptTokens;
  return (fresh + cached + completionTokens * perMillionCompletionTokens) / 1e6;
}

/** What calls of one model for one task took. */
export interface KindSpent {
  /** Its `modelKey`. */
  readonly model: string;
  readonly task: Task;
  readonly calls: number;
  readonly usage: Usage;
}
