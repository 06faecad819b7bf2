import type { Checker } from '../../shared/domain.ts';
import { auditSetOf, lapOf, placeOf, prefixOf, setIdOf, uri } from '../../shared/ids.ts';
import type { ProofRow, ScoredProof } from '../../shared/records.ts';
import type { ReviewRow } from '../../shared/review/reviews.ts';
import type { AutoLabelPolicy } from '../../shared/sampling/sets.ts';
import type { ProofScore } from '../../shared/scores.ts';
import { ReviewLog } from '../reviews/log.ts';
import { storedLabels, type StoredLabel } from '../sets/storedLabels.ts';
import type { SetShards } from '../sets/shards.ts';
import type { ArtifactStore } from '../store/types.ts';

/** A labelled proof, with all that is stored of its verdicts. */
export interface StoredProof extends StoredLabel {
  /** Its problem's id. */
  readonly problem: string;
}

/** A finished label set, and the scores of its proofs as far as somebody knows them. */
export interface ScoredLabels {
  readonly policy: AutoLabelPolicy;
  readonly waves: readonly number[];
  readonly proofs: readonly StoredProof[];
  readonly scores: ReadonlyMap<string, ProofScore>;
}

/**
 * @param checker knows all of them. @default what people said: of the rows themselves where they are scored proofs, of
 * audited and of contested ones, late answers too
 * @throws as `storedLabels` does.
 */
export async function scoredLabels(store: ArtifactStore, set: string, checker?: Checker): Promise<ScoredLabels> {
  const { proofs, ...asked } = await storedLabels(store, set);
  const { rows } = await store.readJson<SetShards>(uri.shardPlan(set));
  const texts = await store.rowsById<ProofRow>(rows);
  const about = proofs.map((proof) => ({ ...proof, problem: texts.get(proof.proofId)?.problem.id ?? proof.proofId }));
  const scores = checker
    ? new Map(Array.from(texts.values(), ({ id, problem, proof }) => [id, checker.proofScore(problem, proof)]))
    : await peoplesScores(store, set, texts);
  return { ...asked, proofs: about, scores };
}

async function peoplesScores(
  store: ArtifactStore,
  set: string,
  proofs: ReadonlyMap<string, ProofRow | ScoredProof>,
): Promise<Map<string, ProofScore>> {
  const scores = new Map(Array.from(proofs.values()).flatMap(scoreIn));
  const lap = lapOf(set);
  if (lap === undefined) return scores;
  const log = new ReviewLog(store);
  for (const reviews of [setIdOf(placeOf(lap, 'scaleVerification'), 'experts'), auditSetOf(lap)]) {
    const collected = uri.reviewResults(reviews);
    if ((await store.stat(collected)) !== undefined)
      for await (const { id, result } of store.readJsonl<ReviewRow>(await store.refOf(collected)))
        if (result.kind === 'scored') scores.set(id, result.score);
    for (const id of await answered(store, reviews, proofs)) {
      if (scores.has(id)) continue;
      for (const entry of await log.read(reviews, id))
        if (entry.kind === 'result' && entry.result.kind === 'scored') scores.set(id, entry.result.score);
    }
  }
  return scores;
}

/** Of a set over scored proofs, such as a team's own. */
function scoreIn(row: ProofRow | ScoredProof): [string, ProofScore][] {
  return 'score' in row && row.source !== 'auto' ? [[row.id, row.score]] : [];
}

/** Of these proofs, the ones with a log of what people said. */
async function answered(
  store: ArtifactStore,
  reviews: string,
  proofs: ReadonlyMap<string, ProofRow>,
): Promise<string[]> {
  const logs = new Set<string>();
  for await (const place of store.list(prefixOf(uri.reviews(reviews)))) logs.add(place);
  return [...proofs.keys()].filter((id) => logs.has(uri.reviewLog(reviews, id)));
}
