import { simulatedCalls, type SimulatedCalls } from '../label/simulatedCalls.ts';
import type { Tokens } from './rates.ts';
import type { LapFacts } from '../lap/facts.ts';
import { SHOWN } from '../lap/limits.ts';
import type { TrainOrder } from '../lap/orders.ts';
import { labelPolicy } from '../lap/phases.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { Task } from '../records.ts';
import type { QuestionKind } from '../review/reviews.ts';
import { BUNDLED } from '../sampling/localServer.ts';
import { parametersInName } from '../training/modelShape.ts';

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

/**
 * @param small measured, where the recipe's base is one that its domain ships; likewise below.
 * @param facts by which prompts are counted and speeds follow from the base's size; likewise below.
 */
export function tokensOfCall(
  { sampling }: Recipe,
  task: Task,
  small?: MeasuredBases,
  { prompts, problems }: LapFacts = {},
): Assumed<Tokens> {
  const { maxThinkingTokens = 0 } = sampling[task];
  const maxTokens = sampling[task].maxTokens + maxThinkingTokens;
  if (small !== undefined) {
    const { prompt, completion } = small.tokens[task];
    return ours({ prompt, completion: Math.min(maxTokens, completion) }, small.of);
  }
  if (prompts === undefined)
    return ours(
      { prompt: LARGE_PROMPT[task], completion: maxTokens / 4 },
      'a quarter of sampling.*.maxTokens, thinking included; prompts of a few pages',
    );
  const shown = SHOWN[task].proofs * sampling.prove.maxTokens + SHOWN[task].analyses * sampling.verify.maxTokens;
  const prompt = prompts[task] + (problems?.tokens?.median ?? 0) + shown / 2;
  return ours(
    { prompt, completion: maxTokens / 2 },
    'prompts as counted, texts and answers half as long as sampling.*.maxTokens',
  );
}

/** What machines compute, in operations a second: a token takes two of each parameter, learning it four more. */
const SPEED = {
  /** Of a training on one thread; measured with 134 M parameters on busy cores. */
  trainingCpu: 100e9,
  /** Ours: a tenth of what recent ones have on paper. */
  trainingGpu: 100e12,
  /** Ours: a token takes a third of what learning it does, and they take about as long. */
  servingGpu: 33e12,
  /** Of the bundled server on one thread, measured likewise. */
  bundledServer: 22e9,
};

/** Of the base as it lies there; of one that does not, on GPUs, as its name says. */
function parametersOf({ training, inference, domain }: Recipe, { base }: LapFacts): number | undefined {
  if (base !== undefined) return base.parameters;
  return training.gpusPerNode + (inference.gpus ?? 0) > 0 ? parametersInName(domain.base) : undefined;
}

export function tokensPerSecond(recipe: Recipe, small?: MeasuredBases, facts: LapFacts = {}): Assumed<number> {
  const { inference } = recipe;
  const { base } = facts;
  const parameters = parametersOf(recipe, facts);
  if (small !== undefined) return ours(small.tokensPerSecond, 'the small model on two cores, beside a training');
  if (inference.engine === BUNDLED && base !== undefined)
    return ours(
      SPEED.bundledServer / (2 * base.parameters),
      `22 GFLOP/s of the bundled server, of ${millions(base.parameters)} parameters`,
    );
  if (inference.gpus && parameters !== undefined)
    return ours(
      (inference.gpus * SPEED.servingGpu) / (2 * parameters),
      `33 TFLOP/s a GPU that serves, of ${millions(parameters)} parameters`,
    );
  return ours(50 * inference.maxConcurrency, '50 tokens/s for each call of inference.maxConcurrency');
}

/** Seconds of a training, as a start and so much for each sample. */
export function trainingSeconds(
  recipe: Recipe,
  { sources }: TrainOrder,
  small?: MeasuredBases,
  facts: LapFacts = {},
): Assumed<Pick<MeasuredBases, 'startSeconds' | 'secondsPerSample'>> {
  const { nodes, gpusPerNode, wallHours } = recipe.training;
  if (small !== undefined)
    return ours(
      { startSeconds: small.startSeconds, secondsPerSample: small.secondsPerSample },
      'the small model on two cores',
    );
  const parameters = parametersOf(recipe, facts);
  if (parameters === undefined)
    return {
      value: { startSeconds: wallHours * 3600, secondsPerSample: 0 },
      source: 'recipe: training.wallHours, the longest that a job may take',
    };
  const gpus = nodes * gpusPerNode;
  const speed = gpus > 0 ? gpus * SPEED.trainingGpu : SPEED.trainingCpu;
  const tokens = sources.reduce((sum, { task, weight }) => {
    const { prompt, completion } = tokensOfCall(recipe, task, small, facts).value;
    return sum + weight * (prompt + completion);
  }, 0);
  // Learning a sample takes six operations of each parameter a token, and sampling it about as long again.
  return ours(
    { startSeconds: 5 + (4 * parameters) / 100e6, secondsPerSample: (2 * 6 * parameters * tokens) / speed },
    `${gpus > 0 ? '100 TFLOP/s a GPU' : '100 GFLOP/s without a GPU'}, of ${millions(parameters)} parameters`,
  );
}

const millions = (parameters: number): string => `${Math.round(parameters / 1e6).toLocaleString('en')} M`;

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

/** Calls and contested share of the label rule. */
export function labelling(recipe: Recipe): Assumed<SimulatedCalls> {
  return ours(
    simulatedCalls(labelPolicy(recipe), recipe.labelling),
    'the label rule simulated on a synthetic population',
  );
}
