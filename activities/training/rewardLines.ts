import { uri } from '../../shared/ids.ts';
import type { Task } from '../../shared/records.ts';
import type { RewardAnswer } from '../../shared/reward/protocol.ts';
import type { JudgeScores, Malformed } from '../../shared/reward/rewards.ts';
import { jsonLinesOf } from '../store/jsonLines.ts';
import type { ArtifactStore } from '../store/types.ts';

/** What is read of a line of `rewards/<jobKey>/rewards.jsonl`. */
export interface RewardLine {
  readonly task: Task;
  /** The optimizer step that asked first; logs of before do not say. */
  readonly step?: number;
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

/** The ends of a training: which steps, and how many samples a step asks for. */
interface Ends {
  readonly steps: number;
  readonly samplesPerStep: number;
}

/**
 * The lines of a training's first and of its last steps. Equal samples have one line, of the step that asked first:
 * where a policy says ever the same, few lines are of its last steps, and they are all that is looked at. Of a log that
 * does not tell steps, as many lines as so many steps asked for.
 */
export async function endsOf(
  lines: AsyncIterable<RewardLine>,
  { steps, samplesPerStep }: Ends,
): Promise<{ readonly first: readonly RewardLine[]; readonly last: readonly RewardLine[] }> {
  const [first, last]: [RewardLine[], RewardLine[]] = [[], []];
  let newest = 0;
  const isLate = ({ step = 0 }: RewardLine): boolean => newest === 0 || step > newest - steps;
  for await (const line of lines) {
    newest = Math.max(newest, line.step ?? 0);
    last.push(line);
    if (line.step === undefined ? first.length < steps * samplesPerStep : line.step <= steps) first.push(line);
    while (last[0] !== undefined && (newest > 0 ? !isLate(last[0]) : last.length > steps * samplesPerStep))
      last.shift();
  }
  return { first, last: last.filter(isLate) };
}
