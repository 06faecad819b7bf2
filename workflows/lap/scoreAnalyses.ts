import type { OpenedLap } from '../../activities/laps/open.ts';
import { uri } from '../../shared/ids.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import { isPaced } from '../../shared/review/pace.ts';
import { seedOf } from '../../shared/seeds.ts';
import { data } from '../proxies.ts';
import { place } from './place.ts';

/** Step 1C, data: verifier v1 analyses the proofs of D_v, and experts score the analyses' quality: D_mv (paper 2.1). */
export async function scoreAnalyses(input: {
  opened: OpenedLap;
  verifier: CheckpointRef;
  proofs: readonly DatasetRef[];
}) {
  const { opened, verifier } = input;
  const { lap, recipe, base, problems } = opened;
  const at = place(opened, 'metaData', { verifier, candidate: base });

  // Run v1 on each (X, Y); the base as well, as the recipe's share says.
  const proofs = await data.concatenate({ to: at.dataset('proofs'), parts: input.proofs });
  await at.sample('analyses-v1', proofs);
  if (recipe.metaData.baseShare > 0) await at.sample('analyses-base', proofs, { mayFail: true });
  // Where the training taught nothing, v1 is the base: its analyses are told apart by their set.
  const mark = verifier.sha256 === base.sha256 ? 'base' : undefined;
  const [ofVerifier, ofBaseModel] = await Promise.all(
    at.sets.map(({ setId }, index) =>
      data.collectAnalyses({ to: uri.collected(setId), setId, proofs, ...(index > 0 && mark && { mark }) }),
    ),
  );

  // Experts score how good each analysis is: are its issues real, and do they justify its score?
  const subject = await data.chooseAnalysesForExperts({
    to: at.dataset('for-experts'),
    ofVerifier: ofVerifier as DatasetRef,
    ...(ofBaseModel && { ofBase: ofBaseModel }),
    baseShare: recipe.metaData.baseShare,
    count: recipe.metaData.expertAnalyses,
    seed: seedOf(opened.seed, 'meta data'),
    ...(isPaced(recipe.experts) && { teaching: true }),
  });
  const review = await at.review('experts', subject);
  const analysisScores = await data.recordAnalysisScores({
    lap,
    subject,
    results: review.results,
    validation: problems.validation,
  });
  return { analysisScores, sets: at.sets, review };
}
