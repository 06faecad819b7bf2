import { actionsOfReviews, actionsOfSet, actionsOfSteps, actionsOfTraining } from './actions.ts';
import { costOf, NOTHING, sumOf } from '../lap/amounts.ts';
import type { Amounts } from '../lap/amounts.ts';
import type { Recipe } from '../lap/recipe.ts';

/** A part of a lap's work, planned or done, with the numbers that its cost is reckoned from. */
export type Piece = { readonly phase: string } & (
  | {
      /** A set of model calls. */
      readonly kind: 'calls';
      readonly calls: number;
      readonly promptTokens: number;
      readonly completionTokens: number;
      /** Seconds of wall time. */
      readonly seconds: number;
      readonly shards: number;
      readonly shardSeconds: number;
    }
  | {
      /** A training; its calls and their tokens are its judges'. */
      readonly kind: 'training';
      readonly calls: number;
      readonly promptTokens: number;
      readonly completionTokens: number;
      readonly trainingTokens: number;
      readonly seconds: number;
      readonly sources: number;
    }
  | {
      /** Questions to experts. */
      readonly kind: 'review';
      readonly questions: number;
      readonly verdicts: number;
      readonly minutes: number;
    }
  | {
      /** Quick activities, and child workflows around them. */
      readonly kind: 'steps';
      readonly children: number;
      readonly activities: number;
    }
);

/** What some pieces take together, by the recipe's prices and sizes. */
export function amountsOf(pieces: readonly Piece[], recipe: Recipe): Amounts {
  return sumOf(pieces.map((piece) => ofPiece(piece, recipe)));
}

function ofPiece(piece: Piece, recipe: Recipe): Amounts {
  const amounts = withoutCost(piece, recipe);
  return { ...amounts, cost: costOf(amounts, recipe.prices) };
}

function withoutCost(piece: Piece, { training, domain }: Recipe): Amounts {
  if (piece.kind === 'steps') return { ...NOTHING, actions: actionsOfSteps(piece) };
  if (piece.kind === 'review') {
    const byProgram = domain.experts === 'program';
    return {
      ...NOTHING,
      verdicts: piece.verdicts,
      expertMinutes: byProgram ? 0 : piece.minutes,
      actions: actionsOfReviews({ ...piece, byProgram }),
    };
  }
  const { calls, promptTokens, completionTokens, seconds } = piece;
  const asked = { ...NOTHING, calls, tokens: promptTokens + completionTokens, promptTokens, completionTokens };
  if (piece.kind === 'calls') return { ...asked, inferenceHours: seconds / 3600, actions: actionsOfSet(piece) };
  const trainingHours = seconds / 3600;
  return {
    ...asked,
    tokens: asked.tokens + piece.trainingTokens,
    trainingTokens: piece.trainingTokens,
    trainingHours,
    gpuHours: trainingHours * training.nodes * training.gpusPerNode,
    actions: actionsOfTraining(piece),
  };
}
