import type { OpenedLap } from '../../activities/laps/open.ts';
import type { GrownDataset, LapManifest, LapModels } from '../../shared/lap/manifest.ts';
import { coldStart } from './coldStart.ts';
import type { Faulty } from './faultyProblems.ts';
import type { HeldOutEvaluation } from './heldOutEvaluation.ts';
import type { Progress } from './lapProgress.ts';
import { scoreAnalyses } from './scoreAnalyses.ts';
import type { Trainings } from './trainings.ts';

/** What phases 2 to 4 need of phase 1, and what it leaves behind. */
export interface BuiltVerifier
  extends
    Pick<LapModels, 'verifier' | 'metaVerifier'>,
    Pick<LapManifest, 'analysisScores' | 'consolidation' | 'sets' | 'reviews' | 'late'> {
  readonly proofScores: GrownDataset;
}

export interface VerifierWork {
  readonly opened: OpenedLap;
  readonly progress: Progress;
  readonly trainings: Trainings;
  readonly faulty: Faulty;
  readonly heldOut: HeldOutEvaluation;
}

/** Phase 1 of lap 1: from a weak model and experts' scores to verifier v2 (paper 2.1). */
export async function firstVerifier({
  opened,
  progress,
  trainings,
  faulty,
  heldOut,
}: VerifierWork): Promise<BuiltVerifier> {
  const { recipe, base } = opened;
  heldOut.verifier('base', base);
  heldOut.generator('base', base);

  // 1A: proofs of a weak model, scored by experts: D_v.
  const { problems, refinementRounds, expertProofs } = recipe.coldStart;
  const cold = await progress.child(
    'coldStart',
    coldStart,
    { opened },
    `${problems} problems, ${refinementRounds} refinement rounds, ${expertProofs} proofs for experts`,
    (result) => `${result.proofScores.train.rows} scored proofs`,
  );
  faulty.asked(cold.review);
  heldOut.expertsScored('proofs', cold.proofScores.validation);
  const proofScores = { train: [cold.proofScores.train], validation: cold.proofScores.validation };

  // 1B: verifier v1, rewarded for the format and the score.
  const verifierV1 = await trainings.train('verifierV1', { proofScores: proofScores.train });
  heldOut.verifier('verifierV1', verifierV1);

  if (!recipe.metaVerification) {
    const verifier = await trainings.train('verifierV2', { proofScores: proofScores.train });
    heldOut.verifier('verifierV2', verifier);
    return { verifier, proofScores, sets: cold.sets, reviews: [cold.review] };
  }

  // 1C: experts score v1's analyses: D_mv. The meta-verifier learns to.
  const scored = [cold.proofScores.train, cold.proofScores.validation];
  const meta = await progress.child(
    'metaData',
    scoreAnalyses,
    { opened, verifier: verifierV1, proofs: faulty.isClear() ? scored : await faulty.without('meta-data', scored) },
    `${recipe.metaData.expertAnalyses} analyses for experts`,
    (result) => `${result.analysisScores.train.rows} scored analyses`,
  );
  faulty.asked(meta.review);
  heldOut.expertsScored('analyses', meta.analysisScores.validation);
  const analysisScores = { train: [meta.analysisScores.train], validation: meta.analysisScores.validation };
  const { init } = recipe.stages.metaVerifier;
  heldOut.metaVerifier(init, trainings.checkpointOf(init));
  const metaVerifier = await trainings.train('metaVerifier', { analysisScores: analysisScores.train });
  heldOut.metaVerifier('metaVerifier', metaVerifier);

  // 1D: verifier v2 on both sets, its analyses gated by the frozen meta-verifier.
  const grown = { proofScores: proofScores.train, analysisScores: analysisScores.train };
  const verifier = await trainings.train('verifierV2', grown, { metaVerifier });
  heldOut.verifier('verifierV2', verifier);
  heldOut.metaVerifier('verifierV2', verifier);
  return {
    verifier,
    metaVerifier,
    proofScores,
    analysisScores,
    sets: [...cold.sets, ...meta.sets],
    reviews: [cold.review, meta.review],
  };
}
