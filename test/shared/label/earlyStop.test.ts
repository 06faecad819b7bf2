import fc from 'fast-check';
import { autoLabel, type AnalysisEvidence } from '../../../shared/label/autoLabel.ts';
import { MAX_WAVES } from '../../../shared/label/earlyStop.ts';
import { orderText } from '../../../shared/label/waves.ts';
import { replayLabel } from '../../../shared/label/replay.ts';
import { syntheticPopulation } from '../../../shared/label/population.ts';
import { randomFrom } from '../../../shared/seeds.ts';
import { LABEL_RULES, type AutoLabelPolicy } from '../../../shared/sampling/sets.ts';
import type { Score } from '../../../shared/scores.ts';

/** Any outcomes, missing ones included: scores of every mix, verdicts missing at every rate. */
const cases = fc
  .record({
    n: fc.integer({ min: 1, max: 12 }),
    m: fc.integer({ min: 0, max: 9 }),
    k: fc.integer({ min: 1, max: 5 }),
    confirmingMetaScore: fc.constantFrom<0.5 | 1>(0.5, 1),
    rule: fc.constantFrom(...LABEL_RULES),
    waves: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 4 }),
    weights: fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6), fc.nat(3)),
    metaWeights: fc.tuple(fc.nat(6), fc.nat(2), fc.nat(6), fc.nat(3)),
  })
  .chain(({ n, m, k, confirmingMetaScore, rule, waves, weights, metaWeights }) => {
    const score = (of: readonly number[]) =>
      fc.oneof(
        ...([0, 0.5, 1, undefined] as const).map((value, index) => ({
          weight: (of[index] as number) + (index === 0 ? 1 : 0),
          arbitrary: fc.constant<Score | undefined>(value),
        })),
      );
    const analysis = fc.record({
      score: score(weights),
      metaScores: fc.array(score(metaWeights), { minLength: m, maxLength: m }),
    });
    const policy: AutoLabelPolicy = {
      analysesPerProof: n,
      metaAnalysesPerAnalysis: m,
      minValidAnalyses: k,
      confirmingMetaScore,
      rule,
    };
    return fc.record({
      policy: fc.constant(policy),
      waves: fc.constant(waves),
      analyses: fc.array(analysis, { minLength: n, maxLength: n }),
    });
  })
  .map(({ policy, waves, analyses }) => ({
    policy,
    waves,
    analyses: analyses.map(({ score, metaScores }): AnalysisEvidence => ({
      score,
      metaScores: score === 0 || score === 0.5 ? metaScores : [],
    })),
  }));

test('the label is the full rule’s for any outcomes, with no call more and few waves', () => {
  fc.assert(
    fc.property(cases, ({ policy, waves, analyses }) => {
      const replay = replayLabel(policy, waves, analyses);
      expect(replay.decision).toEqual(autoLabel(policy, analyses));
      expect(replay.waves.length).toBeLessThanOrEqual(MAX_WAVES);
      expect(replay.calls).toBeLessThanOrEqual(
        analyses.length + analyses.reduce((sum, { metaScores }) => sum + metaScores.length, 0),
      );
    }),
    { numRuns: 8_000 },
  );
});

test.each([
  [8, 4, 2, 'lowest', [4, 4]],
  [16, 8, 2, 'lowest', [4, 4, 8]],
  [16, 8, 4, 'cumulative', [2, 2, 2, 2, 3, 5]],
  [64, 16, 4, 'lowest', [4, 4, 8, 16, 32]],
  [64, 16, 8, 'cumulative', [6, 12, 24, 24]],
  [64, 0, 4, 'lowest', [4, 4, 8, 16, 32]],
] as const)(
  'on the synthetic population at (%i, %i, %i), %s, every label is the full rule’s',
  (n, m, k, rule, waves) => {
    const policy: AutoLabelPolicy = {
      analysesPerProof: n,
      metaAnalysesPerAnalysis: m,
      minValidAnalyses: k,
      confirmingMetaScore: 1,
      rule,
    };
    for (const { analyses } of syntheticPopulation({
      proofs: 300,
      analysesPerProof: n,
      metaAnalysesPerAnalysis: m,
      seed: 11,
    })) {
      const evidence = analyses as readonly AnalysisEvidence[];
      const replay = replayLabel(policy, waves, evidence);
      expect(replay.decision).toEqual(autoLabel(policy, evidence));
      expect(replay.waves.length).toBeLessThanOrEqual(MAX_WAVES);
    }
  },
);

test.each(LABEL_RULES)(
  'by the rule %s: where votes are split, verdicts are missing and analyses come one by one, waves run out and the ' +
    'label is still the full rule’s',
  (rule) => {
    const policy: AutoLabelPolicy = {
      analysesPerProof: 24,
      metaAnalysesPerAnalysis: 16,
      minValidAnalyses: 3,
      confirmingMetaScore: 1,
      rule,
    };
    const random = randomFrom(5);
    const draw = (zero: number, half: number): Score | undefined => {
      const [missing, share] = [random(), random()];
      return missing < 0.01 ? undefined : share < zero ? 0 : share < zero + half ? 0.5 : 1;
    };
    let longest = 0;
    for (let proof = 0; proof < 1_000; proof += 1) {
      const [zeros, halves, refuted] = [0.6 * random(), 0.3 * random(), 0.3 + 0.4 * random()];
      const evidence = Array.from({ length: 24 }, (): AnalysisEvidence => {
        const score = draw(zeros, halves);
        return {
          score,
          metaScores: score === 0 || score === 0.5 ? Array.from({ length: 16 }, () => draw(refuted, 0)) : [],
        };
      });
      const replay = replayLabel(policy, [1, 2], evidence);
      expect(replay.decision).toEqual(autoLabel(policy, evidence));
      longest = Math.max(longest, replay.waves.length);
    }
    expect(longest).toBe(MAX_WAVES);
  },
);

test('a wave’s stored text says what was asked, first analyses, then meta-assessments of which', () => {
  const metas = [
    { analysis: 0, count: 1 },
    { analysis: 11, count: 16 },
  ];
  expect([
    orderText({ analyses: 4, metas: [] }),
    orderText({ analyses: 0, metas }),
    orderText({ analyses: 2, metas }),
  ]).toEqual(['4', '0×1 11×16', '2 0×1 11×16']);
});
