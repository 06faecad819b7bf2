import type { ParentLap } from '../../activities/laps/parent.ts';
import { grownBy, NOTHING_NEW } from '../../shared/lap/grown.ts';
import { hasOwnVerifier } from '../../shared/lap/orders.ts';
import { stagesOf } from '../../shared/lap/phases.ts';
import { consolidate } from './consolidate.ts';
import type { Faulty } from './faultyProblems.ts';
import type { BuiltVerifier, VerifierWork } from './firstVerifier.ts';
import { lateScores } from './lateScores.ts';

/**
 * Phase 1 of lap n ≥ 2: what people said since joins D_v and D_mv; both skills are consolidated in one checkpoint, and
 * the verifier is trained on from there on all of D_v and D_mv (paper 2.3, 3.1).
 */
export async function nextVerifier(work: VerifierWork, from: ParentLap): Promise<BuiltVerifier> {
  const { opened, progress, trainings, faulty, heldOut } = work;
  const { recipe } = opened;
  const { late, parent } = await withLateScores(work, from);
  const { proofScores, analysisScores } = parent;

  const { record: consolidation, sets } = await progress.child(
    'consolidation',
    consolidate,
    { opened, parent: faulty.isClear() ? parent : await withoutFaulty(parent, faulty) },
    `SFT from the ${recipe.consolidateFrom}`,
    ({ record }) => `${record.dataset.rows} examples`,
  );
  trainings.has('consolidation', consolidation.checkpoint);
  heldOut.verifier('consolidation', consolidation.checkpoint);
  heldOut.generator('consolidation', consolidation.checkpoint);

  // The meta-verifier is lap 1's, unless the recipe trains it on what experts have scored since.
  let { metaVerifier } = recipe.metaVerification ? parent.models : {};
  let learned = analysisScores?.learned;
  if (metaVerifier && analysisScores && recipe.retrainMetaVerifier) {
    if (learned === undefined) {
      await progress.phase('metaVerifier', async () => ({ warnings: [NOTHING_NEW] }));
      trainings.has('metaVerifier', metaVerifier);
    } else {
      metaVerifier = await trainings.train('metaVerifier', { analysisScores: analysisScores.train });
      heldOut.metaVerifier('metaVerifier', metaVerifier);
      learned = undefined;
    }
  }
  const kept = {
    proofScores,
    ...(analysisScores && {
      analysisScores: {
        train: analysisScores.train,
        ...(learned !== undefined && { learned }),
        validation: analysisScores.validation,
      },
    }),
    consolidation,
    sets,
    reviews: late?.reviews ?? [],
    ...(late && { late: late.record }),
  };
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

async function withLateScores({ opened, progress, faulty }: VerifierWork, parent: ParentLap) {
  if (opened.recipe.domain.experts !== 'people') return { parent };
  const late = await progress.child(
    'late',
    lateScores,
    { opened, parent },
    'questions that earlier laps went on without',
    ({ record: { proofs, analyses, open } }) =>
      `${proofs} scores of proofs and ${analyses} of analyses joined, ${open} questions are open still`,
  );
  faulty.asked(...late.reviews);
  if (late.flagged + late.record.open > 0) faulty.late(late.record.standing);
  const { proofScores, analysisScores } = parent;
  const grown: ParentLap = {
    ...parent,
    proofScores: { ...proofScores, train: [...proofScores.train, ...late.proofScores] },
    ...(analysisScores && { analysisScores: grownBy(analysisScores, late.analysisScores) }),
  };
  return { late, parent: grown };
}

/** What is taken up again of the parent, without problems that were found faulty. */
async function withoutFaulty(parent: ParentLap, faulty: Faulty): Promise<ParentLap> {
  const { proofScores, analysisScores, labels } = parent;
  const [proofs = labels.proofs] = await faulty.without('labelled', [labels.proofs]);
  return {
    ...parent,
    proofScores: { ...proofScores, train: await faulty.without('proof-scores', proofScores.train) },
    ...(analysisScores && {
      analysisScores: { ...analysisScores, train: await faulty.without('analysis-scores', analysisScores.train) },
    }),
    labels: { ...labels, proofs },
  };
}
