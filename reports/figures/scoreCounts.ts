import { meanOf } from '../../shared/statistics/measures.ts';
import type { ScoredProof, ScoreSource } from '../../shared/records.ts';
import type { ProofScoreCounts } from '../../shared/figures/scoreCounts.ts';
import type { Measuring } from './notes.ts';

/** Who scored the rows of D_v: those that the lap's verifier learns from, and those that the lap added. */
export async function scoreCounts({ store, manifest }: Measuring): Promise<ProofScoreCounts> {
  const { lap, proofScores } = manifest;
  const { train, grown } = proofScores;
  const used = await store.readRows<ScoredProof>(...train);
  const added = [...used, ...(await store.readRows<ScoredProof>(grown))].filter((row) => row.lap === lap);
  return {
    used: bySource(used),
    added: bySource(added),
    peopleShare: peopleShare(used),
    peopleShareOfAdded: peopleShare(added),
  };
}

function bySource(rows: readonly { readonly source: ScoreSource }[]): ProofScoreCounts['used'] {
  const counts = { expert: 0, program: 0, auto: 0, given: 0 };
  for (const { source } of rows) counts[source] += 1;
  const { given, ...ours } = counts;
  return { ...ours, ...(given > 0 && { given }) };
}

/** What a team brought, no expert of its laps was asked. */
const peopleShare = (rows: readonly ScoredProof[]): number | null =>
  meanOf(rows.map(({ source }) => +(source === 'expert' || source === 'program')));
