import type { Domains } from '../../shared/domain.ts';
import type { DatasetRef } from '../../shared/records.ts';
import type { RewardSpec } from '../../shared/reward/protocol.ts';
import type { ArtifactStore } from '../store/types.ts';
import * as analyses from './analyses.ts';
import * as consolidation from './consolidation.ts';
import * as heldOut from './heldOut.ts';
import * as proofs from './proofs.ts';
import * as training from './trainingData.ts';
import { checkerOf } from './truth.ts';

type Input<F extends (store: ArtifactStore, input: never) => unknown> = Parameters<F>[1];

/**
 * The activities by which a lap turns answers into datasets. Each is a pure function of the store: repeated, it writes
 * the same bytes.
 * @param checkers choose what models are measured on; nothing in training or labelling reads it.
 */
export function createDatasetActivities({
  store,
  checkers,
}: {
  readonly store: ArtifactStore;
  readonly checkers: Domains['checkerOf'];
}) {
  return {
    concatenate: (input: Input<typeof proofs.concatenate>) => proofs.concatenate(store, input),
    chooseProblems: (input: Input<typeof proofs.chooseProblems>) => proofs.chooseProblems(store, input),
    collectProofs: (input: Input<typeof proofs.collectProofs>) => proofs.collectProofs(store, input),
    pairWithAnalyses: (input: Input<typeof proofs.pairWithAnalyses>) => proofs.pairWithAnalyses(store, input),
    chooseForExperts: (input: Input<typeof proofs.chooseForExperts>) => proofs.chooseForExperts(store, input),
    recordProofScores: (input: Input<typeof proofs.recordProofScores>) => proofs.recordProofScores(store, input),
    hardestProofs: (input: Input<typeof proofs.hardestProofs>) => proofs.hardestProofs(store, input),
    contestedProofs: (input: Input<typeof proofs.contestedProofs>) => proofs.contestedProofs(store, input),
    chooseForAudit: (input: Input<typeof proofs.chooseForAudit>) => proofs.chooseForAudit(store, input),
    growProofScores: (input: Input<typeof proofs.growProofScores>) => proofs.growProofScores(store, input),
    collectAnalyses: (input: Input<typeof analyses.collectAnalyses>) => analyses.collectAnalyses(store, input),
    chooseAnalysesForExperts: (input: Input<typeof analyses.chooseAnalysesForExperts>) =>
      analyses.chooseAnalysesForExperts(store, input),
    recordAnalysisScores: (input: Input<typeof analyses.recordAnalysisScores>) =>
      analyses.recordAnalysisScores(store, input),
    chooseScored: (input: Input<typeof consolidation.chooseScored>) => consolidation.chooseScored(store, input),
    rightAnalyses: (input: Input<typeof consolidation.rightAnalyses>) => consolidation.rightAnalyses(store, input),
    writeConsolidation: (input: Input<typeof consolidation.writeConsolidation>) =>
      consolidation.writeConsolidation(store, input),
    writeTrainingRows: (input: Input<typeof training.writeTrainingRows>) => training.writeTrainingRows(store, input),
    writeRewardSpec: (spec: RewardSpec) => training.writeRewardSpec(store, spec),
    buildHeldOutProofs: (input: heldOut.HeldOutProofsInput) =>
      heldOut.buildHeldOutProofs(store, checkerOf(input.domain, checkers), input),
    buildHeldOutAnalyses: (input: heldOut.HeldOutAnalysesInput) =>
      heldOut.buildHeldOutAnalyses(store, checkerOf(input.domain, checkers), input),
    buildProblemRows: (input: { readonly lap: string; readonly problems: DatasetRef }) =>
      heldOut.buildProblemRows(store, input),
  };
}

export type DatasetActivities = ReturnType<typeof createDatasetActivities>;
