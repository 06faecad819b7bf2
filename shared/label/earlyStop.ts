import {
  possibleLabels,
  settledLabel,
  tallyOf,
  UNRESOLVED,
  type AnalysisEvidence,
  type PossibleLabels,
  type Tally,
} from './autoLabel.ts';
import { confirmationRate, freshIssue, openIssues, type OpenIssue } from './openIssues.ts';
import type { AutoLabelPolicy, LabelDecision } from '../sampling/sets.ts';

/** What to ask next about a proof: all of it at once, since nothing in it depends on the rest. */
export interface LabelWave {
  /** Further analyses, after those there are. */
  readonly analyses: number;
  /** Further meta-assessments, by index of the analysis. */
  readonly metas: readonly { readonly analysis: number; readonly count: number }[];
}

export type LabelStep =
  | { readonly kind: 'ask'; readonly wave: LabelWave }
  | { readonly kind: 'stop'; readonly decision: LabelDecision; readonly stopReason: string };

/** Dependent waves of calls a proof may take, at most. Ours: a proof should not keep a set waiting for long. */
export const MAX_WAVES = 16;

/**
 * Waves left from which on calls are spent to save waves. Ours, as the other numbers here, from simulations of
 * population.ts; none of them can change a label.
 */
const LATE = 6;

/**
 * The lossless early stop: says which calls the label still needs, from the outcomes so far. It stops only when every
 * completion of the unknown verdicts gives the same label, or when nothing is left to ask, so its label is the full
 * rule's for any outcomes. A pure function of its arguments: a stored order of outcomes can be replayed.
 */
export function nextLabelStep(
  policy: AutoLabelPolicy,
  sizes: readonly number[],
  analyses: readonly AnalysisEvidence[],
  waves: readonly LabelWave[],
): LabelStep {
  const settled = settledLabel(policy, analyses);
  if (settled !== undefined)
    return { kind: 'stop', decision: settled, stopReason: reasonOf(settled, policy, analyses) };
  const wave = chooseWave(policy, sizes, analyses, waves);
  if (wave.analyses === 0 && wave.metas.length === 0)
    return {
      kind: 'stop',
      decision: UNRESOLVED,
      stopReason: 'everything that matters was asked, and what is missing could change the label',
    };
  return { kind: 'ask', wave };
}

/** Where a proof stands. */
interface Standing {
  readonly policy: AutoLabelPolicy;
  readonly tally: Tally;
  /** Issues that may still change the label, the one most worth a call first. */
  readonly open: readonly OpenIssue[];
  /** How often this proof's issues are confirmed. */
  readonly rate: number;
  readonly wavesLeft: number;
  /** Analyses not asked for yet, and how many of them a wave may ask for. */
  readonly unasked: number;
  readonly size: number;
}

function chooseWave(
  policy: AutoLabelPolicy,
  sizes: readonly number[],
  analyses: readonly AnalysisEvidence[],
  waves: readonly LabelWave[],
): LabelWave {
  const unasked = policy.analysesPerProof - analyses.length;
  const tally = tallyOf(policy, analyses);
  const rate = confirmationRate(policy, analyses);
  const open = relevant(policy, openIssues(policy, analyses, rate), tally);
  const wavesLeft = MAX_WAVES - waves.length;
  const everything = { analyses: unasked, metas: open.map(({ analysis, left }) => ({ analysis, count: left })) };
  if (wavesLeft <= 1) return everything;
  const standing = {
    policy,
    tally,
    open,
    rate,
    wavesLeft,
    unasked,
    size: wavesLeft <= LATE ? unasked : Math.min(unasked, nextSize(sizes, waves)),
  };
  const wave = unasked > 0 ? hunt(standing) : { analyses: 0, metas: decide(standing) };
  // New analyses need a wave for themselves and one for their metas.
  if (wavesLeft === 2 && unasked > 0) return { ...wave, analyses: unasked };
  // Where verdicts are missing, all that seemed decisive may have been asked: then the rest is.
  return wave.analyses === 0 && wave.metas.length === 0 ? everything : wave;
}

/**
 * Where halves have said all they can, only zeros can still change the label: by the prose, once an issue is confirmed
 * and the lowest score is 0.
 */
function relevant(
  { rule, minValidAnalyses: k }: AutoLabelPolicy,
  open: readonly OpenIssue[],
  { levels: { zero, half } }: Tally,
): readonly OpenIssue[] {
  const onlyZeros =
    rule === 'cumulative' ? zero.valid + half.valid >= k : zero.valid > 0 || (zero.analyses > 0 && half.valid > 0);
  return onlyZeros ? open.filter(({ score }) => score === 0) : open;
}

/**
 * While analyses are left: k valid zeros decide at once, so look for them; without hope of them every analysis is
 * needed anyway.
 */
