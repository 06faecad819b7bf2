import { countMetas, majorityOf, possibleLabels, settledLabel, tallyOf, UNRESOLVED, validityOf, type AnalysisEvidence } from './autoLabel.ts';
import type { AutoLabelPolicy, LabelDecision } from './sets.ts';

/** What to ask next about a proof: all of it at once, since nothing in it depends on the rest. */
export interface LabelRound {
  /** Further analyses, after those there are. */
  readonly analyses: number;
  /** Further meta-assessments, by index of the analysis. */
  readonly metas: readonly { readonly analysis: number; readonly count: number }[];
}

export type LabelStep =
  | { readonly kind: 'ask'; readonly round: LabelRound }
  | { readonly kind: 'stop'; readonly decision: LabelDecision; readonly stopReason: string };

/** Dependent rounds of calls a proof may take; the last two ask for all that could still matter. Ours. */
export const MAX_ROUNDS = 16;

interface OpenIssue {
  readonly analysis: number;
  readonly score: 0 | 0.5;
  readonly asked: number;
  /** Confirmations that would still make it valid, refutations that would make it invalid. */
  readonly toConfirm: number;
  readonly toRefute: number;
  readonly promise: number;
}

/**
 * The lossless early stop: says which calls the label still needs, from the outcomes so far. It stops only when every completion of the
 * unknown verdicts gives the same label, or when nothing is left to ask, so its label is the full rule's for any outcomes.
 * A pure function of its arguments: a stored order of outcomes can be replayed.
 */
export function nextLabelStep(policy: AutoLabelPolicy, waves: readonly number[], analyses: readonly AnalysisEvidence[], rounds: readonly LabelRound[]): LabelStep {
  const settled = settledLabel(policy, analyses);
  if (settled !== undefined) return { kind: 'stop', decision: settled, stopReason: reasonOf(settled, policy, analyses) };
  const round = chooseRound(policy, waves, analyses, rounds);
  if (round.analyses === 0 && round.metas.length === 0) return { kind: 'stop', decision: UNRESOLVED, stopReason: 'everything was asked, and what is missing could change the label' };
  return { kind: 'ask', round };
}

function chooseRound(policy: AutoLabelPolicy, waves: readonly number[], analyses: readonly AnalysisEvidence[], rounds: readonly LabelRound[]): LabelRound {
  const unasked = policy.analysesPerProof - analyses.length;
  const open = openIssues(policy, analyses);
  if (rounds.length >= MAX_ROUNDS - 2) return { analyses: unasked, metas: all(policy, open) };
  const tally = tallyOf(policy, analyses);
  const possible = possibleLabels(tally, policy.minValidAnalyses);
  const { zero, half } = tally.levels;
  const zeros = open.filter(({ score }) => score === 0);
  const halves = open.filter(({ score }) => score === 0.5);
  const wave = Math.min(unasked, waveSize(waves, rounds));

  if (unasked > 0) {
    const need = policy.minValidAnalyses - zero.valid;
    const promising = zeros.filter(({ promise }) => promise >= PROMISING);
    const metas = possible.zero ? ask(promising.slice(0, need)) : [];
    return { analyses: promising.length >= need && possible.zero ? 0 : wave, metas };
  }
  const level = zero.analyses > 0 ? zero : half;
  const lowest = zero.analyses > 0 ? zeros : halves;
  if (zero.analyses > 0 ? possible.zero : possible.half) {
    const need = policy.minValidAnalyses - level.valid;
    const promising = lowest.filter(({ promise }) => promise >= PROMISING);
    if (promising.length >= need) return { analyses: 0, metas: ask(promising.slice(0, need)) };
    const toRefute = level.possiblyValid - policy.minValidAnalyses + 1;
    return { analyses: 0, metas: ask(lowest.slice(-toRefute)) };
  }
  const promising = open.filter(({ promise }) => promise >= PROMISING);
  return { analyses: 0, metas: ask(promising.length > 0 ? promising.slice(0, 1) : open) };
}

const PROMISING = 0.5;

function ask(issues: readonly OpenIssue[]): LabelRound['metas'] {
  return issues.map(({ analysis, toConfirm, toRefute }) => ({ analysis, count: Math.min(toConfirm, toRefute) }));
}

function all(policy: AutoLabelPolicy, issues: readonly OpenIssue[]): LabelRound['metas'] {
  return issues.map(({ analysis, asked }) => ({ analysis, count: policy.metaAnalysesPerAnalysis - asked }));
}

function openIssues(policy: AutoLabelPolicy, analyses: readonly AnalysisEvidence[]): OpenIssue[] {
  const m = policy.metaAnalysesPerAnalysis;
  const majority = majorityOf(m);
  return analyses
    .flatMap(({ score, metaScores }, analysis): OpenIssue[] => {
      if ((score !== 0 && score !== 0.5) || validityOf(policy, metaScores) !== 'open' || metaScores.length >= m) return [];
      const { confirmed, refuted } = countMetas(policy, metaScores);
      const left = m - metaScores.length;
      return [
        {
          analysis,
          score,
          asked: metaScores.length,
          toConfirm: Math.min(left, majority - confirmed),
          toRefute: Math.min(left, m - majority + 1 - refuted),
          promise: (confirmed + 1.3) / (confirmed + refuted + 2),
        },
      ];
    })
    .sort((a, b) => b.promise - a.promise || a.analysis - b.analysis);
}

function waveSize(waves: readonly number[], rounds: readonly LabelRound[]): number {
  const asked = rounds.filter(({ analyses }) => analyses > 0).length;
  return waves[Math.min(asked, waves.length - 1)] ?? 1;
}

function reasonOf(decision: LabelDecision, policy: AutoLabelPolicy, analyses: readonly AnalysisEvidence[]): string {
  const complete = analyses.length >= policy.analysesPerProof ? 'all analyses' : `${analyses.length} of ${policy.analysesPerProof} analyses`;
  if (decision.kind === 'labelled') return decision.score === 1 ? `${complete}: no issue can be confirmed any more` : `${complete}: ${policy.minValidAnalyses} valid ones give ${decision.score}, and no lower score can win`;
  return `${complete}: no score can be reached any more, and an issue is confirmed`;
}
