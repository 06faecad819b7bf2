import type { SolveInput } from '../../shared/products/input.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { ProductOwner, ProductWorld } from './open.ts';
import { collectRound, rankRound, writeSolvedProblem } from './search.ts';
import { openSolve, problemsFrom, writeSolved } from './solve.ts';

type Of<Work> = Work extends (store: ArtifactStore, input: infer Input) => unknown ? Input : never;

/** What products without a lap do to the store. */
export function createProductActivities(world: ProductWorld) {
  const { store } = world;
  return {
    openSolve: (input: SolveInput, owner: ProductOwner) => openSolve(world, input, owner),
    problemsFrom: (input: Of<typeof problemsFrom>) => problemsFrom(store, input),
    collectRound: (input: Of<typeof collectRound>) => collectRound(store, input),
    rankRound: (input: Of<typeof rankRound>) => rankRound(store, input),
    writeSolvedProblem: (input: Of<typeof writeSolvedProblem>) => writeSolvedProblem(store, input),
    writeSolved: (input: Of<typeof writeSolved>) => writeSolved(store, input),
  };
}

export type ProductActivities = ReturnType<typeof createProductActivities>;
