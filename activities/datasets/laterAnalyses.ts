import type { AnalysisRow, DatasetRef, ProofRow } from '../../shared/records.ts';
import { balancedSample, distinctBy } from '../../shared/selection.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { wellFormedAnalyses } from './analyses.ts';

interface LaterAnalysesInput {
  readonly to: string;
  /** The label set whose verdicts they are, and its proofs. */
  readonly setId: string;
  readonly proofs: DatasetRef;
  /** The proofs among them that people look at anyway. */
  readonly contested: DatasetRef;
  readonly audited?: DatasetRef | undefined;
  readonly count: number;
  readonly seed: number;
}

/**
 * Analyses of contested and of audited proofs whose quality people score, so that D_mv grows: distinct, and balanced
 * over their scores and over why the proof is looked at. What the rule finds clear and nobody audits teaches nothing
 * new (ours).
 */
export async function chooseLaterAnalyses(store: ArtifactStore, input: LaterAnalysesInput): Promise<DatasetRef> {
  const { to, setId, proofs, contested, audited, count, seed } = input;
  const why = new Map<string, string>();
  for (const { id } of await store.readRows<ProofRow>(...(audited ? [audited] : []))) why.set(id, 'audited');
  for (const { id } of await store.readRows<ProofRow>(contested)) why.set(id, 'contested');
  const rows: AnalysisRow[] = [];
  for await (const row of wellFormedAnalyses(store, setId, proofs)) if (why.has(row.proofId)) rows.push(row);
  const distinct = distinctBy(rows, (row) => `${row.proofId}\n${row.analysis}`);
  return store.writeJsonl(
    to,
    balancedSample(distinct, count, (row) => `${row.analysisScore} ${why.get(row.proofId)}`, seed),
    madeBy('chooseLaterAnalyses', { proofs, verdicts: setId, contested, audited }),
  );
}
