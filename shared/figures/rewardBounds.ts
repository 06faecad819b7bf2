import type { Task } from '../records.ts';
import type { RewardAnswer } from '../reward/protocol.ts';
import { judgeNeed, rewardOf, type JudgeScores, type RewardRules, type RewardSubject } from '../reward/rewards.ts';
import { SCORES, type Score } from '../scores.ts';
import type { Bounded } from './losses.ts';

/** What is kept of a rewarded item, and which of its verdicts were lost at first and asked again. */
export interface RewardedItem {
  readonly task: Task;
  readonly answer: RewardAnswer;
  readonly verdicts: JudgeScores;
  readonly lost: (need: keyof JudgeScores, place: number) => boolean;
}

/** Sums over rewarded items: of what they got, and of the least and most of it. */
export interface RewardSums {
  readonly scored: number;
  readonly unscorable: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export const NO_REWARDS: RewardSums = { scored: 0, unscorable: 0, value: 0, low: 0, high: 0 };

/** Adds an item; one that is unscorable could be anything. */
export function withReward(sums: RewardSums, item: RewardedItem, rules: RewardRules): RewardSums {
  const { answer } = item;
  if (answer.status === 'unscorable') return { ...sums, unscorable: sums.unscorable + 1, high: sums.high + 1 };
  const rewards = possibleRewards(item, answer, rules);
  return {
    ...sums,
    scored: sums.scored + 1,
    value: sums.value + answer.reward,
    low: sums.low + Math.min(...rewards),
    high: sums.high + Math.max(...rewards),
  };
}

/**
 * The mean reward of what was scored, and of all items if every verdict that was lost at first were 0, or every one 1;
 * null where nothing was scored.
 */
export function meanReward({ scored, unscorable, value, low, high }: RewardSums): Bounded | null {
  const all = scored + unscorable;
  return scored === 0 ? null : { value: value / scored, low: low / all, high: high / all };
}

/** The reward as it is, and by its own formula with each lost verdict at 0, and at 1. */
function possibleRewards(
  item: RewardedItem,
  { reward, components }: Extract<RewardAnswer, { status: 'scored' }>,
  rules: RewardRules,
): number[] {
  const { verdicts, lost } = item;
  const isLost = (['proof', 'meta'] as const).some((need) => verdicts[need]?.some((_, place) => lost(need, place)));
  if (!isLost) return [reward];
  const rewards = ([0, 1] as const).flatMap((value) => {
    const scores = Object.fromEntries(
      Object.entries(verdicts).map(([need, given]: [string, readonly Score[]]) => [
        need,
        given.map((score, place) => (lost(need as keyof JudgeScores, place) ? value : score)),
      ]),
    );
    return subjectsOf(item, components.score).flatMap((subject) =>
      judgeNeed(subject, scores, rules) === 'meta'
        ? [0, 1].map((meta) => rewardOf(subject, { ...scores, meta: [meta as Score] }, rules).reward)
        : [rewardOf(subject, scores, rules).reward],
    );
  });
  return [reward, ...rewards];
}

/**
 * Answers whose R_score is the one that is known. Of a self-verified proof the self-score is not kept, and may be one
 * of two.
 */
function subjectsOf({ task, verdicts: { proof = [] } }: RewardedItem, score: number | undefined): RewardSubject[] {
  const subject = (given?: Score, label?: Score): RewardSubject => ({
    task,
    answer: { kind: 'wellFormed', text: '', ...(given !== undefined && { score: given }) },
    truncated: false,
    label,
  });
  if (task === 'verify') return [subject(1, score as Score)];
  if (task !== 'selfVerify' || score === undefined) return [subject()];
  const truth = proof.reduce<number>((sum, each) => sum + each, 0) / proof.length;
  return SCORES.filter((given) => Math.abs(1 - Math.abs(given - truth) - score) < 1e-9).map((given) => subject(given));
}
