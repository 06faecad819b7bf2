import type { EvaluateInput } from '../../shared/products/evaluationInput.ts';
import type { SolveInput } from '../../shared/products/input.ts';
import type { ArtifactStore } from '../store/types.ts';
import { collectAnswers, openEvaluation } from './evaluation.ts';
import { createLabelActivities } from './label/activities.ts';
import type { ProductOwner, ProductWorld } from './open.ts';
import { writeRefined } from './grading.ts';
import { advanceThreads, heldProofs, proofsToEvaluate } from './refine.ts';
import { writeRefinedProblem, type EndedRefinement } from './refined.ts';
import { collectRound, rankRound } from './search.ts';
import { rankSoFar, writeSolvedProblem } from './solved.ts';
import { openSolve, problemsFrom, writeSolved } from './solve.ts';
import { openTestTime } from './testTime.ts';

type Of<Work extends (store: ArtifactStore, input: never, ...more: never[]) => unknown> = Parameters<Work>[1];

/** What products without a lap do to the store. */
export function createProductActivities(world: ProductWorld) {
  const { store } = world;
  return {
    ...createLabelActivities(world),
    openTestTime: (input: Of<typeof openTestTime>) => openTestTime(store, input),
    openSolve: (input: SolveInput, owner: ProductOwner) => openSolve(world, input, owner),
    problemsFrom: (input: Of<typeof problemsFrom>) => problemsFrom(store, input),
    collectRound: (input: Of<typeof collectRound>) => collectRound(store, input),
    rankRound: (input: Of<typeof rankRound>) => rankRound(store, input),
    rankSoFar: (input: Of<typeof rankSoFar>) => rankSoFar(store, input),
    writeSolvedProblem: (input: Of<typeof writeSolvedProblem>) => writeSolvedProblem(store, input),
    proofsToEvaluate: (input: Of<typeof proofsToEvaluate>) => proofsToEvaluate(store, input),
    advanceThreads: (input: Of<typeof advanceThreads>) => advanceThreads(store, input),
    heldProofs: (input: Of<typeof heldProofs>) => heldProofs(store, input),
    writeRefinedProblem: (input: EndedRefinement) => writeRefinedProblem(store, world.checkers ?? noChecker, input),
    writeRefined: (input: Of<typeof writeRefined>) => writeRefined(store, input),
    openEvaluation: (input: EvaluateInput, owner: ProductOwner) => openEvaluation(world, input, owner),
    collectAnswers: (input: Of<typeof collectAnswers>) => collectAnswers(store, input),
    writeSolved: (input: Of<typeof writeSolved>) => writeSolved(store, input),
  };
}

const noChecker = () => undefined;

export type ProductActivities = ReturnType<typeof createProductActivities>;