function hunt({ policy, tally, open, rate, wavesLeft, unasked, size }: Standing): LabelWave {
  const k = policy.minValidAnalyses;
  const { zero } = tally.levels;
  if (!possibleLabels(tally, policy).zero) return { analyses: size, metas: [] };
  const zeroShare = (zero.analyses + 1) / (policy.analysesPerProof - tally.unknown + 1);
  const analysesFor = (zeros: number): number => Math.min(size, Math.ceil(zeros / zeroShare));
  // Too few zeros to win yet: their metas may never be needed.
  if (zero.possiblyValid < k)
    return { analyses: zero.analyses > 0 ? analysesFor(k - zero.possiblyValid) : size, metas: [] };
  const needed = k - zero.valid;
  const zeros = open.filter(({ score }) => score === 0);
  const fresh = freshIssue(policy, rate);
  // Hardly so many will be valid: then each has to be refuted, and all analyses are needed.
  if (chances(zeros) + zeroShare * unasked * fresh.chance < 0.75 * needed)
    return { analyses: size, metas: askAll(zeros, wavesLeft) };
  const best = pick(
    zeros.filter(({ worth }) => worth >= fresh.chance / (1 / zeroShare + fresh.expected)),
    needed,
    wavesLeft,
    hope,
  );
  const enough = best.length >= needed && wavesLeft > LATE;
  return {
    analyses: enough ? 0 : analysesFor(Math.max(0, needed - chances(best)) / (wavesLeft > LATE ? 1 : fresh.chance)),
    metas: ask(best, wavesLeft),
  };
}

/** When all analyses are there: decide the lowest level if it can still win, else whether any issue is confirmed. */
function decide({ policy, tally, open, wavesLeft }: Standing): LabelWave['metas'] {
  const k = policy.minValidAnalyses;
  const possible = possibleLabels(tally, policy);
  const level = winnable(policy, tally, possible);
  if (level !== undefined) {
    const witnesses = open.filter(({ score }) => level.scores.includes(score));
    const needed = k - level.valid;
    if (chances(witnesses) >= needed) return ask(pick(witnesses, needed, wavesLeft, hope), wavesLeft);
    const worst = [...witnesses].sort((a, b) => a.chance - b.chance || a.analysis - b.analysis);
    return ask(pick(worst, level.possiblyValid - k + 1, wavesLeft, fear), wavesLeft);
  }
  // A 1 needs every issue refuted, a contested proof one confirmed: ask for what is likelier.
  const noneValid = open.reduce((product, { chance }) => product * (1 - chance), 1);
  return noneValid > 0.5 ? askAll(open, wavesLeft) : ask(pick(open, 1, wavesLeft, hope), wavesLeft);
}

/** The lowest score that k witnesses may still give, and who they are. */
function winnable({ rule }: AutoLabelPolicy, { levels: { zero, half } }: Tally, possible: PossibleLabels) {
  const zeros = { scores: [0], ...zero };
  if (rule !== 'cumulative') {
    if (zero.analyses > 0) return possible.zero ? zeros : undefined;
    return possible.half ? { scores: [0.5], ...half } : undefined;
  }
  if (possible.zero) return zeros;
  const both = { valid: zero.valid + half.valid, possiblyValid: zero.possiblyValid + half.possiblyValid };
  return possible.half ? { scores: [0, 0.5], ...both } : undefined;
}

/** Chance that an issue ends valid, or that it does not. */
const hope = ({ chance }: OpenIssue): number => chance;
const fear = ({ chance }: OpenIssue): number => 1 - chance;

/**
 * As many of the first as are needed, and more as waves run short: at last twice what is expected to hold the needed.
 */
function pick(
  issues: readonly OpenIssue[],
  needed: number,
  wavesLeft: number,
  hopeOf: typeof hope,
): readonly OpenIssue[] {
  let expected = 0;
  return issues.filter((issue, index) => {
    const taken = index < needed || expected < (needed * 2) / wavesLeft;
    expected += hopeOf(issue);
    return taken;
  });
}

/**
 * A first look is a part of a majority, larger by the wave; then as many as it takes at least to decide the issue or,
 * when waves run short, about as many as it will take.
 */
function ask(issues: readonly OpenIssue[], wavesLeft: number): LabelWave['metas'] {
  return issues.map(({ analysis, asked, left, toConfirm, toRefute, expected }) => {
    const least = Math.min(toConfirm, toRefute, left);
    const isLook = asked === 0 && wavesLeft > LATE;
    const count = isLook
      ? Math.min(least, Math.ceil(toConfirm * (0.3 + 0.05 * (MAX_WAVES - wavesLeft))))
      : Math.max(least, Math.ceil((expected * 4) / wavesLeft));
    return { analysis, count: Math.min(left, count) };
  });
}

/**
 * Where each issue has to be decided, no call that is needed to decide one is wasted: as many as that at once, and the
 * rest in time.
 */
function askAll(issues: readonly OpenIssue[], wavesLeft: number): LabelWave['metas'] {
  return issues.map(({ analysis, left, toConfirm, toRefute }) => ({
    analysis,
    count: Math.min(left, Math.max(toConfirm < toRefute ? toConfirm : toRefute, Math.ceil(left / wavesLeft))),
  }));
}

function chances(issues: readonly OpenIssue[]): number {
  return issues.reduce((sum, { chance }) => sum + chance, 0);
}

function nextSize(sizes: readonly number[], waves: readonly LabelWave[]): number {
  const asked = waves.filter(({ analyses }) => analyses > 0).length;
  return sizes[Math.min(asked, sizes.length - 1)] ?? 1;
}

function reasonOf(decision: LabelDecision, policy: AutoLabelPolicy, analyses: readonly AnalysisEvidence[]): string {
  const complete =
    analyses.length >= policy.analysesPerProof
      ? 'all analyses'
      : `${analyses.length} of ${policy.analysesPerProof} analyses`;
  if (decision.kind !== 'labelled') return `${complete}: no score can win any more, and an issue is confirmed`;
  return decision.score === 1
    ? `${complete}: no issue can be confirmed any more`
    : `${complete}: ${policy.minValidAnalyses} valid ones give ${decision.score}, and no other label is possible`;
}
