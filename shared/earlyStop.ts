import { possibleLabels, settledLabel, tallyOf, UNRESOLVED, type AnalysisEvidence, type Tally } from './autoLabel.ts';
import { confirmationRate, openIssues, worthOfFreshZero, type OpenIssue } from './openIssues.ts';
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

/** Dependent rounds of calls a proof may take, at most. Ours: a proof should not keep a set waiting for long. */
export const MAX_ROUNDS = 16;

/**
 * How patience ends, by rounds so far (ours, from simulations of METHOD.md's population): first looks are small until `looks`, batches are the least
 * that can decide until `batches`, no more issues at once than are needed until `issues`, and analyses come in waves until `waves`.
 */
const PATIENCE = { looks: 6, batches: 8, waves: 9, issues: 10, analyses: 12, hopes: 13 } as const;

/**
 * The lossless early stop: says which calls the label still needs, from the outcomes so far. It stops only when every completion of the
 * unknown verdicts gives the same label, or when nothing is left to ask, so its label is the full rule's for any outcomes.
 * A pure function of its arguments: a stored order of outcomes can be replayed.
 */
export function nextLabelStep(policy: AutoLabelPolicy, waves: readonly number[], analyses: readonly AnalysisEvidence[], rounds: readonly LabelRound[]): LabelStep {
  const settled = settledLabel(policy, analyses);
  if (settled !== undefined) return { kind: 'stop', decision: settled, stopReason: reasonOf(settled, policy, analyses) };
  const round = chooseRound(policy, waves, analyses, rounds);
  if (round.analyses === 0 && round.metas.length === 0) return { kind: 'stop', decision: UNRESOLVED, stopReason: 'everything that matters was asked, and what is missing could change the label' };
  return { kind: 'ask', round };
}

function chooseRound(policy: AutoLabelPolicy, waves: readonly number[], analyses: readonly AnalysisEvidence[], rounds: readonly LabelRound[]): LabelRound {
  const unasked = policy.analysesPerProof - analyses.length;
  const tally = tallyOf(policy, analyses);
  const rate = confirmationRate(policy, analyses);
  const open = relevant(openIssues(policy, analyses, rate), tally);
  const everything = { analyses: unasked, metas: open.map(({ analysis, left }) => ({ analysis, count: left })) };
  // New analyses need a round for themselves and one for their metas.
  if (rounds.length >= MAX_ROUNDS - (unasked > 0 ? 2 : 1)) return everything;
  const round = unasked > 0 ? hunt(policy, waves, tally, open, rate, rounds, unasked) : decide(policy, tally, open, rounds);
  // Where verdicts are missing, all that seemed decisive may have been asked: then the rest is.
  return round.analyses === 0 && round.metas.length === 0 ? everything : round;
}

/** Where an issue is confirmed beside zeros, only zeros can still change the label. */
function relevant(open: readonly OpenIssue[], { levels: { zero, half } }: Tally): readonly OpenIssue[] {
  return zero.valid > 0 || (zero.analyses > 0 && half.valid > 0) ? open.filter(({ score }) => score === 0) : open;
}

/** While analyses are left: k valid zeros decide at once, so look for them; without hope of them every analysis is needed anyway. */
function hunt(policy: AutoLabelPolicy, waves: readonly number[], tally: Tally, open: readonly OpenIssue[], rate: number, rounds: readonly LabelRound[], unasked: number): LabelRound {
  const { zero } = tally.levels;
  const late = rounds.length >= PATIENCE.waves;
  const wave = late ? unasked : Math.min(unasked, waveSize(waves, rounds));
  if (!possibleLabels(tally, policy.minValidAnalyses).zero) return { analyses: wave, metas: [] };
  const known = policy.analysesPerProof - tally.unknown;
  const zeroShare = (zero.analyses + 0.5) / (known + 1);
  const analysesFor = (zeros: number): number => Math.min(wave, Math.ceil(zeros / zeroShare));
  // Too few zeros to win yet: their metas may never be needed.
  if (zero.possiblyValid < policy.minValidAnalyses) return { analyses: zero.analyses > 0 ? analysesFor(policy.minValidAnalyses - zero.possiblyValid) : wave, metas: [] };
  const needed = policy.minValidAnalyses - zero.valid;
  const fresh = worthOfFreshZero(policy, rate, zeroShare);
  const best = pick(open.filter(({ score, worth }) => score === 0 && worth >= fresh), needed, rounds, ({ chance }) => chance);
  const short = needed - best.length;
  const analyses = short <= 0 ? 0 : rounds.length >= PATIENCE.analyses ? unasked : analysesFor(late ? 3 * short : short);
  return { analyses, metas: ask(best, rounds) };
}

