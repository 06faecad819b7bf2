import { meanOf } from '../../shared/statistics/measures.ts';
import type { MaybeScore } from '../../shared/label/autoLabel.ts';
import { hardnessOf } from '../../shared/label/waves.ts';
import type { AnalysisRow, ProofRow } from '../../shared/records.ts';
import { teachingOrder } from '../../shared/review/teachingOrder.ts';
import { scoresByRow } from '../sets/outcomes.ts';
import type { ArtifactStore } from '../store/types.ts';

// In which order people are asked where a lap may go on before they come to all: by what the questions teach.

/**
 * Even over the scores that analyses predict (where there are any), over topics and over rounds; among equals, what
 * analyses disagree about comes first.
 * @param setIds whose analyses predict.
 * @param weightOf what comes first among equals, if not the hardest by these analyses.
 */
export async function proofsToTeach<Proof extends ProofRow>(
  store: ArtifactStore,
  proofs: readonly Proof[],
  setIds: readonly string[],
  weightOf?: (proof: Proof) => number,
): Promise<Proof[]> {
  const scores = new Map<string, readonly MaybeScore[]>();
  for (const setId of setIds)
    for (const [row, given] of await scoresByRow(store, setId, ({ task }) => task === 'verify')) scores.set(row, given);
  return teachingOrder(
    proofs,
    [({ id }) => predicted(scores.get(id) ?? []), ({ problem }) => problem.topic, ({ round = 0 }) => String(round)],
    weightOf ?? (({ id }) => hardnessOf(scores.get(id) ?? [])),
  );
}

/** Even over the scores that they give, over topics and models; among equals, those that another one contradicts. */
export function analysesToTeach(analyses: readonly AnalysisRow[]): AnalysisRow[] {
  const scores = new Map<string, MaybeScore[]>();
  for (const { proofId, analysisScore } of analyses) {
    const known = scores.get(proofId);
    if (known) known.push(analysisScore);
    else scores.set(proofId, [analysisScore]);
  }
  return teachingOrder(
    analyses,
    [({ analysisScore }) => String(analysisScore), ({ problem }) => problem.topic, ({ model }) => model],
    ({ proofId }) => hardnessOf(scores.get(proofId) ?? []),
  );
}

/** The score in the middle of what analyses give, to the next half. */
function predicted(scores: readonly MaybeScore[]): string {
  const mean = meanOf(scores.filter((score) => score !== undefined));
  return mean === null ? 'unknown' : String(Math.round(2 * mean) / 2);
}
