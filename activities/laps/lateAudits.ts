import { auditSetOf, placeOf, uri } from '../../shared/ids.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { DatasetRef, ScoredProof } from '../../shared/records.ts';
import { standingOf } from '../../shared/review/late.ts';
import type { ReviewRow, ReviewSetResult } from '../../shared/review/reviews.ts';
import { ReviewLog } from '../reviews/log.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import type { ParentLap } from './parent.ts';

/**
 * What a lap takes over of its parent, with people's scores of audited labels that came after the parent had gone on:
 * in place of the labels, with their dates. What is held back stays so.
 * @param lap the one that takes it over, in whose place the copy lies.
 */
export async function withLateAudits(
  store: ArtifactStore,
  lap: string,
  { recipe, reviews, proofScores: { grown } }: Pick<LapManifest, 'recipe' | 'reviews' | 'proofScores'>,
  parent: ParentLap,
): Promise<ParentLap> {
  if (recipe.audit === undefined) return parent;
  const audit = reviews.find(({ setId, open = 0 }) => open > 0 && setId === auditSetOf(parent.lap));
  if (audit === undefined) return parent;
  const late = await lateResults(store, audit);
  const scores = new Map(
    late.flatMap(({ id, at, result }) => (result.kind === 'scored' ? [[id, { ...result, at }]] : [])),
  );
  if (scores.size === 0) return parent;
  const place = placeOf(lap, 'late');
  const made = madeBy('withLateAudits', { scores: grown, audits: audit.results, answers: { reviewId: audit.setId } });
  async function* rows(): AsyncGenerator<ScoredProof> {
    for await (const row of store.readJsonl<ScoredProof>(grown)) {
      const said = scores.get(row.id);
      yield said ? { ...row, score: said.score, source: said.source, scoredAt: said.at } : row;
    }
  }
  const corrected = await store.writeJsonl(uri.dataset(place, 'audited-labels'), rows(), made);
  const audits = await store.writeJsonl(uri.dataset(place, 'audits'), late, made);
  const { proofScores, labels } = parent;
  const instead = (part: DatasetRef): DatasetRef => (part.uri === grown.uri ? corrected : part);
  return {
    ...parent,
    proofScores: { ...proofScores, train: proofScores.train.map(instead) },
    labels: { ...labels, audited: [...(labels.audited ?? []), audits] },
  };
}

/** What the questions that were open have come to since. */
async function lateResults(
  store: ArtifactStore,
  { setId, results }: ReviewSetResult,
): Promise<(ReviewRow & { readonly at: string })[]> {
  const log = new ReviewLog(store);
  const late: (ReviewRow & { readonly at: string })[] = [];
  for await (const { id, result } of store.readJsonl<ReviewRow>(results)) {
    if (result.kind !== 'open') continue;
    const { result: came, at = '' } = standingOf(await log.read(setId, id));
    if (came) late.push({ id, result: came, at });
  }
  return late;
}