/** When all analyses are there: decide the lowest level if it can still win, else whether any issue is confirmed. */
function decide(policy: AutoLabelPolicy, tally: Tally, open: readonly OpenIssue[], rounds: readonly LabelRound[]): LabelRound {
  const { zero, half } = tally.levels;
  const possible = possibleLabels(tally, policy.minValidAnalyses);
  const [level, canWin] = zero.analyses > 0 ? [zero, possible.zero] : [half, possible.half];
  if (canWin) {
    const lowest = open.filter(({ score }) => score === (zero.analyses > 0 ? 0 : 0.5));
    const needed = policy.minValidAnalyses - level.valid;
    if (lowest.reduce((sum, { chance }) => sum + chance, 0) >= needed) return { analyses: 0, metas: ask(pick(lowest, needed, rounds, ({ chance }) => chance), rounds) };
    const toRefute = level.possiblyValid - policy.minValidAnalyses + 1;
    const worst = [...lowest].sort((a, b) => a.chance - b.chance || a.analysis - b.analysis);
    return { analyses: 0, metas: ask(pick(worst, toRefute, rounds, ({ chance }) => 1 - chance), rounds) };
  }
  // A 1 needs every issue refuted, a contested proof one confirmed: ask for what is likelier.
  const noneValid = open.reduce((product, { chance }) => product * (1 - chance), 1);
  return { analyses: 0, metas: ask(noneValid > 0.5 ? open : pick(open, 1, rounds, ({ chance }) => chance), rounds) };
}

/** As many of the first as are needed; when rounds run short, as many as are expected to hold the needed, and at last some more. */
function pick(issues: readonly OpenIssue[], needed: number, rounds: readonly LabelRound[], hopeOf: (issue: OpenIssue) => number): readonly OpenIssue[] {
  if (rounds.length < PATIENCE.issues) return issues.slice(0, needed);
  const enough = needed * (rounds.length < PATIENCE.hopes ? 1 : 1.3);
  let expected = 0;
  return issues.filter((issue, index) => {
    const taken = index < needed || expected < enough;
    expected += hopeOf(issue);
    return taken;
  });
}

/** A first look at an issue is half of a majority; then as many as it takes at least to decide it, or, when rounds run short, about as many as it will take. */
function ask(issues: readonly OpenIssue[], rounds: readonly LabelRound[]): LabelRound['metas'] {
  return issues.map(({ analysis, asked, left, toConfirm, toRefute, expected }) => {
    const least = Math.min(toConfirm, toRefute, left);
    if (rounds.length >= PATIENCE.batches) return { analysis, count: Math.min(left, Math.max(least, Math.ceil(0.7 * expected))) };
    return { analysis, count: asked === 0 && rounds.length < PATIENCE.looks ? Math.min(least, Math.ceil(toConfirm / 2)) : least };
  });
}

function waveSize(waves: readonly number[], rounds: readonly LabelRound[]): number {
  const asked = rounds.filter(({ analyses }) => analyses > 0).length;
  return waves[Math.min(asked, waves.length - 1)] ?? 1;
}

function reasonOf(decision: LabelDecision, policy: AutoLabelPolicy, analyses: readonly AnalysisEvidence[]): string {
  const complete = analyses.length >= policy.analysesPerProof ? 'all analyses' : `${analyses.length} of ${policy.analysesPerProof} analyses`;
  if (decision.kind !== 'labelled') return `${complete}: no score can win any more, and an issue is confirmed`;
  return decision.score === 1 ? `${complete}: no issue can be confirmed any more` : `${complete}: ${policy.minValidAnalyses} valid ones give ${decision.score}, and no other label is possible`;
}
