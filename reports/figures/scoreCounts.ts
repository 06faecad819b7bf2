import type { DatasetRef, ScoredProof, ScoreSource } from '../../shared/records.ts';
import type { ProofScoreCounts } from '../../shared/figures/report.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { Measuring } from './notes.ts';

/** Who scored the rows of D_v: those that the lap's verifier learns from, and those that the lap added. */
export async function scoreCounts({ store, manifest }: Measuring): Promise<ProofScoreCounts> {
  const { lap, proofScores } = manifest;
  const { train, grown } = proofScores;
  const used = await rowsOf(store, train);
  const added = [...used, ...(await rowsOf(store, [grown]))].filter((row) => row.lap === lap);
  return {
    used: bySource(used),
    added: bySource(added),
    peopleShare: peopleShare(used),
    peopleShareOfAdded: peopleShare(added),
  };
}

async function rowsOf(store: ArtifactStore, parts: readonly DatasetRef[]): Promise<ScoredProof[]> {
  return (await Promise.all(parts.map((part) => store.readRows<ScoredProof>(part)))).flat();
}

export function bySource(rows: readonly { readonly source: ScoreSource }[]): Record<ScoreSource, number> {
  const counts = { expert: 0, program: 0, auto: 0 };
  for (const { source } of rows) counts[source] += 1;
  return counts;
}

const peopleShare = (rows: readonly ScoredProof[]): number | null =>
  rows.length === 0 ? null : rows.filter(({ source }) => source !== 'auto').length / rows.length;
