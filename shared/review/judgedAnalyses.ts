import { shown } from '../inputRules.ts';
import { isScore, type Score } from '../scores.ts';

/** What a person found an analysis of a proof to be: each issue that it reports real or not, and its quality. */
export interface JudgedAnalysis {
  /** Of the analyses in view, counted from 0; of a question about one analysis, 0. */
  readonly analysis: number;
  /** For each issue, in the order of `issuesOf`. */
  readonly real: readonly boolean[];
  /** Its quality. */
  readonly score: Score;
  /** Why it is another score than the one that follows from its issues. */
  readonly override?: string;
}

/**
 * The quality that follows from which issues are real (paper A.3's meta rubric): all, 1; some, 0.5; none, 0. Of an
 * analysis without issues nothing follows: that depends on what it missed.
 */
export function qualityOf(real: readonly boolean[]): Score | undefined {
  if (real.length === 0) return undefined;
  if (real.every(Boolean)) return 1;
  return real.some(Boolean) ? 0.5 : 0;
}

/** Ours: far more than any analysis has, or any question shows. */
const MAX_ANALYSES = 16;
export const MAX_ISSUES = 200;
export const MAX_OVERRIDE = 1000;

/** What is wrong with what was sent, in a sentence; undefined when nothing is. */
export function analysesRefusal(sent: unknown): string | undefined {
  if (!Array.isArray(sent) || sent.length > MAX_ANALYSES)
    return `Expected analyses to be a list of at most ${MAX_ANALYSES}, got ${shown(sent)}`;
  const seen = new Set<unknown>();
  for (const one of sent as readonly Partial<JudgedAnalysis>[]) {
    const { analysis, real, score, override } = one ?? {};
    if (!Number.isInteger(analysis) || (analysis as number) < 0 || (analysis as number) >= MAX_ANALYSES)
      return `Expected each of analyses to say which, from 0 to ${MAX_ANALYSES - 1}, got ${shown(one)}`;
    if (seen.has(analysis)) return `Expected each analysis once, got ${analysis} twice`;
    seen.add(analysis);
    if (!Array.isArray(real) || real.length > MAX_ISSUES || !real.every((each) => typeof each === 'boolean'))
      return `Expected real to be a list of true and false, got ${shown(real)} of analysis ${analysis}`;
    if (!isScore(score)) return `Expected the quality of analysis ${analysis} to be 0, 0.5 or 1, got ${shown(score)}`;
    const hasReason = typeof override === 'string' && override.trim() !== '' && override.length <= MAX_OVERRIDE;
    if (override !== undefined && !hasReason)
      return `Expected override to be a text of 1 to ${MAX_OVERRIDE} characters, got ${shown(override)}`;
    const follows = qualityOf(real);
    if (follows !== undefined && follows !== score && !hasReason)
      return (
        `Expected quality ${follows} of analysis ${analysis}, which follows from its issues, or the reason in ` +
        `"override", got ${score} without one`
      );
  }
  return undefined;
}
