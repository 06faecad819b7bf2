import { BLIND_KINDS } from '../review/reviews.ts';
import type { InitName, StageName } from '../stages.ts';
import { hasGivenVerifier, type LapShape } from './orders.ts';
import { ordersOf, PHASES, stagesOf } from './phases.ts';
import type { Recipe } from '../recipe/recipe.ts';

/**
 * What a stage can start from: the base, a later lap's consolidation, and the trainings before it in the same lap. A
 * verifier that a lap 1 begins with stands for v2.
 */
export function possibleInits(lap: LapShape, stage: StageName): readonly InitName[] {
  const stages = stagesOf(lap);
  const before = stages.slice(0, Math.max(0, stages.indexOf(stage)));
  const given = hasGivenVerifier(lap) ? (['verifierV2'] as const) : [];
  return ['base', ...(lap.turn === 1 ? [] : (['consolidation'] as const)), ...given, ...before];
}

/**
 * A later lap's recipe, its stages starting from the consolidation where they name a training that only lap 1 has
 * (paper 3.1).
 */
export function withLaterInits(lap: LapShape): Recipe {
  const { recipe, turn } = lap;
  if (turn === 1) return recipe;
  const stages = { ...recipe.stages };
  for (const stage of stagesOf(lap)) {
    if (!possibleInits(lap, stage).includes(stages[stage].init))
      stages[stage] = { ...stages[stage], init: 'consolidation' };
  }
  return { ...recipe, stages };
}

/** The curriculum's band of a lap, counted from 1; the last one stays. */
export function bandOf<Band>(difficulties: readonly Band[], curriculum: Recipe['curriculum'], turn: number): Band {
  const index = curriculum === 'none' ? 0 : Math.min(turn, difficulties.length) - 1;
  return difficulties[index] as Band; // the schema asks for one at least
}

/**
 * Why a lap whose labels are all automatic (paper 2.3's last iterations) cannot be: phases in which somebody has to
 * score, audits and evaluations aside. Empty where it can.
 */
export function scoresMissing(lap: LapShape): string[] {
  if (lap.recipe.annotation !== 'automatic') return [];
  const asking = ordersOf(lap).filter(({ orders }) =>
    orders.some((order) => order.kind === 'review' && !BLIND_KINDS.includes(order.question)),
  );
  if (asking.length === 0) return [];
  const phases = asking.map(({ phase }) => PHASES[phase].title).join(' and ');
  return [
    `annotation: expected "unaided" or "assisted" where somebody has to score (${phases}), got "automatic": that is ` +
      'for later laps (from), or for scores that are given (given.proofs, given.analyses)',
  ];
}
