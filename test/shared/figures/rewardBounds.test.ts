import * as fc from 'fast-check';
import { meanReward, NO_REWARDS, withReward, type RewardedItem } from '../../../shared/figures/rewardBounds.ts';
import { judgeNeed, rewardOf, type JudgeScores, type RewardSubject } from '../../../shared/reward/rewards.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';

const RULES = { useMetaReward: true, proofWeight: 0.76, selfAnalysisWeight: 0.24 };
const scored = (reward: number) =>
  ({ itemId: 'i', status: 'scored', reward, components: { format: 1 }, imitatesVerdict: false }) as const;
const prove = (proof: readonly Score[], lost: readonly boolean[]): RewardedItem => ({
  task: 'prove',
  answer: scored(proof.reduce<number>((sum, score) => sum + score, 0) / proof.length),
  verdicts: { proof },
  lost: (_, place) => lost[place] === true,
});
const mean = (...items: RewardedItem[]) =>
  meanReward(items.reduce((sums, item) => withReward(sums, item, RULES), NO_REWARDS));

test('a mean reward is bounded by every verdict lost at first being 0, and every one being 1', () => {
  expect(mean(prove([1], [true]), prove([0], [false]), prove([1, 1], [true, false]))).toEqual({
    value: 2 / 3,
    low: 0.5 / 3,
    high: 2 / 3,
  });
  expect(mean()).toBeNull();
});

test('an unscorable item could have had any reward; what is malformed or too long has its own', () => {
  const unscorable = { itemId: 'i', status: 'unscorable', reason: 'cut' } as const;
  const items: RewardedItem[] = [
    { task: 'prove', answer: unscorable, verdicts: {}, lost: () => true },
    { task: 'prove', answer: scored(0), verdicts: {}, lost: () => true },
  ];
  expect(mean(...items)).toEqual({ value: 0, low: 0, high: 0.5 });
});

test('whatever the formula, the rewards with the lost verdicts at 0 and at 1 lie within the bounds', () => {
  const score = fc.constantFrom(...SCORES);
  const verdicts = fc.array(fc.record({ score, lost: fc.boolean() }), { minLength: 2, maxLength: 2 });
  const cases = fc.record({
    task: fc.constantFrom('prove', 'verify', 'selfVerify', 'selfRefine'),
    given: score,
    label: score,
    proof: verdicts,
    meta: verdicts,
  });
  fc.assert(
    fc.property(cases, ({ task, given, label, proof, meta }) => {
      const subject: RewardSubject = {
        task,
        answer: { kind: 'wellFormed', text: 'a', score: given, proof: 'p' },
        truncated: false,
        label,
      };
      const all = { proof, meta };
      const rewarded = (change: (verdict: (typeof proof)[number]) => Score) => {
        let scores: JudgeScores = {};
        for (;;) {
          const need = judgeNeed(subject, scores, RULES);
          if (need === 'nothing') return { scores, ...rewardOf(subject, scores, RULES) };
          scores = { ...scores, [need]: all[need].map(change) };
        }
      };
      const { scores, ...reward } = rewarded((verdict) => verdict.score);
      const bounds = mean({
        task,
        answer: { ...scored(0), ...reward },
        verdicts: scores,
        lost: (need, place) => all[need][place]?.lost === true,
      });
      for (const value of [0, 1] as const) {
        const other = rewarded((verdict) => (verdict.lost ? value : verdict.score)).reward;
        expect(other).toBeGreaterThanOrEqual((bounds?.low ?? 1) - 1e-9);
        expect(other).toBeLessThanOrEqual((bounds?.high ?? 0) + 1e-9);
      }
    }),
    { numRuns: 2_000 },
  );
});
