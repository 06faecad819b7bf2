import { autoLabel } from '../label/autoLabel.ts';
import { syntheticPopulation } from '../label/population.ts';
import { replayLabel } from '../label/replay.ts';
import type { Tokens } from './rates.ts';
import { SHIPPED_BASES, type Recipe } from '../lap/recipe.ts';
import type { Task } from '../records.ts';

/** What a plan assumes where no lap has measured it, each with its source. */
export interface Assumed<T> {
  readonly value: T;
  readonly source: string;
}

const ours = <T>(value: T, why: string): Assumed<T> => ({ value, source: `ours: ${why}` });

/** Means of a rehearsal lap (252 held-out chains of 2 to 8 steps, 640 of 2 to 3). */
const SMALL: Readonly<Record<Task, Tokens>> = {
  prove: { prompt: 18, completion: 28 },
  refine: { prompt: 76, completion: 20 },
  selfVerify: { prompt: 20, completion: 105 },
  selfRefine: { prompt: 20, completion: 180 },
  verify: { prompt: 42, completion: 55 },
  metaVerify: { prompt: 100, completion: 48 },
};

/** Prompts of natural-language proofs: about 1,000 tokens of instruction, 5,000 a proof, 3,000 an analysis. */
const LARGE_PROMPT: Readonly<Record<Task, number>> = {
  prove: 1_000,
  refine: 9_000,
  selfVerify: 2_000,
  selfRefine: 2_000,
  verify: 6_000,
  metaVerify: 9_000,
};

export function tokensOfCall({ domain, sampling }: Recipe, task: Task): Assumed<Tokens> {
  const { maxTokens } = sampling[task];
  if (SHIPPED_BASES.has(domain.base))
    return ours({ ...SMALL[task], completion: Math.min(maxTokens, SMALL[task].completion) }, 'mean of a rehearsal lap');
  return ours(
    { prompt: LARGE_PROMPT[task], completion: maxTokens / 4 },
    'a quarter of sampling.*.maxTokens, thinking included; prompts of a few pages',
  );
}

export function tokensPerSecond({ domain, inference }: Recipe): Assumed<number> {
  if (SHIPPED_BASES.has(domain.base)) return ours(5_000, 'the small model on two cores, beside a training');
  return ours(50 * inference.maxConcurrency, '50 tokens/s for each call of inference.maxConcurrency');
}

/** Seconds of a training, as a start and so much for each sample. */
export function trainingSeconds({
  domain,
  training,
}: Recipe): Assumed<{ startSeconds: number; secondsPerSample: number }> {
  if (SHIPPED_BASES.has(domain.base))
    return ours({ startSeconds: 7, secondsPerSample: 0.011 }, 'the small model on two cores');
  return {
    value: { startSeconds: training.wallHours * 3600, secondsPerSample: 0 },
    source: 'recipe: training.wallHours, the longest that a job may take',
  };
}

/**
 * Equal answers to a question are judged once. A small model repeats itself: in a rehearsal a group has 2.4 distinct
 * answers, be it of 4 or 8.
 */
export function judgedShare({ domain }: Recipe, groupSize: number): Assumed<number> {
  if (SHIPPED_BASES.has(domain.base))
    return ours(Math.min(1, 2.4 / groupSize), 'about 2.4 distinct answers in a group of the small model');
  return ours(1, 'every answer differs and is well formed');
}

export const NO_SATURATION = ours(1, 'no reward saturates');
export const RIGHT_SHARE = ours(0.85, "a verifier's accuracy in rehearsals");

/** Human–human agreement on proofs (Open Proof Corpus: 90.3 %): the other questions need a lead. */
export const DISAGREEMENT = ours(0.1, 'people agree on 90 % of proofs (Open Proof Corpus)');

export function minutesOfVerdict(kind: 'proof' | 'analysis'): Assumed<number> {
  return ours(kind === 'proof' ? 20 : 10, 'a guess until people have answered here');
}

const SIMULATED_PROOFS = 150;

/** Calls and contested share of the label rule on a synthetic population (labelPopulation.ts), by simulation. */
export function labelling({
  labelling: rule,
  metaVerification,
}: Recipe): Assumed<{ analyses: number; metaAnalyses: number; contestedShare: number }> {
  const policy = { ...rule, metaAnalysesPerAnalysis: metaVerification ? rule.metaAnalysesPerAnalysis : 0 };
  let [analyses, calls, contested] = [0, 0, 0];
  for (const proof of syntheticPopulation({ ...policy, proofs: SIMULATED_PROOFS, seed: 1 })) {
    const evidence = proof.analyses.map(({ score, metaScores }) => ({
      score: score ?? undefined,
      metaScores: metaScores.map((vote) => vote ?? undefined),
    }));
    if (autoLabel(policy, evidence).kind !== 'labelled') contested += 1;
    if (policy.earlyStop) {
      const replay = replayLabel(policy, policy.waves, evidence);
      analyses += replay.rounds.reduce((sum, round) => sum + round.analyses, 0);
      calls += replay.calls;
    } else {
      analyses += evidence.length;
      calls += evidence.reduce((sum, { metaScores }) => sum + 1 + metaScores.length, 0);
    }
  }
  return ours(
    {
      analyses: analyses / SIMULATED_PROOFS,
      metaAnalyses: (calls - analyses) / SIMULATED_PROOFS,
      contestedShare: contested / SIMULATED_PROOFS,
    },
    'the label rule simulated on a synthetic population',
  );
}
