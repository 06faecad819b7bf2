import { formatReward, type ParsedAnswer } from '../answers.ts';
import type { Task } from '../records.ts';
import type { RewardComponents, RewardSpec } from './protocol.ts';
import type { Score } from '../scores.ts';
import { seedOf } from '../seeds.ts';

/**
 * The rewards of the paper as formulas. An outage never gets here: a reward is made of verdicts, and where one is
 * missing there is no reward.
 */

export interface Reward {
  /** In [0, 1]. */
  readonly reward: number;
  /** The factors that were needed; a factor that could not change the reward is absent. */
  readonly components: RewardComponents;
}

/** The answer of the model in training, and what is known about its item. */
export interface RewardSubject {
  readonly task: Task;
  readonly answer: ParsedAnswer;
  readonly truncated: boolean;
  /**
   * The label: the proof's score for `verify`, the analysis's quality for `metaVerify`. Absent for the tasks that write
   * a proof.
   */
  readonly label?: Score | undefined;
}

/** What the texts leave open about rewards, as docs/method.md, "Rewards", settles it. */
export type RewardRules = Pick<RewardSpec, 'useMetaReward' | 'proofWeight' | 'selfAnalysisWeight'>;

/**
 * Usable verdicts of the judges, as many as the recipe wants; their mean counts. Absent where they were not asked for.
 */
export interface JudgeScores {
  /** Scores of the subject's proof. */
  readonly proof?: readonly Score[] | undefined;
  /** Quality scores of the subject's analysis, or self-analysis. */
  readonly meta?: readonly Score[] | undefined;
}

/** Why an answer has no format reward (`CUT_OFF`, or what its reader says), and its beginning. */
export interface Malformed {
  readonly reason: string;
  readonly begins: string;
}

export const CUT_OFF = 'cut off';

/** R_score(s', s) = 1 − |s' − s| (paper 2.1). `truth` may be a mean of verdicts. */
export function scoreReward(given: Score, truth: number): number {
  return 1 - Math.abs(given - truth);
}

/**
 * R_V = R_format · R_score (paper 2.1), times R_meta where it is used (paper 2.1). Also the meta-verifier's own reward,
 * on quality scores.
 */
export function verifierReward(format: 0 | 1, score: number, meta = 1): number {
  return format * score * meta;
}

/** R = R_format(Y, Z) · (α R_Y + β R_Z) (paper 2.2). */
export function selfVerificationReward(
  format: 0 | 1,
  proof: number,
  selfAnalysis: number,
  rules: Omit<RewardRules, 'useMetaReward'>,
): number {
  return format * (rules.proofWeight * proof + rules.selfAnalysisWeight * selfAnalysis);
}

/** What must still be judged before `rewardOf` can answer, given the verdicts so far. */
export type JudgeNeed = 'proof' | 'meta' | 'nothing';

/**
 * The next verdicts that can change the reward. None for a malformed or truncated answer, and none about an analysis
 * whose score is as wrong as can be (R_score = 0): its reward is settled. So the mean of R_meta over a step is over the
 * items it could matter for.
 */
export function judgeNeed(subject: RewardSubject, scores: JudgeScores, rules: RewardRules): JudgeNeed {
  const { task, answer, truncated } = subject;
  if (formatReward(answer, truncated) === 0 || task === 'metaVerify') return 'nothing';
  if (task !== 'verify' && scores.proof === undefined) return 'proof';
  const mayMatter = task === 'verify' || (task === 'selfVerify' && rules.selfAnalysisWeight > 0);
  if (!rules.useMetaReward || !mayMatter || scores.meta !== undefined) return 'nothing';
  return scoreOf(subject, task === 'verify' ? labelOf(subject) : mean(scores.proof ?? [])) > 0 ? 'meta' : 'nothing';
}

/**
 * The reward of one answer, from the verdicts that `judgeNeed` asked for.
 * @throws when a needed verdict or label is missing: a reward is never made up.
 */
export function rewardOf(subject: RewardSubject, scores: JudgeScores, rules: RewardRules): Reward {
  const need = judgeNeed(subject, scores, rules);
  if (need !== 'nothing')
    throw new Error(`Expected ${need} verdicts for the reward of a ${subject.task} answer, got none`);
  const format = formatReward(subject.answer, subject.truncated);
  if (format === 0) return { reward: 0, components: { format } };
  const meta = scores.meta === undefined ? {} : { meta: mean(scores.meta) };
  if (subject.task === 'verify' || subject.task === 'metaVerify') {
    const score = scoreOf(subject, labelOf(subject));
    return { reward: verifierReward(format, score, meta.meta), components: { format, score, ...meta } };
  }
  const proof = mean(scores.proof ?? []);
  // R_format · R_Y: of a proof (phase 2), or of a trajectory's last proof.
  if (subject.task !== 'selfVerify') return { reward: format * proof, components: { format, proof } };
  const score = scoreOf(subject, proof);
  // R_Z = R_score(s', s) · R_meta(Z) (paper 2.2); R_meta is 1 where critiques are not judged.
  const selfAnalysis = score * (meta.meta ?? (rules.useMetaReward ? 0 : 1));
  return {
    reward: selfVerificationReward(format, proof, selfAnalysis, rules),
    components: { format, score, ...meta, proof, selfAnalysis },
  };
}

/** R_score of the subject's boxed score against the truth. */
function scoreOf({ answer, task }: RewardSubject, truth: number): number {
  if (answer.kind !== 'wellFormed' || answer.score === undefined)
    throw new Error(`Expected a well-formed ${task} answer to have a score, got none`);
  return scoreReward(answer.score, truth);
}

function labelOf({ task, label }: RewardSubject): Score {
  if (label === undefined) throw new Error(`Expected a label for the reward of a ${task} answer, got none`);
  return label;
}

function mean(scores: readonly Score[]): number {
  if (scores.length === 0) throw new Error('Expected at least one verdict, got none');
  return scores.reduce<number>((sum, score) => sum + score, 0) / scores.length;
}

/** Seed of an attempt at a verdict: of what is judged and of whom, so that a replay asks the same calls. */
export const judgeSeed = (
  spec: Pick<RewardSpec, 'seed'>,
  responseSha256: string,
  task: 'verify' | 'metaVerify',
  sample: number,
  attempt: number,
): number => seedOf(spec.seed, responseSha256, task, sample, attempt);

/** One sample in so many is kept with its text. */
export const KEPT_FOR_AUDIT = 4;

/**
 * Whether the reward service keeps this sample's text for the audit: one in four, by the sample's own key, so that no
 * one can choose. Ours: a window of five steps of 128 samples then has about 160 to audit, and the texts are a quarter
 * of what all would be.
 * @param key hexadecimal.
 */
export function isKeptForAudit(key: string): boolean {
  return Number.parseInt(key.slice(0, 2), 16) < 256 / KEPT_FOR_AUDIT;
}
