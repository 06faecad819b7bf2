import { addUsage, callsIn, NO_USAGE, type Usage } from '../outcomes.ts';
import { costOf, type KindSpent, type Price, type Prices } from '../sampling/caps.ts';
import type { SetResult } from '../sampling/sets.ts';

export { costOf, type Caps, type KindSpent, type Price, type Prices } from '../sampling/caps.ts';

/** What was taken. */
export interface Spent {
  readonly calls: number;
  readonly usage: Usage;
  /** Null where a model that was asked has no price. */
  readonly cost: number | null;
}

export const NOTHING_SPENT: Spent = { calls: 0, usage: NO_USAGE, cost: 0 };

export function addSpent(a: Spent, b: Spent): Spent {
  const cost = a.cost === null || b.cost === null ? null : a.cost + b.cost;
  return { calls: a.calls + b.calls, usage: addUsage(a.usage, b.usage), cost };
}

/** What calls of these kinds took together. */
export function spentIn(kinds: readonly KindSpent[], prices: Prices = {}): Spent {
  const spent = kinds.map(({ model, calls, usage }): Spent => {
    const price = prices[model];
    return { calls, usage, cost: price === undefined ? null : costOf(usage, price) };
  });
  return spent.reduce(addSpent, NOTHING_SPENT);
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
