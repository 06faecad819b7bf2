import { isScore, type ProofScore, type Score } from '../scores.ts';
import type { AutoLabelPolicy, LabelDecision } from '../sampling/sets.ts';

/**
 * A verdict, or `undefined`: missing (failed, truncated, unparseable after all attempts) or not asked for. What is
 * missing could be anything.
 */
export type MaybeScore = Score | undefined;

/** What is known of one analysis: its score and, where it reports an issue, the meta-assessments of it so far. */
export interface AnalysisEvidence {
  readonly score: MaybeScore;
  readonly metaScores: readonly MaybeScore[];
}

export function reportsIssue(score: MaybeScore): score is 0 | 0.5 {
  return score === 0 || score === 0.5;
}

/** What a proof's evidence says about each score level; the label depends on nothing else. */
export interface Tally {
  /** Analyses whose score is unknown. */
  readonly unknown: number;
  readonly levels: Readonly<Record<'zero' | 'half', LevelTally>>;
}

interface LevelTally {
  readonly analyses: number;
  /** Analyses that are valid whatever the missing meta-assessments say, and those that still could be. */
  readonly valid: number;
  readonly possiblyValid: number;
}

type Validity = 'valid' | 'invalid' | 'open';

/**
 * Confirmations that make an analysis valid: a majority of m, not of those that came; a tie is none. Without
 * meta-analyses (m = 0) none is needed.
 */
export function majorityOf(metaAnalyses: number): number {
  return metaAnalyses === 0 ? 0 : Math.floor(metaAnalyses / 2) + 1;
}

/**
 * Whether the majority of all m meta-assessments confirms the analysis (paper 2.3), so far as the known ones decide it.
 */
export function validityOf(policy: AutoLabelPolicy, metaScores: readonly MaybeScore[]): Validity {
  const { confirmed, refuted } = countMetas(policy, metaScores);
  const majority = majorityOf(policy.metaAnalysesPerAnalysis);
  if (confirmed >= majority) return 'valid';
  return policy.metaAnalysesPerAnalysis - refuted < majority ? 'invalid' : 'open';
}

/**
 * Further meta-assessments to ask for at once, on the way to a decided majority: none of them is spared by the others.
 * 0 where the majority is decided, or where what is missing leaves it open for good.
 */
export function votesToAsk(policy: AutoLabelPolicy, metaScores: readonly MaybeScore[]): number {
  const m = policy.metaAnalysesPerAnalysis;
  const { confirmed, refuted } = countMetas(policy, metaScores);
  const toConfirm = majorityOf(m) - confirmed;
  const toRefute = m - majorityOf(m) + 1 - refuted;
  const left = m - metaScores.length;
  return toConfirm <= 0 || toRefute <= 0 || toConfirm > left ? 0 : Math.min(toConfirm, toRefute, left);
}

export function countMetas(
  { metaAnalysesPerAnalysis, confirmingMetaScore }: AutoLabelPolicy,
  metaScores: readonly MaybeScore[],
): { readonly confirmed: number; readonly refuted: number } {
  const known = metaScores.slice(0, metaAnalysesPerAnalysis).filter((score) => score !== undefined);
  const confirmed = known.filter((score) => score >= confirmingMetaScore).length;
  return { confirmed, refuted: known.length - confirmed };
}

export function tallyOf(policy: AutoLabelPolicy, analyses: readonly AnalysisEvidence[]): Tally {
  const counts = {
    zero: { analyses: 0, valid: 0, possiblyValid: 0 },
    half: { analyses: 0, valid: 0, possiblyValid: 0 },
  };
  let known = 0;
  for (const { score, metaScores } of analyses.slice(0, policy.analysesPerProof)) {
    if (!isScore(score)) continue;
    known += 1;
    if (!reportsIssue(score)) continue;
    const level = counts[score === 0 ? 'zero' : 'half'];
    const validity = validityOf(policy, metaScores);
    level.analyses += 1;
    if (validity === 'valid') level.valid += 1;
    if (validity !== 'invalid') level.possiblyValid += 1;
  }
  return { unknown: policy.analysesPerProof - known, levels: counts };
}

