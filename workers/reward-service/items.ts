import type { ParsedAnswer } from '../../shared/answers.ts';
import type { RewardItem, RewardSpec } from '../../shared/reward/protocol.ts';
import type { JudgeNeed } from '../../shared/reward/rewards.ts';
import type { JudgeQuestion } from './judge.ts';
import type { AskedRow } from './rows.ts';

/** An item, and what its row says about it. */
export type KnownItem = Omit<RewardItem, 'task'> & AskedRow & { readonly responseSha256: string };

/** A proof is judged by the verifier, an analysis by the meta-verifier together with the proof it is about. */
export function questionOf(need: Exclude<JudgeNeed, 'nothing'>, item: KnownItem, answer: ParsedAnswer): JudgeQuestion {
  const { responseSha256 } = item;
  if (answer.kind === 'malformed')
    throw new Error(`Expected no ${need} verdict to be needed for a malformed answer (item ${item.itemId})`);
  const problem = item.meta.problem.statement;
  if (need === 'proof')
    return { task: 'verify', row: item.itemId, values: { problem, proof: answer.proof }, responseSha256 };
  const values =
    item.task === 'verify'
      ? { problem, proof: item.meta.proof, analysis: answer.text }
      : { problem, proof: answer.proof, analysis: answer.selfAnalysis };
  return { task: 'metaVerify', row: item.itemId, values, responseSha256 };
}

/** What row and spec lack for the item, each with what was expected; empty when the item can be rewarded. */
export function missingFields(item: RewardItem, { task, meta }: AskedRow, spec: RewardSpec): string[] {
  const missing: string[] = [];
  const need = (present: unknown, field: string) => {
    if (present === undefined) missing.push(`${field}: expected a value for task ${task}, got none`);
  };
  if (item.task !== undefined && item.task !== task)
    missing.push(`task: expected ${task}, which row ${item.itemId} has, got ${item.task}`);
  if (task === 'verify' || task === 'metaVerify') {
    need(meta.score, 'meta.score');
    need(meta.proof, 'meta.proof');
    if (task === 'metaVerify') need(meta.analysis, 'meta.analysis');
    if (task === 'verify' && spec.useMetaReward) need(spec.judges.metaVerifier, 'spec.judges.metaVerifier');
  } else {
    need(spec.judges.verifier, 'spec.judges.verifier');
    if (task === 'selfVerify' && spec.useMetaReward && spec.selfAnalysisWeight > 0)
      need(spec.judges.metaVerifier, 'spec.judges.metaVerifier');
  }
  return missing;
}
