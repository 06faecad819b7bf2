import { reportsIssue, settledLabel, tallyOf, validityOf, type AnalysisEvidence } from './autoLabel.ts';
import { isHardToVerify } from './waves.ts';
import type { AutoLabelPolicy, LabelDecision, LabelRow } from '../sampling/sets.ts';
import { isScore, type ProofScore } from '../scores.ts';

/** Of a proof that the caps left without the verdicts that its label needs. */
export const CAPPED: LabelDecision = { kind: 'unresolved', reason: 'caps reached' };

/** Of a proof that another policy would have to ask more about. */
export const NOT_ASKED: LabelDecision = { kind: 'unresolved', reason: 'this policy would ask for more verdicts' };

export const isCapped = ({ kind, ...decision }: LabelDecision): boolean =>
  kind === 'unresolved' && 'reason' in decision && decision.reason === CAPPED.reason;

/**
 * What is known of a proof's label when a set ends before its time: the label, where every value of what was not asked
 * gives the same one, else nothing.
 */
export function labelSoFar(
  policy: AutoLabelPolicy,
  waves: readonly number[],
  proofId: string,
  evidence: readonly AnalysisEvidence[],
): LabelRow {
  const settled = settledLabel(policy, evidence);
  return {
    proofId,
    decision: settled ?? CAPPED,
    analyses: evidence.length,
    metaAnalyses: evidence.reduce((sum, { metaScores }) => sum + metaScores.length, 0),
    hardToVerify: isHardToVerify(policy, evidence, [{ analyses: waves[0] ?? 1, metas: [] }]),
    stopReason: settled === undefined ? 'caps reached' : 'caps reached, when the label was settled',
  };
}

/** What a proof's analyses said, and how many reports of issues the meta-analyses confirm. */
export interface EvidenceCounts {
  readonly asked: number;
  /** Analyses by the score that they give; `missing` gave none. */
  readonly said: Readonly<Record<`${ProofScore}` | 'missing', number>>;
  readonly confirmed: Readonly<Record<'0' | '0.5', number>>;
  readonly metaAnalyses: number;
}

export function evidenceCounts(policy: AutoLabelPolicy, all: readonly AnalysisEvidence[]): EvidenceCounts {
  const { analyses, metaAnalyses } = within(policy, all);
  const of = (score: ProofScore): number => analyses.filter((one) => one.score === score).length;
  const { zero, half } = tallyOf(policy, analyses).levels;
  return {
    asked: analyses.length,
    said: { '0': of(0), '0.5': of(0.5), '1': of(1), missing: analyses.filter(({ score }) => !isScore(score)).length },
    confirmed: { '0': zero.valid, '0.5': half.valid },
    metaAnalyses,
  };
}

function within(
  { analysesPerProof: n, metaAnalysesPerAnalysis: m }: AutoLabelPolicy,
  all: readonly AnalysisEvidence[],
) {
  const analyses = all.slice(0, n).map(({ score, metaScores }) => ({ score, metaScores: metaScores.slice(0, m) }));
  return { analyses, metaAnalyses: analyses.reduce((sum, { metaScores }) => sum + metaScores.length, 0) };
}

/**
 * The analyses that a decision rests on, by their index, at most `most`: of a label below 1 the confirmed reports that
 * give it; of a 1 the reports that were refuted, and one analysis that finds nothing; of what has no label the
 * confirmed reports, then the others.
 */
export function decidingAnalyses(
  policy: AutoLabelPolicy,
  decision: LabelDecision,
  all: readonly AnalysisEvidence[],
  most: number,
): number[] {
  const { analyses } = within(policy, all);
  const indices = (fits: (analysis: AnalysisEvidence) => boolean): number[] =>
    [...analyses.keys()].filter((index) => fits(analyses[index] as AnalysisEvidence));
  const valid = ({ score, metaScores }: AnalysisEvidence): boolean =>
    reportsIssue(score) && validityOf(policy, metaScores) === 'valid';
  const other = ({ score, metaScores }: AnalysisEvidence): boolean =>
    reportsIssue(score) && !valid({ score, metaScores });
  if (decision.kind !== 'labelled') return [...indices(valid), ...indices(other)].slice(0, most);
  if (decision.score === 1) {
    const friendly = indices(({ score }) => score === 1);
    const refuted = indices(other).slice(0, friendly.length > 0 ? most - 1 : most);
    return [...refuted, ...friendly].slice(0, refuted.length > 0 ? refuted.length + 1 : most);
  }
  const at = (level: ProofScore) => indices((one) => one.score === level && valid(one));
  // By the cumulative rule zeros are witnesses of a minor flaw, too.
  return [...at(decision.score), ...(decision.score === 0.5 ? at(0) : [])].slice(0, most);
}
