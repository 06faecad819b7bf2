import { addUsage, callsIn, NO_USAGE, type Usage } from '../outcomes.ts';
import type { SetResult } from '../sampling/sets.ts';

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

export const NOTHING_SPENT: Spent = { calls: 0, usage: NO_USAGE, cost: 0 };

export function addSpent(a: Spent, b: Spent): Spent {
  const cost = a.cost === null || b.cost === null ? null : a.cost + b.cost;
  return { calls: a.calls + b.calls, usage: addUsage(a.usage, b.usage), cost };
}

/** What a set took; calls that earlier ones paid for are of nobody's costs. */
export function spentOn({ counts, usage, taken }: Pick<SetResult, 'counts' | 'usage' | 'taken'>, price?: Price): Spent {
  const paid = taken === undefined ? usage : withoutUsage(usage, taken.usage);
  return { calls: callsIn(counts) - (taken?.calls ?? 0), usage: paid, cost: price ? costOf(paid, price) : null };
}

function withoutUsage(a: Usage, b: Usage): Usage {
  return addUsage(a, {
    promptTokens: -b.promptTokens,
    completionTokens: -b.completionTokens,
    thinkingTokens: -(b.thinkingTokens ?? 0),
    cachedPromptTokens: -(b.cachedPromptTokens ?? 0),
  });
}
