import type { SkillCounts } from './manifest.ts';
import type { Task } from '../records.ts';
import type { Score } from '../scores.ts';
import { balancedSample, distinctBy } from '../selection.ts';

/** An answer that passed, to be learned again (rejection fine-tuning, paper 3.1). */
export interface Example {
  /** Tasks of one skill are learned in equal numbers: an answer may serve several. */
  readonly task: Task;
  /** What it is about: equal answers to equal questions are one example. */
  readonly subject: string;
  readonly topic: string;
  /** The score it gives, or is worth. */
  readonly score: Score;
  readonly completion: string;
  /** The thinking before it. */
  readonly thinking?: string | undefined;
  /** What of the answer is shown before it, and not learned. */
  readonly given?: string | undefined;
}

/** A proof passes where the verifiers' label is 1, whatever its generator said of it. */
export function proofPasses(label: Score | undefined): boolean {
  return label === 1;
}

/**
 * A self-analysis passes where its score is the label: an issue admitted is as right as a proof found complete (paper
 * 2.2). Of a proof that does not pass the analysis alone is learned.
 */
export function selfAnalysisPasses(label: Score | undefined, selfScore: Score | undefined): boolean {
  return label !== undefined && selfScore === label;
}

/**
 * The examples of one skill to learn: distinct, at most `most`, spread evenly over scores and topics, so that neither a
 * common score nor a common topic is learned at the cost of the others.
 * @param seen answers looked at, of which `passed` passed.
 */
export function chooseExamples<E extends Example>(
  skill: SkillCounts['skill'],
  seen: number,
  passed: readonly E[],
  most: number,
  seed: number,
): { chosen: E[]; counts: SkillCounts } {
  const distinct = distinctBy(passed, ({ task, subject, completion }) => `${task}\n${subject}\n${completion}`);
  const chosen = balancedSample(distinct, most, ({ task, score, topic }) => `${task} ${score} ${topic}`, seed);
  const counts = {
    skill,
    seen,
    passed: passed.length,
    distinct: distinct.length,
    chosen: chosen.length,
    byScore: countBy(chosen, ({ score }) => String(score)),
    byTopic: countBy(chosen, ({ topic }) => topic),
  };
  return { chosen, counts };
}

function countBy<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const item of items) counts[nameOf(item)] = (counts[nameOf(item)] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}