/** What the rule can still come to. */
export interface PossibleLabels {
  readonly zero: boolean;
  readonly half: boolean;
  readonly one: boolean;
  readonly contested: boolean;
}

/**
 * Every label that some completion of the unknown verdicts would give: each unknown analysis may be of any score and
 * valid or not, each open one valid or not, independently, so the extremes of the counts decide.
 */
export function possibleLabels(tally: Tally, { minValidAnalyses: k, rule }: AutoLabelPolicy): PossibleLabels {
  return rule === 'cumulative' ? cumulative(tally, k) : lowest(tally, k);
}

/** Whether some number from `least` to `most` is at least 1 and fewer than k. */
const fewValid = (least: number, most: number, k: number): boolean => Math.max(least, 1) <= Math.min(most, k - 1);

/**
 * The prose of paper 2.3, its gaps settled in docs/method.md, "Labels": k valid analyses at the lowest score give that
 * score; no valid analysis at all gives 1; all else is contested.
 */
function lowest({ unknown, levels: { zero, half } }: Tally, k: number): PossibleLabels {
  const someZero = zero.analyses > 0;
  const mostValidZeros = zero.possiblyValid + unknown;
  const mostValidHalves = half.possiblyValid + unknown;
  return {
    zero: mostValidZeros >= k,
    half: !someZero && mostValidHalves >= k,
    one: zero.valid === 0 && half.valid === 0,
    contested:
      // Some zeros are valid, but fewer than k.
      fewValid(zero.valid, mostValidZeros, k) ||
      // No zero is valid, but a half is: where there is no zero yet, one of the unknown must be an invalid one.
      (zero.valid === 0 && (someZero ? mostValidHalves >= 1 : unknown >= 1 && mostValidHalves - 1 >= 1)) ||
      // The lowest score is a half, and valid ones are fewer than k.
      (!someZero && fewValid(half.valid, mostValidHalves, k)),
  };
}

/**
 * Ours, for any n: k valid analyses that say 0 give 0; else k that say 0 or 0.5 give 0.5; no valid analysis at all
 * gives 1; all else is contested. Of many analyses of a minor flaw one nearly always says 0, and "the lowest score" of
 * the prose lets no label 0.5 be.
 */
function cumulative({ unknown, levels: { zero, half } }: Tally, k: number): PossibleLabels {
  const most = zero.possiblyValid + half.possiblyValid + unknown;
  return {
    zero: zero.possiblyValid + unknown >= k,
    half: zero.valid < k && Math.min(zero.possiblyValid, k - 1) + half.possiblyValid + unknown >= k,
    one: zero.valid + half.valid === 0,
    contested: fewValid(zero.valid + half.valid, most, k),
  };
}

export const CONTESTED: LabelDecision = {
  kind: 'contested',
  reason: 'an issue is confirmed, but fewer than k analyses of the lowest score are valid',
};
export const UNRESOLVED: LabelDecision = {
  kind: 'unresolved',
  reason: 'verdicts are missing that could change the label',
};

/** The one label that every completion of the unknown verdicts gives; `undefined` when there are several. */
export function settledLabel(
  policy: AutoLabelPolicy,
  analyses: readonly AnalysisEvidence[],
): LabelDecision | undefined {
  return settledBy(policy, tallyOf(policy, analyses));
}

/** The same of counts. */
export function settledBy(policy: AutoLabelPolicy, tally: Tally): LabelDecision | undefined {
  const possible = possibleLabels(tally, policy);
  const labels: LabelDecision[] = [
    ...(possible.zero ? [labelled(0)] : []),
    ...(possible.half ? [labelled(0.5)] : []),
    ...(possible.one ? [labelled(1)] : []),
    ...(possible.contested ? [CONTESTED] : []),
  ];
  return labels.length === 1 ? labels[0] : undefined;
}

/** The label of the full n×m×k rule for whatever verdicts there are (paper 2.3). Missing ones never make a 1. */
export function autoLabel(policy: AutoLabelPolicy, analyses: readonly AnalysisEvidence[]): LabelDecision {
  return settledLabel(policy, analyses) ?? UNRESOLVED;
}

function labelled(score: ProofScore): LabelDecision {
  return { kind: 'labelled', score };
}
