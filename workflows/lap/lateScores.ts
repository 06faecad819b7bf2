import type { OpenedLap } from '../../activities/laps/open.ts';
import type { ParentLap } from '../../activities/laps/parent.ts';
import { placeOf } from '../../shared/ids.ts';
import type { DatasetRef } from '../../shared/records.ts';
import type { ReviewSetResult } from '../../shared/review/reviews.ts';
import { data } from '../proxies.ts';
import { place } from './place.ts';

/** Review sets of questions that earlier laps did not come to. */
const ASKED = { proofs: 'scoreProof', contested: 'scoreContestedProof', analyses: 'scoreAnalysis' } as const;

/**
 * What people said after earlier laps had gone on joins D_v and D_mv, and what those laps never came to ask is asked
 * now: nothing that a person gives is lost.
 */
export async function lateScores({ opened, parent }: { opened: OpenedLap; parent: ParentLap }) {
  const { lap, problems, recipe } = opened;
  const at = place(opened, 'late');
  const late = await data.collectLate({
    lap,
    parent: parent.manifest,
    problems,
    seats: recipe.experts.seats,
    experts: recipe.domain.experts,
    asks: recipe.annotation !== 'automatic',
    assisted: recipe.annotation === 'assisted',
  });
  const reviews: ReviewSetResult[] = [];
  const proofScores: DatasetRef[] = late.proofScores ? [late.proofScores] : [];
  const analysisScores: DatasetRef[] = late.analysisScores ? [late.analysisScores] : [];

  const ask = async (name: keyof typeof ASKED): Promise<void> => {
    const kind = ASKED[name];
    const subject = late.unasked[kind];
    if (subject === undefined) return;
    const review = await at.review(name, subject);
    const { setId, results } = review;
    const to = placeOf(lap, 'late');
    const { ref } = await data.recordLate({
      lap,
      at: to,
      name: `${name}-scored`,
      kind,
      setId,
      subject,
      results,
      problems,
    });
    reviews.push(review);
    if (ref) (name === 'analyses' ? analysisScores : proofScores).push(ref);
  };
  await Promise.all([ask('proofs'), ask('contested'), ask('analyses')]);
  return { proofScores, analysisScores, record: late.record, flagged: late.flagged, reviews };
}
