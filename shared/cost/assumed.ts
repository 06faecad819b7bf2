import { autoLabel } from '../label/autoLabel.ts';
import { syntheticPopulation } from '../label/population.ts';
import { replayLabel } from '../label/replay.ts';
import type { Tokens } from './rates.ts';
import { labelPolicy } from '../lap/phases.ts';
import type { Recipe } from '../lap/recipe.ts';
import type { Task } from '../records.ts';
import type { QuestionKind } from '../review/reviews.ts';

/** What a plan assumes where no lap has measured it, each with its source. */
export interface Assumed<T> {
  readonly value: T;
  readonly source: string;
}

const ours = <T>(value: T, why: string): Assumed<T> => ({ value, source: `ours: ${why}` });

/** What a domain's laps with the bases that it ships were seen to take, on two cores. */
export interface MeasuredBases {
  /** Where the means are from. */
  readonly of: string;
  readonly tokens: Readonly<Record<Task, Tokens>>;
  readonly tokensPerSecond: number;
  /** Of a training. */
  readonly startSeconds: number;
  readonly secondsPerSample: number;
  /** Equal answers to a question are judged once: so many of a group differ. */
  readonly distinctAnswers: number;
}

/** Prompts of natural-language proofs: about 1,000 tokens of instruction, 5,000 a proof, 3,000 an analysis. */
const LARGE_PROMPT: Readonly<Record<Task, number>> = {
  prove: 1_000,
  refine: 9_000,
  selfVerify: 2_000,
  selfRefine: 2_000,
  verify: 6_000,
  metaVerify: 9_000,
};

/** @param small measured, where the recipe's base is one that its domain ships; likewise below. */
export function tokensOfCall({ sampling }: Recipe, task: Task, small?: MeasuredBases): Assumed<Tokens> {
  const { maxThinkingTokens = 0 } = sampling[task];
  const maxTokens = sampling[task].maxTokens + maxThinkingTokens;
  if (small === undefined)
    return ours(
      { prompt: LARGE_PROMPT[task], completion: maxTokens / 4 },
      'a quarter of sampling.*.maxTokens, thinking included; prompts of a few pages',
    );
  const { prompt, completion } = small.tokens[task];
  return ours({ prompt, completion: Math.min(maxTokens, completion) }, small.of);
}

export function tokensPerSecond({ inference }: Recipe, small?: MeasuredBases): Assumed<number> {
  return small === undefined
    ? ours(50 * inference.maxConcurrency, '50 tokens/s for each call of inference.maxConcurrency')
    : ours(small.tokensPerSecond, 'the small model on two cores, beside a training');
}

/** Seconds of a training, as a start and so much for each sample. */
export function trainingSeconds(
  { training }: Recipe,
  small?: MeasuredBases,
): Assumed<Pick<MeasuredBases, 'startSeconds' | 'secondsPerSample'>> {
  return small === undefined
    ? {
        value: { startSeconds: training.wallHours * 3600, secondsPerSample: 0 },
        source: 'recipe: training.wallHours, the longest that a job may take',
      }
    : ours(
        { startSeconds: small.startSeconds, secondsPerSample: small.secondsPerSample },
        'the small model on two cores',
      );
}

export function judgedShare(groupSize: number, small?: MeasuredBases): Assumed<number> {
  return small === undefined
    ? ours(1, 'every answer differs and is well formed')
    : ours(
        Math.min(1, small.distinctAnswers / groupSize),
        `about ${small.distinctAnswers} distinct answers in a group of the small model`,
      );
}

export const NO_SATURATION = ours(1, 'no reward saturates');
export const RIGHT_SHARE = ours(0.85, "a verifier's accuracy in small laps");

/** Human–human agreement on proofs (Open Proof Corpus: 90.3 %): the other questions need a lead. */
export const DISAGREEMENT = ours(0.1, 'people agree on 90 % of proofs (Open Proof Corpus)');

export function minutesOfVerdict(question: QuestionKind): Assumed<number> {
  return ours(question === 'scoreAnalysis' ? 10 : 20, 'a guess until people have answered here');
}

const SIMULATED_PROOFS = 150;

/** Calls and contested share of the label rule, simulated on a synthetic population (`shared/label/population.ts`). */
export function labelling(recipe: Recipe): Assumed<{ analyses: number; metaAnalyses: number; contestedShare: number }> {
  const policy = labelPolicy(recipe);
  const { earlyStop, waves } = recipe.labelling;
  let [analyses, calls, contested] = [0, 0, 0];
  for (const proof of syntheticPopulation({ ...policy, proofs: SIMULATED_PROOFS, seed: 1 })) {
    const evidence = proof.analyses.map(({ score, metaScores }) => ({
      score: score ?? undefined,
      metaScores: metaScores.map((vote) => vote ?? undefined),
    }));
    if (autoLabel(policy, evidence).kind !== 'labelled') contested += 1;
    if (earlyStop) {
      const replay = replayLabel(policy, waves, evidence);
      analyses += replay.waves.reduce((sum, wave) => sum + wave.analyses, 0);
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
