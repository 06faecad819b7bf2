import type { Checker } from '../../shared/domain.ts';
import type { DatasetRef } from '../../shared/records.ts';
import type { ArtifactStore } from '../store/files.ts';
import { buildHeldOutAnalyses, buildHeldOutProofs, buildProblemRows } from './heldOut.ts';
import { checkerOf } from './truth.ts';
import type { HeldOutAnalysesInput, HeldOutProofsInput, HeldOutSet } from './heldOut.ts';

export { measureLap } from '../../reports/figures/measureLap.ts';
export type { HeldOutAnalysesInput, HeldOutProofsInput, HeldOutSet } from './heldOut.ts';

/**
 * The data that a lap's models are measured on. The checker chooses and measures; nothing in training or labelling
 * reads it.
 */
export function createEvaluationActivities({
  store,
  checker,
}: {
  readonly store: ArtifactStore;
  readonly checker?: Checker | undefined;
}) {
  return {
    buildHeldOutProofs: (input: HeldOutProofsInput): Promise<HeldOutSet> =>
      buildHeldOutProofs(store, checkerOf(input.checker, checker), input),
    buildHeldOutAnalyses: (input: HeldOutAnalysesInput): Promise<HeldOutSet> =>
      buildHeldOutAnalyses(store, checkerOf(input.checker, checker), input),
    buildProblemRows: (input: { readonly lap: string; readonly problems: DatasetRef }): Promise<DatasetRef> =>
      buildProblemRows(store, input),
  };
}
export type EvaluationActivities = ReturnType<typeof createEvaluationActivities>;
