import * as fc from 'fast-check';
import { parseAnswer } from '../../../shared/answers.ts';
import {
  isKeptForAudit,
  judgeNeed,
  rewardOf,
  scoreReward,
  selfVerificationReward,
  verifierReward,
  type JudgeScores,
  type RewardRules,
  type RewardSubject,
} from '../../../shared/reward/rewards.ts';
import { SCORES, type Score } from '../../../shared/scores.ts';
import type { Task } from '../../../shared/records.ts';

const paper: RewardRules = { useMetaReward: true, proofWeight: 0.76, selfAnalysisWeight: 0.24 };
const evaluation = (score: Score) =>
  `Here is my evaluation of the solution: Based on my evaluation, the final overall score should be: \\boxed{${score}}`;
const contents: Record<Task, (score: Score) => string> = {
  prove: () => '## Solution p',
  refine: () => '## Solution p',
  selfVerify: (score) => `## Solution p ## Self Evaluation ${evaluation(score)}`,
  selfRefine: (score) => `## Solution p ## Self Evaluation ${evaluation(score)}`,
  verify: evaluation,
  metaVerify: (score) =>
    'Here is my analysis of the "solution evaluation": Based on my analysis, I will rate the "solution ' +
    `evaluation" as: \\boxed{${score}}`,
};
const subject = (task: Task, given: Score, label?: Score): RewardSubject => ({
  task,
  answer: parseAnswer(task, contents[task](given)),
  truncated: false,
  label,
});

test.each([
  [0, 0, 1],
  [0, 0.5, 0.5],
  [0, 1, 0],
  [0.5, 1, 0.5],
  [1, 1, 1],
] as const)('R_score of %d against %d is %d, either way round', (given, truth, expected) => {
  expect(scoreReward(given, truth)).toBe(expected);
  expect(scoreReward(truth, given)).toBe(expected);
});

describe('the verifier', () => {
  test('v1 is paid by format and score', () => {
    expect(rewardOf(subject('verify', 0.5, 1), {}, { ...paper, useMetaReward: false })).toEqual({
      reward: 0.5,
      components: { format: 1, score: 0.5 },
    });
  });

  test('v2 is paid by format, score and the mean meta score', () => {
    expect(rewardOf(subject('verify', 1, 1), { meta: [1, 0.5] }, paper)).toEqual({
      reward: 0.75,
      components: { format: 1, score: 1, meta: 0.75 },
    });
  });

  test('as meta-verifier is paid by format and quality score, without a judge', () => {
    expect(judgeNeed(subject('metaVerify', 1, 0.5), {}, paper)).toBe('nothing');
    expect(rewardOf(subject('metaVerify', 1, 0.5), {}, paper)).toEqual({
      reward: 0.5,
      components: { format: 1, score: 0.5 },
    });
  });

  test('whose score is as wrong as can be gets 0 without a meta verdict', () => {
    expect(judgeNeed(subject('verify', 0, 1), {}, paper)).toBe('nothing');
    expect(rewardOf(subject('verify', 0, 1), {}, paper)).toEqual({ reward: 0, components: { format: 1, score: 0 } });
  });
});

describe('the generator', () => {
  test.each(['prove', 'refine', 'selfRefine'] as const)('is paid the mean score of its proof for %s', (task) => {
    expect(judgeNeed(subject(task, 1), {}, paper)).toBe('proof');
    expect(rewardOf(subject(task, 1), { proof: [0, 0.5] }, paper)).toEqual({
      reward: 0.25,
      components: { format: 1, proof: 0.25 },
    });
  });
});

const reward = (self: Score, scores: JudgeScores) => rewardOf(subject('selfVerify', self), scores, paper);

