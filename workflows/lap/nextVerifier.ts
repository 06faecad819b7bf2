import { executeChild } from '@temporalio/workflow';
import type { ParentLap } from '../../activities/laps/parent.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import { placeOf } from '../../shared/ids.ts';
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
  const { lap, recipe } = opened;
  const { proofScores, analysisScores } = parent;

  const { record: consolidation, sets } = await progress.phase(
    'consolidation',
    () =>
      executeChild(consolidate, {
        workflowId: placeOf(lap, 'consolidation'),
        args: [{ opened, parent }],
        staticSummary: `SFT from the ${recipe.consolidateFrom}`,
      }),
    ({ record }) => `${record.dataset.rows} examples`,
  );
  trainings.consolidated(consolidation.checkpoint);
  heldOut.verifier('consolidation', consolidation.checkpoint);
  heldOut.generator('consolidation', consolidation.checkpoint);
  const kept = { proofScores, ...(analysisScores && { analysisScores }), consolidation, sets, reviews: [] };

  // The meta-verifier is lap 1's, unless the recipe trains it on what experts have scored since.
  let { metaVerifier } = recipe.metaVerification ? parent.models : {};
  if (metaVerifier && analysisScores && recipe.retrainMetaVerifier) {
    metaVerifier = await trainings.train('metaVerifier', { sources: shares('metaVerify', analysisScores.train, 1) });
    heldOut.metaVerifier('metaVerifier', metaVerifier);
  }
  if (!recipe.retrainVerifier)
    return { verifier: parent.models.verifier, ...(metaVerifier && { metaVerifier }), ...kept };

  const metaShare = metaVerifier && analysisScores ? recipe.rewards.metaShare : 0;
  const verifier = await trainings.train('verifierV2', {
    sources: [
      ...shares('verify', proofScores.train, 1 - metaShare),
      ...(analysisScores ? shares('metaVerify', analysisScores.train, metaShare) : []),
    ],
    ...judgedBy(metaVerifier),
  });
  heldOut.verifier('verifierV2', verifier);
  heldOut.metaVerifier('verifierV2', verifier);
  return { verifier, ...(metaVerifier && { metaVerifier }), ...kept };
}

/** The parts of a grown dataset share its weight by their rows. */
function shares<Task extends 'verify' | 'metaVerify'>(task: Task, parts: readonly DatasetRef[], weight: number) {
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  return parts
    .filter(({ rows }) => rows > 0 && weight > 0)
    .map((rows) => ({ source: { task, rows }, weight: (weight * rows.rows) / total }));
}

function judgedBy(metaVerifier: CheckpointRef | undefined) {
  return metaVerifier === undefined ? {} : { judges: { metaVerifier } };
}
