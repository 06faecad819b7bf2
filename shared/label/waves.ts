import { autoLabel, reportsIssue, validityOf, type AnalysisEvidence, type MaybeScore } from './autoLabel.ts';
import type { LabelWave, LabelStep } from './earlyStop.ts';
import type { AutoLabelPolicy } from '../sampling/sets.ts';

/** The full n×m×k rule as waves: all analyses, then all meta-assessments of those that report an issue. */
export function nextFullStep(policy: AutoLabelPolicy, analyses: readonly AnalysisEvidence[]): LabelStep {
  if (analyses.length < policy.analysesPerProof)
    return { kind: 'ask', wave: { analyses: policy.analysesPerProof - analyses.length, metas: [] } };
  const metas = analyses.flatMap(({ score, metaScores }, analysis) => {
    const count = policy.metaAnalysesPerAnalysis - metaScores.length;
    return reportsIssue(score) && count > 0 ? [{ analysis, count }] : [];
  });
  if (metas.length > 0) return { kind: 'ask', wave: { analyses: 0, metas } };
  return { kind: 'stop', decision: autoLabel(policy, analyses), stopReason: 'everything was asked' };
}

/** Worth an expert's look (paper 2.3): the first wave's scores disagree, or a lone analysis is valid. */
export function isHardToVerify(
  policy: AutoLabelPolicy,
  analyses: readonly AnalysisEvidence[],
  waves: readonly LabelWave[],
): boolean {
  const first = analyses.slice(0, waves[0]?.analyses ?? 0).map(({ score }) => score);
  const valid = analyses.filter(
    ({ score, metaScores }) => reportsIssue(score) && validityOf(policy, metaScores) === 'valid',
  );
  return hardnessOf(first) === 2 || valid.length === 1;
}

/**
 * How hard a proof looks after a first few scores: 2 where they disagree, 1 where one reports an issue or all are
 * missing (what nobody has judged is not easy), else 0.
 */
export function hardnessOf(scores: readonly MaybeScore[]): 0 | 1 | 2 {
  const seen = new Set(scores.filter((score) => score !== undefined));
  if (seen.size > 1) return 2;
  return seen.size === 0 || [...seen].some(reportsIssue) ? 1 : 0;
}

/**
 * A wave in a few characters, for the stored order: `4 1×3 2×3` = four analyses, and three meta-assessments of each of
 * the second and the third.
 */
export function orderText({ analyses, metas }: LabelWave): string {
  return [
    ...(analyses > 0 ? [String(analyses)] : []),
    ...metas.map(({ analysis, count }) => `${analysis}×${count}`),
  ].join(' ');
}
