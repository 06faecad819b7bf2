import type { ParentLap } from '../../activities/laps/parent.ts';
import { hasOwnVerifier, stagesOf } from '../../shared/lap/phases.ts';
import { consolidate } from './consolidate.ts';
import type { BuiltVerifier, VerifierWork } from './firstVerifier.ts';

/**
 * Phase 1 of lap n ≥ 2: both skills consolidated in one checkpoint, and the verifier trained on from there on all of
 * D_v and D_mv (paper 2.3, 3.1).
 */
export async function nextVerifier(
  { opened, progress, trainings, heldOut }: VerifierWork,
  parent: ParentLap,
): Promise<BuiltVerifier> {
  const { recipe } = opened;
  const { proofScores, analysisScores } = parent;

  const { record: consolidation, sets } = await progress.child(
    'consolidation',
    consolidate,
    { opened, parent },
    `SFT from the ${recipe.consolidateFrom}`,
    ({ record }) => `${record.dataset.rows} examples`,
  );
  trainings.consolidated(consolidation.checkpoint);
  heldOut.verifier('consolidation', consolidation.checkpoint);
  heldOut.generator('consolidation', consolidation.checkpoint);
  const kept = { proofScores, ...(analysisScores && { analysisScores }), consolidation, sets, reviews: [] };

  // The meta-verifier is lap 1's, unless the recipe trains it on what experts have scored since.
  let { metaVerifier } = recipe.metaVerification ? parent.models : {};
  if (metaVerifier && analysisScores && recipe.retrainMetaVerifier) {
    metaVerifier = await trainings.train('metaVerifier', { analysisScores: analysisScores.train });
    heldOut.metaVerifier('metaVerifier', metaVerifier);
  }
  const judges = { ...(metaVerifier && { metaVerifier }), ...kept };
  const isFrozen = !hasOwnVerifier(opened);
  if (isFrozen && !stagesOf(opened).includes('verifierV2')) return { verifier: parent.models.verifier, ...judges };

  const grown = { proofScores: proofScores.train, analysisScores: metaVerifier && analysisScores?.train };
  const verifier = await trainings.train('verifierV2', grown, { metaVerifier });
  // An ablation: the generator starts from it as ever, and is judged by the verifier of before.
  if (isFrozen) return { verifier: parent.models.verifier, ...judges };
  heldOut.verifier('verifierV2', verifier);
  heldOut.metaVerifier('verifierV2', verifier);
  return { verifier, ...judges };
}
