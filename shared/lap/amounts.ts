import type { Recipe } from '../recipe/recipe.ts';

const AMOUNTS = [
  /** Model calls of sets and of judges; an answer that is asked again is another call. */
  'calls',
  /** All tokens: of calls, and of trainings. */
  'tokens',
  'promptTokens',
  'completionTokens',
  /** Tokens that trainers sampled or learned on their own machines: paid by the GPU-hour, not by the token. */
  'trainingTokens',
  'trainingHours',
  /** Hours that trainings waited in a cluster's queue: no GPU's, and none of their own. */
  'queuedHours',
  /** Hours in which sets of calls are under way. A training's judges are within its training hours. */
  'inferenceHours',
  /**
   * Training hours × nodes × GPUs, and those that serve (`inference.gpus`). The GPUs behind an endpoint are paid by the
   * token.
   */
  'gpuHours',
  /** Answers of people, or of the program in their place. */
  'verdicts',
  /** People's time; a program's is free. */
  'expertMinutes',
  /** By the recipe's prices. */
  'cost',
] as const;

/** What a phase or a lap takes: planned before, counted after. */
export type Amounts = Readonly<Record<(typeof AMOUNTS)[number], number>>;

export const NOTHING: Amounts = mapAmounts(() => 0);

/** Amounts as they were written, by a release that may not have counted all of them. */
export function amountsIn(written: Partial<Amounts>): Amounts {
  return { ...NOTHING, ...written };
}

export function sumOf(all: readonly Amounts[]): Amounts {
  return all.reduce((sum, one) => mapAmounts((name) => sum[name] + one[name]), NOTHING);
}

/** Used by planned; null where nothing was planned. */
export function ratiosOf(planned: Amounts, used: Amounts): Ratios {
  return mapAmounts((name) => (planned[name] === 0 ? null : used[name] / planned[name]));
}
export type Ratios = Readonly<Record<keyof Amounts, number | null>>;

/** What is counted of a piece of work; the other amounts follow from it. */
export type Counted = Partial<Omit<Amounts, 'tokens' | 'gpuHours' | 'cost'>>;

/** What a piece of work takes, by the recipe's prices and the size of its trainings. */
export function amountsOf(counted: Counted, { training, inference, domain, prices }: Recipe): Amounts {
  const { gpus: serving = 0 } = inference;
  const all = { ...NOTHING, ...counted, ...(domain.experts === 'program' && { expertMinutes: 0 }) };
  const amounts = {
    ...all,
    tokens: all.promptTokens + all.completionTokens + all.trainingTokens,
    gpuHours: all.trainingHours * (training.nodes * training.gpusPerNode + serving) + all.inferenceHours * serving,
  };
  return { ...amounts, cost: costOf(amounts, prices) };
}

/** In one currency, whichever the team reckons in. */
function costOf(amounts: Omit<Amounts, 'cost'>, prices: Recipe['prices']): number {
  return (
    (amounts.promptTokens / 1e6) * prices.perMillionPromptTokens +
    (amounts.completionTokens / 1e6) * prices.perMillionCompletionTokens +
    amounts.gpuHours * prices.perGpuHour +
    (amounts.expertMinutes / 60) * prices.perExpertHour
  );
}

/** What a budget limits, in the order in which it is checked. */
const BUDGET_LIMITS = [
  'calls',
  'tokens',
  'gpuHours',
  'cost',
  'expertMinutes',
] as const satisfies readonly (keyof NonNullable<Recipe['budget']> & keyof Amounts)[];
type BudgetLimit = (typeof BUDGET_LIMITS)[number];

/** Amounts as far as a budget asks about them: of a plan, of a finished lap, or of several. */
export type Spending = Pick<Amounts, BudgetLimit>;

export function spendingOf({ calls, tokens, gpuHours, cost, expertMinutes }: Spending): Spending {
  return { calls, tokens, gpuHours, cost, expertMinutes };
}

export interface Overrun {
  readonly limit: BudgetLimit;
  readonly allowed: number;
  readonly amount: number;
}

/** The first limit that the amounts are over; exactly at a limit is within it. */
export function overBudget(amounts: Spending, budget: Recipe['budget']): Overrun | undefined {
  for (const limit of BUDGET_LIMITS) {
    const allowed = budget?.[limit];
    if (allowed !== undefined && amounts[limit] > allowed) return { limit, allowed, amount: amounts[limit] };
  }
  return undefined;
}

function mapAmounts<T>(valueOf: (name: keyof Amounts) => T): Record<keyof Amounts, T> {
  return Object.fromEntries(AMOUNTS.map((name) => [name, valueOf(name)])) as Record<keyof Amounts, T>;
}