describe('self-verification', () => {
  test('is paid α R_Y + β R_score R_meta (paper 2.2)', () => {
    expect(reward(1, { proof: [1], meta: [1] })).toEqual({
      reward: 1,
      components: { format: 1, score: 1, meta: 1, proof: 1, selfAnalysis: 1 },
    });
    expect(reward(0.5, { proof: [1], meta: [0.5] }).reward).toBeCloseTo(0.76 + 0.24 * 0.5 * 0.5);
    expect(reward(0, { proof: [0], meta: [1] }).reward).toBeCloseTo(0.24);
  });

  test('an honest 0 of a wrong proof is worth more than a false 1', () => {
    expect(reward(0, { proof: [0], meta: [1] }).reward).toBeGreaterThan(reward(1, { proof: [0] }).reward);
  });

  test('asks for the proof first, and for the self-analysis only where its score is worth something', () => {
    expect(judgeNeed(subject('selfVerify', 1), {}, paper)).toBe('proof');
    expect(judgeNeed(subject('selfVerify', 1), { proof: [0.5] }, paper)).toBe('meta');
    expect(judgeNeed(subject('selfVerify', 1), { proof: [0] }, paper)).toBe('nothing');
    expect(judgeNeed(subject('selfVerify', 1), { proof: [1] }, { ...paper, selfAnalysisWeight: 0 })).toBe('nothing');
    expect(judgeNeed(subject('selfVerify', 1), { proof: [1] }, { ...paper, useMetaReward: false })).toBe('nothing');
    expect(reward(1, { proof: [0] })).toEqual({
      reward: 0,
      components: { format: 1, score: 0, proof: 0, selfAnalysis: 0 },
    });
  });
});

test.each(['prove', 'refine', 'selfVerify', 'selfRefine', 'verify', 'metaVerify'] as const)(
  'a malformed or truncated %s answer gets 0 without a judge',
  (task) => {
    const malformed: RewardSubject = { task, answer: parseAnswer(task, 'gibberish'), truncated: false, label: 1 };
    const truncated = { ...subject(task, 1, 1), truncated: true };
    for (const bad of [malformed, truncated]) {
      expect(judgeNeed(bad, {}, paper)).toBe('nothing');
      expect(rewardOf(bad, {}, paper)).toEqual({ reward: 0, components: { format: 0 } });
    }
  },
);

test('a missing verdict or label is an error, never a reward', () => {
  expect(() => rewardOf(subject('prove', 1), {}, paper)).toThrow('Expected proof verdicts');
  expect(() => rewardOf(subject('prove', 1), { proof: [] }, paper)).toThrow('at least one verdict');
  expect(() => rewardOf(subject('verify', 1), {}, paper)).toThrow('Expected a label');
});

const score = fc.constantFrom(...SCORES);
const unit = fc.double({ min: 0, max: 1, noNaN: true });

test('every reward lies in [0, 1]', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<Task>('prove', 'selfVerify', 'selfRefine', 'verify', 'metaVerify'),
      score,
      score,
      fc.array(score, { minLength: 1 }),
      fc.array(score, { minLength: 1 }),
      (task, given, label, proof, meta) => {
        const rewarded = rewardOf(subject(task, given, label), { proof, meta }, paper);
        return rewarded.reward >= 0 && rewarded.reward <= 1;
      },
    ),
  );
});

test('a better factor never lowers a reward', () => {
  fc.assert(
    fc.property(unit, unit, unit, unit, (a, b, c, d) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      return (
        verifierReward(1, low, c) <= verifierReward(1, high, c) &&
        verifierReward(1, c, low) <= verifierReward(1, c, high) &&
        selfVerificationReward(1, low, d, paper) <= selfVerificationReward(1, high, d, paper) &&
        selfVerificationReward(1, d, low, paper) <= selfVerificationReward(1, d, high, paper)
      );
    }),
  );
});

test('about a quarter of the rewarded samples is kept, whatever they are', () => {
  const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
  const kept = fc.sample(hex, { numRuns: 4000, seed: 1 }).filter(isKeptForAudit).length;
  expect(kept / 4000).toBeGreaterThan(0.15); // fast-check prefers small digits now and then
  expect(['00', '3f', '40', 'ff'].map(isKeptForAudit)).toEqual([true, true, false, false]);
});
