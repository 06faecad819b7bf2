import type { GivenDatasets } from '../../activities/datasets/given/given.ts';
import type { OpenedLap } from '../../activities/laps/open.ts';
import type { GrownDataset, LapManifest, LapModels } from '../../shared/lap/manifest.ts';
import type { CheckpointRef } from '../../shared/records.ts';
import { coldStart } from './coldStart.ts';
import type { Faulty } from './faultyProblems.ts';
import type { HeldOutEvaluation } from './heldOutEvaluation.ts';
import type { Progress } from './lapProgress.ts';
import { scoreAnalyses } from './scoreAnalyses.ts';
import type { Trainings } from './trainings.ts';

/** What phases 2 to 4 need of phase 1, and what it leaves behind. */
export interface BuiltVerifier
  extends Pick<LapModels, 'verifier'>, Pick<LapManifest, 'consolidation' | 'sets' | 'reviews' | 'late'> {
  readonly metaVerifier?: CheckpointRef | undefined;
  readonly proofScores: GrownDataset;
  readonly analysisScores?: GrownDataset | undefined;
}

export interface VerifierWork {
  readonly opened: OpenedLap;
  readonly progress: Progress;
  readonly trainings: Trainings;
  readonly faulty: Faulty;
  readonly heldOut: HeldOutEvaluation;
}

/** Phase 1 of lap 1: from a weak model and experts' scores, or a team's own, to verifier v2 (paper 2.1). */
export async function firstVerifier(work: VerifierWork): Promise<BuiltVerifier> {
  const { opened, trainings, heldOut } = work;
  const { recipe, base } = opened;
  heldOut.verifier('base', base);
  heldOut.generator('base', base);
  if (opened.verifier) return givenVerifier(work, opened.verifier);

  // 1A: proofs of a weak model, scored by experts: D_v.
  const cold = await scoredProofs(work);
  const { proofScores } = cold;
  heldOut.expertsScored('proofs', proofScores.validation);

  // 1B: verifier v1, rewarded for the format and the score.
  const verifierV1 = await trainings.train('verifierV1', { proofScores: proofScores.train });
  heldOut.verifier('verifierV1', verifierV1);

  if (!recipe.metaVerification) {
    const verifier = await trainings.train('verifierV2', { proofScores: proofScores.train });
    heldOut.verifier('verifierV2', verifier);
    return { verifier, proofScores, sets: cold.sets, reviews: cold.reviews };
  }

  // 1C: experts score v1's analyses: D_mv. The meta-verifier learns to.
  const meta = await scoredAnalyses(work, verifierV1, proofScores);
  const { analysisScores } = meta;
  heldOut.expertsScored('analyses', analysisScores.validation);
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
    reviews: [...cold.reviews, ...meta.reviews],
  };
}

type Scored<Part extends 'proofScores' | 'analysisScores'> = Readonly<Record<Part, GrownDataset>> &
  Pick<BuiltVerifier, 'sets' | 'reviews'>;

/** D_v: what a team brings, or else the cold start's. */
async function scoredProofs({ opened, progress, faulty }: VerifierWork): Promise<Scored<'proofScores'>> {
  const { recipe, given } = opened;
  if (given) return { proofScores: given.proofScores, sets: [], reviews: [] };
  const { problems, refinementRounds, expertProofs } = recipe.coldStart;
  const cold = await progress.child(
    'coldStart',
    coldStart,
    { opened },
    `${problems} problems, ${refinementRounds} refinement rounds, ${expertProofs} proofs for experts`,
    (result) => `${result.proofScores.train.rows} scored proofs`,
  );
  faulty.asked(cold.review);
  const { train, validation } = cold.proofScores;
  return { proofScores: { train: [train], validation }, sets: cold.sets, reviews: [cold.review] };
}

/** D_mv: what a team brings, or else analyses of v1's. */
async function scoredAnalyses(
  { opened, progress, faulty }: VerifierWork,
  verifier: CheckpointRef,
  { train: trained, validation: held }: GrownDataset,
): Promise<Scored<'analysisScores'>> {
  const { recipe, given } = opened;
  if (given?.analysisScores) return { analysisScores: given.analysisScores, sets: [], reviews: [] };
  const scored = [...trained, held];
  const meta = await progress.child(
    'metaData',
    scoreAnalyses,
    { opened, verifier, proofs: faulty.isClear() ? scored : await faulty.without('meta-data', scored) },
    `${recipe.metaData.expertAnalyses} analyses for experts`,
    (result) => `${result.analysisScores.train.rows} scored analyses`,
  );
  faulty.asked(meta.review);
  const { train, validation } = meta.analysisScores;
  return { analysisScores: { train: [train], validation }, sets: meta.sets, reviews: [meta.review] };
}

/** A verifier that is there stands for v2, and judges analyses as well: 1A to 1D are left out. */
function givenVerifier({ opened, heldOut }: VerifierWork, verifier: CheckpointRef): BuiltVerifier {
  const { proofScores, analysisScores } = opened.given as GivenDatasets;
  heldOut.expertsScored('proofs', proofScores.validation);
  if (analysisScores) heldOut.expertsScored('analyses', analysisScores.validation);
  heldOut.verifier('verifierV2', verifier);
  heldOut.metaVerifier('verifierV2', verifier);
  const metaVerifier = opened.recipe.metaVerification ? verifier : undefined;
  return { verifier, metaVerifier, proofScores, analysisScores, sets: [], reviews: [] };
}
