import type { Domain, Domains } from '../../shared/domain.ts';
import type { ArtifactStore } from '../store/types.ts';
import { chooseAnalysesForExperts, collectAnalyses } from './analyses.ts';
import { auditLabels, chooseForAudit } from './audit.ts';
import { contestedProofs } from './contested.ts';
import { chooseScored, rightAnalyses, writeConsolidation } from './consolidation.ts';
import {
  buildHeldOutAnalyses,
  buildHeldOutProofs,
  buildProblemRows,
  type HeldOutAnalysesInput,
  type HeldOutProofsInput,
} from './heldOut.ts';
import { isAccepted, recordWord } from './leadsWord.ts';
import { chooseRewarded, rewardsInDoubt } from './rewardAudit.ts';
import { checkFormats, writeFormatQuestions } from './formatCheck.ts';
import { findFaulty, withoutFaulty, type WithoutFaultyInput } from './faulty.ts';
import { chooseLaterAnalyses } from './laterAnalyses.ts';
import { collectLate, recordLate } from './late.ts';
import { chooseForPeople, collectRated, collectWritten } from './judged.ts';
import * as proofs from './proofs.ts';
import { writeRewardSpec, writeTrainingRows } from './trainingData.ts';
import { knownChecker } from './truth.ts';

type OfStore = (store: ArtifactStore, input: never) => Promise<unknown>;
type Activity<F> = F extends (store: ArtifactStore, input: infer Input) => infer Output
  ? (input: Input) => Output
  : never;

/** Functions of the store and an input, as activities of the input alone. */
function on<Functions extends Readonly<Record<string, OfStore>>>(store: ArtifactStore, functions: Functions) {
  const bound = Object.entries(functions).map(([name, work]) => [name, (input: never) => work(store, input)]);
  return Object.fromEntries(bound) as { [Name in keyof Functions]: Activity<Functions[Name]> };
}

/**
 * The activities by which a lap turns answers into datasets. Each is a pure function of the store: repeated, it writes
 * the same bytes.
 * @param checkers choose what models are measured on; nothing in training or labelling reads it.
 */
export function createDatasetActivities({
  store,
  checkers,
  domainOf = () => ({}),
}: {
  readonly store: ArtifactStore;
  readonly checkers: Domains['checkerOf'];
  /** What two statements are one problem by, in a domain of this name. @default they are alike */
  readonly domainOf?: (name: string) => Pick<Domain, 'sameProblem' | 'alike'>;
}) {
  return {
    ...on(store, {
      concatenate: proofs.concatenate,
      chooseProblems: proofs.chooseProblems,
      collectProofs: proofs.collectProofs,
      pairWithAnalyses: proofs.pairWithAnalyses,
      chooseForExperts: proofs.chooseForExperts,
      recordProofScores: proofs.recordProofScores,
      hardestProofs: proofs.hardestProofs,
      contestedProofs,
      chooseForAudit,
      auditLabels,
      chooseRewarded,
      rewardsInDoubt,
      recordWord,
      isAccepted,
      growProofScores: proofs.growProofScores,
      collectAnalyses,
      chooseAnalysesForExperts,
      recordAnalysisScores: proofs.recordAnalysisScores,
      chooseScored,
      rightAnalyses,
      writeConsolidation,
      writeTrainingRows,
      writeRewardSpec,
      buildProblemRows,
      collectWritten,
      collectRated,
      chooseForPeople,
      writeFormatQuestions,
      checkFormats,
      chooseLaterAnalyses,
      collectLate,
      recordLate,
      findFaulty,
    }),
    withoutFaulty: (input: WithoutFaultyInput) => withoutFaulty(store, domainOf(input.domain.name), input),
    buildHeldOutProofs: (input: HeldOutProofsInput) => buildHeldOutProofs(store, knownChecker(input, checkers), input),
    buildHeldOutAnalyses: (input: HeldOutAnalysesInput) =>
      buildHeldOutAnalyses(store, knownChecker(input, checkers), input),
  };
}

export type DatasetActivities = ReturnType<typeof createDatasetActivities>;
