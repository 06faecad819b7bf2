import { autoLabel, type AnalysisEvidence } from '../../../shared/label/autoLabel.ts';
import { syntheticPopulation } from '../../../shared/label/population.ts';
import { precisionWarning, simulatedLabels } from '../../../shared/label/precision.ts';
import { LABEL_RULES, type AutoLabelPolicy, type LabelRule } from '../../../shared/sampling/sets.ts';
import { SCORES } from '../../../shared/scores.ts';

const policy = (n: number, m: number, k: number, rule: LabelRule): AutoLabelPolicy => ({
  analysesPerProof: n,
  metaAnalysesPerAnalysis: m,
  minValidAnalyses: k,
  confirmingMetaScore: 1,
  rule,
});

/** docs/method.md, "Labels at scale": of other draws of the same population. */
test.each([
  [8, 4, 2, 'lowest', 0.968, 0.997, 0.948, 0.146],
  [8, 4, 2, 'cumulative', 0.968, 0.912, 0.948, 0.062],
  [16, 8, 2, 'lowest', 0.903, 0.99, 0.994, 0.108],
  [16, 8, 4, 'cumulative', 0.994, 0.939, 0.994, 0.067],
  [64, 16, 4, 'lowest', 0.817, 1, 1, 0.13],
  [64, 16, 8, 'cumulative', 0.977, 0.986, 1, 0.035],
] as const)('n = %s, m = %s, k = %s, %s is as right as the table says', (n, m, k, rule, zero, half, one, contested) => {
  const simulated = simulatedLabels(policy(n, m, k, rule));
  const right = SCORES.map((score) => simulated.given[`${score}`].right / simulated.given[`${score}`].labels);
  for (const [index, expected] of [zero, half, one].entries())
    expect(Math.abs((right[index] ?? 0) - expected)).toBeLessThan(0.02);
  expect(Math.abs(simulated.contested - contested)).toBeLessThan(0.012);
});

test('counts alone give what the rule gives of whole verdicts', () => {
  for (const rule of LABEL_RULES)
    for (const m of [0, 5]) {
      const tried = policy(12, m, 2, rule);
      const simulated = simulatedLabels(tried);
      const labels = new Map<string, number>();
      for (const { analyses } of syntheticPopulation({ ...tried, proofs: 4000, seed: 9 })) {
        const decision = autoLabel(tried, analyses as readonly AnalysisEvidence[]);
        const name = decision.kind === 'labelled' ? `${decision.score}` : 'contested';
        labels.set(name, (labels.get(name) ?? 0) + 1 / 4000);
      }
      for (const score of SCORES)
        expect(simulated.given[`${score}`].labels / simulated.proofs).toBeCloseTo(labels.get(`${score}`) ?? 0, 1);
      expect(simulated.contested).toBeCloseTo(labels.get('contested') ?? 0, 1);
    }
});

test('labels that are likely to be wrong are warned of, by name, with how many there are and what helps', () => {
  const warning = precisionWarning(policy(64, 16, 4, 'lowest'));
  expect(warning).toMatch(
    /4 and the lowest rule give labels below labelling\.minPrecision 0\.95: label 0 is right in 0\.8\d\d of \d,\d{3}/,
  );
  expect(warning).not.toMatch(/label (0\.5|1) is right/);
  expect(warning).toMatch(/What helps: labelling\.rule cumulative and labelling\.minValidAnalyses \d+, .* contested/);
});

test('where no rule and k reach the goal, more analyses are named', () => {
  expect(precisionWarning(policy(4, 2, 1, 'lowest'))).toMatch(/labelling\.analysesPerProof (8|16) with|No rule and k/);
});

test('labels that reach the goal are not warned of, and the goal is the recipe’s', () => {
  const tried = policy(64, 16, 8, 'cumulative');
  expect(precisionWarning(tried)).toBeUndefined();
  expect(precisionWarning(tried, 0.999)).toContain('labelling.minPrecision 0.999');
  expect(precisionWarning(policy(4, 2, 1, 'lowest'), 0)).toBeUndefined();
});
