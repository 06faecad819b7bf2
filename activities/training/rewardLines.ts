import { uri } from '../../shared/ids.ts';
import type { Task } from '../../shared/records.ts';
import type { RewardAnswer } from '../../shared/reward/protocol.ts';
import type { JudgeScores, Malformed } from '../../shared/reward/rewards.ts';
import { jsonLinesOf } from '../store/jsonLines.ts';
import type { ArtifactStore } from '../store/types.ts';

/** What is read of a line of `rewards/<jobKey>/rewards.jsonl`. */
export interface RewardLine {
  readonly task: Task;
  readonly answer: RewardAnswer;
  readonly responseSha256: string;
  readonly verdicts: JudgeScores;
  /** `taken`: what an earlier lap paid for of it. */
  readonly judge: CallCost & { readonly taken?: CallCost };
  /** Kept of a sample only. */
  readonly response?: string;
  /** Of answers without format; logs of before do not say. */
  readonly malformed?: Malformed;
}

export interface CallCost {
  readonly calls: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export const rewardLines = (store: ArtifactStore, jobKey: string) =>
  jsonLinesOf(store, uri.rewards(jobKey)) as AsyncGenerator<RewardLine>;
