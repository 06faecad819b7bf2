import { autoLabel, type AnalysisEvidence } from '../../shared/label/autoLabel.ts';
import { syntheticPopulation } from '../../shared/label/population.ts';
import type { AutoLabelPolicy, LabelRule } from '../../shared/sampling/sets.ts';
import { SCORES } from '../../shared/scores.ts';
import type { Bench } from './bench.ts';

const PROOFS = 3_000;
const SEED = 1;
const POLICY = {
  analysesPerProof: 64,
  metaAnalysesPerAnalysis: 16,
  minValidAnalyses: 8,
  confirmingMetaScore: 1,
} as const;
/** What the chosen rule is held against. */
const OTHERS: readonly (readonly [rule: LabelRule, k: number])[] = [
  ['lowest', 4],
  ['lowest', 8],
  ['cumulative', 16],
];

/** Share of the labels of the cumulative rule that are right. */
export const labelPrecision: Bench = {
  name: 'label-precision-64-16-8',
  about: 'right labels ÷ labels of the cumulative rule, k = n/8; 0 where fewer than 500 of 3,000 are 0.5',
  goal: '>= 0.98',
  met: (value) => value >= 0.98,
  takes: [],
  run: () => {
    const { precision, labels, ...detail } = labelled({ ...POLICY, rule: 'cumulative' });
    return Promise.resolve({
      value: (labels['0.5'] ?? 0) >= 500 ? precision : 0,
      detail: { labels, ...detail, others: others() },
    });
  },
};

/** Share of the proofs that people would be asked about. */
export const labelContested: Bench = {
  name: 'label-contested-64-16-8',
  about: 'proofs that the cumulative rule with k = n/8 leaves contested',
  goal: '<= 0.05',
  met: (value) => value <= 0.05,
  takes: [],
  run: () => {
    const { contested, ...detail } = labelled({ ...POLICY, rule: 'cumulative' });
    return Promise.resolve({ value: contested, detail });
  },
};

function others() {
  return Object.fromEntries(
    OTHERS.map(([rule, k]) => [`${rule}, k = ${k}`, labelled({ ...POLICY, minValidAnalyses: k, rule })]),
  );
}

/** The full rule on the population, against its truth. */
function labelled(policy: AutoLabelPolicy) {
  const labels: Record<string, number> = {};
  const right: Record<string, number> = {};
  let contested = 0;
  for (const { analyses, truth } of syntheticPopulation({ ...policy, proofs: PROOFS, seed: SEED })) {
    const decision = autoLabel(policy, analyses as readonly AnalysisEvidence[]);
    if (decision.kind !== 'labelled') {
      contested += 1;
      continue;
    }
    labels[decision.score] = (labels[decision.score] ?? 0) + 1;
    if (decision.score === truth) right[decision.score] = (right[decision.score] ?? 0) + 1;
  }
  const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, count) => total + count, 0);
  const rounded = (share: number) => Math.round(share * 1e4) / 1e4;
  return {
    precision: rounded(sum(right) / sum(labels)),
    contested: rounded(contested / PROOFS),
    labels,
    precisionOf: Object.fromEntries(
      SCORES.map((score) => [score, rounded((right[score] ?? 0) / (labels[score] ?? 0))]),
    ),
  };
}
