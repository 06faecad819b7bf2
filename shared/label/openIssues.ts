import { countMetas, majorityOf, reportsIssue, validityOf, type AnalysisEvidence } from './autoLabel.ts';
import { chanceOfAtLeast } from './metaOdds.ts';
import type { AutoLabelPolicy } from '../sampling/sets.ts';

/**
 * An analysis with an issue that is neither valid nor invalid yet, and what asking on is worth. The odds guide the
 * order of calls, never a label.
 */
export interface OpenIssue {
  readonly analysis: number;
  readonly score: 0 | 0.5;
  /** Meta-assessments asked for, and those that may still be. */
  readonly asked: number;
  readonly left: number;
  /** Confirmations that would make it valid, refutations that would make it invalid. */
  readonly toConfirm: number;
  readonly toRefute: number;
  /** Chance that it ends valid. */
  readonly chance: number;
  /** Further calls that deciding it takes, about. */
  readonly expected: number;
  /** Chance for each of those calls. */
  readonly worth: number;
}

/**
 * Before any vote, issues are taken to be confirmed by 3 of 4 votes; a proof's rate weighs as much as 10 votes on the
 * issue itself. Ours.
 */
const PRIOR = { confirmed: 3, votes: 4 } as const;
const WEIGHT = 10;

/** How often this proof's issues have been confirmed: votes about one proof are correlated. */
export function confirmationRate(policy: AutoLabelPolicy, analyses: readonly AnalysisEvidence[]): number {
  let { confirmed, votes }: { confirmed: number; votes: number } = PRIOR;
  for (const { score, metaScores } of analyses) {
    if (!reportsIssue(score)) continue;
    const counts = countMetas(policy, metaScores);
    confirmed += counts.confirmed;
    votes += counts.confirmed + counts.refuted;
  }
  return confirmed / votes;
}

/** Issues that can still be asked about, the one most worth it first. */
export function openIssues(policy: AutoLabelPolicy, analyses: readonly AnalysisEvidence[], rate: number): OpenIssue[] {
  const m = policy.metaAnalysesPerAnalysis;
  const majority = majorityOf(m);
  return analyses
    .flatMap(({ score, metaScores }, analysis): OpenIssue[] => {
      const left = m - metaScores.length;
      if (!reportsIssue(score) || left <= 0 || validityOf(policy, metaScores) !== 'open') return [];
      const { confirmed, refuted } = countMetas(policy, metaScores);
      const toConfirm = majority - confirmed;
      const toRefute = m - majority + 1 - refuted;
      const yes = rate * WEIGHT + confirmed;
      const no = (1 - rate) * WEIGHT + refuted;
      const chance = chanceOfAtLeast(toConfirm, left, yes, no);
      const expected = expectedCalls(toConfirm, toRefute, left, yes / (yes + no));
      const worth = chance / expected;
      return [{ analysis, score, asked: metaScores.length, left, toConfirm, toRefute, chance, expected, worth }];
    })
    .sort((a, b) => b.worth - a.worth || a.analysis - b.analysis);
}

/** Of an issue nobody has been asked about yet. */
export function freshIssue(policy: AutoLabelPolicy, rate: number): Pick<OpenIssue, 'chance' | 'expected'> {
  const m = policy.metaAnalysesPerAnalysis;
  const majority = majorityOf(m);
  return {
    chance: chanceOfAtLeast(majority, m, rate * WEIGHT, (1 - rate) * WEIGHT),
    expected: expectedCalls(majority, m - majority + 1, m, rate),
  };
}

function expectedCalls(toConfirm: number, toRefute: number, left: number, rate: number): number {
  return Math.max(1, Math.min(left, toConfirm / Math.max(rate, 1e-3), toRefute / Math.max(1 - rate, 1e-3)));
}
