import type { OpenedLap } from '../../activities/laps/open.ts';
import type { SetRecord } from '../../shared/lap/manifest.ts';
import type { CheckpointRef, DatasetRef } from '../../shared/records.ts';
import type { ReviewSetResult } from '../../shared/review/reviews.ts';
import { seedOf } from '../../shared/seeds.ts';
import { askExperts } from '../reviews/askExperts.ts';
import { sampler } from '../sets/sampler.ts';
import { askingOf } from './asking.ts';
import { placeOf, setIdOf, uri } from '../../shared/ids.ts';
import { data } from '../proxies.ts';

export interface ScoreAnalysesResult {
  /** D_mv. */
  readonly analysisScores: { readonly train: DatasetRef; readonly validation: DatasetRef };
  readonly sets: readonly SetRecord[];
  readonly review: ReviewSetResult;
}

/** Step 1C, data: verifier v1 analyses the proofs of D_v, and experts score the analyses' quality: D_mv (paper 2.1). */
export async function scoreAnalyses(input: {
  opened: OpenedLap;
  verifier: CheckpointRef;
  proofs: readonly DatasetRef[];
}): Promise<ScoreAnalysesResult> {
  const { opened, verifier } = input;
  const { lap, recipe, base, problems } = opened;
  const place = placeOf(lap, 'metaData');
  const asking = askingOf(opened, 'metaData');
  const verify = { task: 'verify', perRow: recipe.metaData.analysesPerProof } as const;
  const v1 = sampler(asking, { role: 'verifier', checkpoint: verifier });
  const ofBase = sampler(asking, { role: 'verifier', checkpoint: base });

  // Run v1 on each (X, Y); the base as well, as the recipe's share says.
  const proofs = await data.concatenate({ to: uri.dataset(place, 'proofs'), parts: input.proofs });
  const sets = [
    await v1.sample('analyses-v1', proofs, verify),
    ...(recipe.metaData.baseShare > 0 ? [await ofBase.sample('analyses-base', proofs, verify)] : []),
  ];
  const [ofVerifier, ofBaseModel] = await Promise.all(
    sets.map((set) => data.collectAnalyses({ to: uri.collected(set.setId), setId: set.setId, proofs })),
  );

  // Experts score how good each analysis is: are its issues real, and do they justify its score?
  const subject = await data.chooseAnalysesForExperts({
    to: uri.dataset(place, 'for-experts'),
    ofVerifier: ofVerifier as DatasetRef,
    ...(ofBaseModel === undefined ? {} : { ofBase: ofBaseModel }),
    baseShare: recipe.metaData.baseShare,
    count: recipe.metaData.expertAnalyses,
    seed: seedOf(opened.seed, 'meta data'),
  });
  const review = await askExperts(opened, { setId: setIdOf(place, 'experts'), kind: 'scoreAnalysis', subject });
  const analysisScores = await data.recordAnalysisScores({
    lap,
    subject,
    results: review.results,
    validation: problems.validation,
  });
  return { analysisScores, sets, review };
}
