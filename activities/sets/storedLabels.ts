import type { AnalysisEvidence } from '../../shared/label/autoLabel.ts';
import { uri } from '../../shared/ids.ts';
import type { AutoLabelPolicy, LabelDecision, LabelRow } from '../../shared/sampling/sets.ts';
import type { ArtifactStore } from '../store/types.ts';
import { evidenceOf, shardFiles } from './inspect.ts';
import type { StoredResult } from './shard.ts';

/** A finished label set: the policy and the waves that asked, and of each proof what came, and what it was labelled. */
export interface StoredLabels {
  readonly policy: AutoLabelPolicy;
  readonly waves: readonly number[];
  readonly proofs: readonly StoredLabel[];
}

export interface StoredLabel {
  readonly proofId: string;
  /** By the policy that asked. */
  readonly decision: LabelDecision;
  readonly evidence: readonly AnalysisEvidence[];
}

/** @throws when there is no such set, it is not finished, has no proofs, or was sampled for something else. */
export async function storedLabels(store: ArtifactStore, set: string): Promise<StoredLabels> {
  const proofs: StoredLabel[] = [];
  let asked: Pick<StoredLabels, 'policy' | 'waves'> | undefined;
  for (const shard of await shardFiles(store, set)) {
    const result = await store.findJson<StoredResult<unknown>>(uri.shardResult(set, shard.shard));
    if (result === undefined)
      throw new Error(`Expected set ${set} to be finished, but shard ${shard.shard} has no result yet`);
    const { policy, waves } = result.plan as Partial<StoredLabels>;
    if (policy === undefined || waves === undefined)
      throw new Error(`Expected ${set} to be a label set, but it was sampled for something else`);
    asked = { policy, waves };
    const evidence = await evidenceOf(store, shard);
    const rows = (await store.readText(uri.shardLabels(set, shard.shard))).split('\n').filter((line) => line !== '');
    for (const { proofId, decision } of rows.map((line) => JSON.parse(line) as LabelRow))
      proofs.push({ proofId, decision, evidence: evidence.get(proofId) ?? [] });
  }
  if (asked === undefined) throw new Error(`Expected set ${set} to have proofs, found none`);
  return { ...asked, proofs };
}
