import type { Recipe } from './recipe.ts';
import type { InitName, StageName } from '../stages.ts';
import { STAGE_NAMES } from '../stages.ts';

/** The GRPO trainings of a lap, in order. `turn` is the lap's place in its chain, counted from 1. */
export function stagesOf(recipe: Recipe, turn: number): readonly StageName[] {
  const trains: Record<StageName, boolean> = {
    verifierV1: turn === 1,
    metaVerifier: recipe.metaVerification && (turn === 1 || recipe.retrainMetaVerifier),
    verifierV2: turn === 1 || recipe.retrainVerifier,
    generator: true,
    selfVerification: true,
  };
  return STAGE_NAMES.filter((stage) => trains[stage]);
}

/** The phases of a lap, in order (METHOD.md): lap 1 builds the verifier, later laps consolidate and retrain. */
export function phasesOf(recipe: Recipe, turn: number): readonly string[] {
  const stages = stagesOf(recipe, turn);
  const before = turn === 1 ? ['coldStart'] : ['consolidation'];
  const trainings = stages.flatMap((stage) => (stage === 'metaVerifier' && turn === 1 ? ['metaData', stage] : [stage]));
  return ['open', ...before, ...trainings, 'scaleVerification', 'evaluation'];
}

/** What a stage can start from: the base, a later lap's consolidation, and the trainings before it in the same lap. */
export function possibleInits(recipe: Recipe, turn: number, stage: StageName): readonly InitName[] {
  const stages = stagesOf(recipe, turn);
  const at = stages.indexOf(stage);
  return ['base', ...(turn === 1 ? [] : (['consolidation'] as const)), ...stages.slice(0, Math.max(0, at))];
}

/**
 * A later lap's recipe, its stages starting from the consolidation where they name a training that only lap 1 has
 * (paper 3.1).
 */
export function withLaterInits(recipe: Recipe, turn: number): Recipe {
  if (turn === 1) return recipe;
  const stages = { ...recipe.stages };
  for (const stage of stagesOf(recipe, turn)) {
    if (!possibleInits(recipe, turn, stage).includes(stages[stage].init))
      stages[stage] = { ...stages[stage], init: 'consolidation' };
  }
  return { ...recipe, stages };
}

/** The curriculum's band of a lap, counted from 1; the last one stays. */
export function bandOf<Band>(difficulties: readonly Band[], curriculum: Recipe['curriculum'], turn: number): Band {
  const index = curriculum === 'none' ? 0 : Math.min(turn, difficulties.length) - 1;
  return difficulties[index] as Band; // the schema asks for one at least
}
