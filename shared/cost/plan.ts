import { amountsOf, overBudget, sumOf, type Amounts, type Overrun } from '../lap/amounts.ts';
import { knownRates, withoutEarlyStop, type Measure, type Rates } from './knownRates.ts';
import { sizesOf, type LapSizes, type ProblemCounts } from '../lap/sizes.ts';
import { SCORES } from '../scores.ts';
import type { MeasuredBases } from './assumed.ts';
import { ordersOf, type PhaseName } from '../lap/phases.ts';
import { counted } from './orders.ts';
import type { Derived, LapFacts, ProblemFacts } from '../lap/facts.ts';
import type { LapManifest } from '../lap/manifest.ts';
import type { Basis } from './rates.ts';
import type { PlanHeadline } from '../lap/progress.ts';
import type { Recipe } from '../recipe/recipe.ts';

/** What a lap is expected to take, before it starts; `laps/<lap>/plan.json`. */
export interface LapPlan {
  readonly preset: Recipe['preset'];
  readonly turn: number;
  readonly phases: readonly (Planned & { readonly phase: PhaseName })[];
  readonly total: Planned;
  /** The rates that it stands on, measured in the parent lap or assumed. */
  readonly basis: readonly Basis[];
  /** The recipe's sizes that follow from what the team brings. @default all are stated */
  readonly derived?: readonly Derived[];
  /** Audits of each label that are expected, where they decide (recipe: `audit`): people's, of all labels alike. */
  readonly auditsPerLabel?: number;
}

export interface Planned {
  readonly expected: Amounts;
  /** The same where nothing stops early; malformed verdicts that are asked again come on top. */
  readonly bound: Amounts;
}

export function headlines({ phases }: LapPlan): PlanHeadline[] {
  return phases.map(({ phase, expected: { calls, tokens, trainingHours, inferenceHours, cost, expertMinutes } }) => ({
    phase,
    calls,
    tokens,
    hours: trainingHours + inferenceHours,
    cost,
    expertMinutes,
  }));
}

/** What a plan has to know of a domain (shared/domain.ts). */
export interface PlannedDomain {
  readonly bases: Readonly<Record<string, string>>;
  readonly measured?: MeasuredBases;
  sizes(settings: unknown, asked: number, counted?: ProblemFacts): ProblemCounts;
}

/** What a plan may know beside the recipe. */
export interface Known {
  readonly facts?: LapFacts;
  /** @default nothing was measured */
  readonly measures?: readonly Measure[];
}

/**
 * The plan of a lap from its recipe, and from lap 2 on from what its parent left and measured.
 * @param turn place in its chain, counted from 1.
 * @param domain the recipe's.
 * @param known what could be read of its files, and what else measured: the parent comes first.
 */
export function planLap(
  recipe: Recipe,
  turn: number,
  domain: PlannedDomain,
  parent?: { readonly manifest: LapManifest; readonly measure?: Measure | undefined },
  { facts = {}, measures = [] }: Known = {},
): LapPlan {
  const { settings, base } = recipe.domain;
  const there = facts.problems;
  const problems = domain.sizes(settings, recipe.coldStart.problems, there);
  const lap = { recipe, sizes: sizesOf(recipe, problems, parent?.manifest, facts.given) };
  const small = Object.hasOwn(domain.bases, base) ? domain.measured : undefined;
  const { rates, basis } = knownRates(
    recipe,
    [...(parent?.measure ? [parent.measure] : []), ...measures],
    small,
    facts,
  );
  const bound = withoutEarlyStop(rates, recipe);
  const phases = ordersOf({ recipe, turn }).map(({ phase, orders }) => {
    const at = (these: Rates) =>
      rounded(sumOf(orders.map((order) => amountsOf(counted(phase, order, lap, these), recipe))));
    return { phase, expected: at(rates), bound: at(bound) };
  });
  const totalOf = (name: keyof Planned) => rounded(sumOf(phases.map((phase) => phase[name])));
  return {
    preset: recipe.preset,
    turn,
    phases,
    total: { expected: totalOf('expected'), bound: totalOf('bound') },
    ...(recipe.audit && { auditsPerLabel: auditsPerLabel(lap, rates) }),
    basis: [...(parent === undefined ? problemsIn(domain, recipe, there) : []), ...basis()],
  };
}

function auditsPerLabel({ recipe, sizes }: { recipe: Recipe; sizes: LapSizes }, rates: Rates): number {
  const { auditShare } = recipe.labelling;
  return auditShare === 0
    ? 0
    : Math.ceil((auditShare * sizes.toLabel * rates.labelling().labelledShare) / SCORES.length);
}

/** How many problems the plan reckons with, where the recipe alone does not say. */
function problemsIn(domain: PlannedDomain, { coldStart, domain: { settings } }: Recipe, known?: ProblemFacts): Basis[] {
  const figure = 'problems';
  if (domain.sizes(settings, coldStart.problems).assumed !== true) return [];
  if (known !== undefined)
    return [{ figure, of: 'counted in the file', value: known.count, measured: true, source: 'domain.settings' }];
  const source = 'recipe: as many as coldStart.problems asks about';
  return [{ figure, of: 'the domain', value: coldStart.problems, measured: false, source }];
}

/** Why a lap of this plan may not start, naming the field, the limit and the plan's figure; undefined where it may. */
export function refusalOfPlan({ total }: LapPlan, { budget }: Recipe): string | undefined {
  const over = overBudget(total.expected, budget);
  return (
    over &&
    `budget.${over.limit}: expected a plan of at most ${shown(over.allowed)}, got ${planned(over)}: raise the ` +
      `limit or make the recipe smaller; \`flywheel plan\` shows where it goes`
  );
}

const UNITS = {
  calls: 'model calls',
  tokens: 'tokens',
  gpuHours: 'GPU-hours',
  cost: 'by recipe.prices',
  expertMinutes: "minutes of people's time",
};
const planned = ({ limit, amount }: Overrun): string => `${shown(amount)} (${UNITS[limit]})`;
const shown = (amount: number): string => amount.toLocaleString('en', { maximumFractionDigits: 2 });

/** Counts are whole, hours and money to a few digits: a plan is no more exact. */
function rounded(amounts: Amounts): Amounts {
  const fine: readonly string[] = ['trainingHours', 'queuedHours', 'inferenceHours', 'gpuHours', 'cost'];
  return Object.fromEntries(
    Object.entries(amounts).map(([name, amount]: [string, number]) => [
      name,
      fine.includes(name) ? Math.round(amount * 1e4) / 1e4 : Math.round(amount),
    ]),
  ) as unknown as Amounts;
}
