import type { AnalysisEvidence, MaybeScore } from './autoLabel.ts';
import { nextLabelStep, type LabelStep, type LabelWave } from './earlyStop.ts';
import type { AutoLabelPolicy, LabelDecision } from '../sampling/sets.ts';

interface LabelReplay {
  readonly decision: LabelDecision;
  readonly stopReason: string;
  readonly waves: readonly LabelWave[];
  readonly calls: number;
  /**
   * Calls of `waves` whose outcomes are not in the evidence; the decision is then `unresolved`, since they would still
   * have to be asked.
   */
  readonly missing: number;
}

/** What a policy makes of stored outcomes, all of them at once; or what it would still have to ask. */
export function relabelled(
  policy: AutoLabelPolicy,
  sizes: readonly number[],
  stored: readonly AnalysisEvidence[],
): LabelStep {
  const analyses = stored
    .slice(0, policy.analysesPerProof)
    .map(({ score, metaScores }) => ({ score, metaScores: metaScores.slice(0, policy.metaAnalysesPerAnalysis) }));
  return nextLabelStep(policy, sizes, analyses, []);
}

/**
 * Decides a label from stored outcomes, asking for them as a run would: analyses and metas beyond what is stored count
 * as `missing`, and the replay goes on as though they had given no verdict.
 */
export function replayLabel(
  policy: AutoLabelPolicy,
  sizes: readonly number[],
  stored: readonly AnalysisEvidence[],
): LabelReplay {
  const seen: { score: MaybeScore; metaScores: MaybeScore[] }[] = [];
  const waves: LabelWave[] = [];
  let calls = 0;
  let missing = 0;
  for (;;) {
    const step = nextLabelStep(policy, sizes, seen, waves);
    if (step.kind === 'stop') return { decision: step.decision, stopReason: step.stopReason, waves, calls, missing };
    waves.push(step.wave);
    for (const { analysis, count } of step.wave.metas) {
      const scores = stored[analysis]?.metaScores ?? [];
      const into = seen[analysis] as (typeof seen)[number];
      missing += Math.max(0, into.metaScores.length + count - Math.max(scores.length, into.metaScores.length));
      for (let index = 0; index < count; index += 1) into.metaScores.push(scores[into.metaScores.length]);
      calls += count;
    }
    for (let index = 0; index < step.wave.analyses; index += 1) {
      if (seen.length >= stored.length) missing += 1;
      seen.push({ score: stored[seen.length]?.score, metaScores: [] });
      calls += 1;
    }
  }
}
