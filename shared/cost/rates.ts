import type { TrainOrder } from '../lap/orders.ts';
import { labelPolicy } from '../lap/phases.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { TrainingName } from '../stages.ts';

export interface Tokens {
  readonly prompt: number;
  readonly completion: number;
}

/** How one training went, per unit of its work. */
export interface TrainingRate {
  /** Before and after the steps: loading, exporting. */
  readonly startSeconds: number;
  readonly secondsPerSample: number;
  readonly tokensPerSample: number;
  /** Steps made, of the recipe's: less than 1 where the reward saturated. */
  readonly stepsShare: number;
  /** Judges' calls made, of those that as many distinct, well-formed answers would have needed; null without judges. */
  readonly judgedShare: number | null;
}

/**
 * What a finished lap measured that tells what the next one will take; part of its report. Null or absent: it did not
 * occur.
 */
export interface MeasuredRates {
  /**
   * Mean tokens of a call: of a task, of a task in a phase (`evaluation/verify`), of phase 4's verdicts (`labelling`),
   * of a stage's judges (its name).
   */
  readonly tokens: Readonly<Record<string, Tokens>>;
  /** Tokens of all sets of calls, per second in which one was under way. */
  readonly tokensPerSecond: number | null;
  readonly trainings: Readonly<Partial<Record<TrainingName, TrainingRate>>>;
  /** Phase 4: calls that a label took, and the labelling policy that they were made under. */
  readonly labelling: {
    readonly callsPerProof: number;
    readonly contestedShare: number;
    readonly policy: string;
  } | null;
  /** Analyses whose score is their proof's: what a consolidation can learn from. */
  readonly rightShare: number | null;
  /** Of people, by the phase that asked. */
  readonly minutesPerVerdict: Readonly<Record<string, number>>;
}

/** A figure that a plan stands on, and where it is from. */
export interface Basis {
  readonly figure: string;
  /** Which task, training or phase it is about. */
  readonly of: string;
  readonly value: number;
  readonly measured: boolean;
  readonly source: string;
}

/** The part of the recipe that decides how many calls a label takes. */
export function labellingPolicy(recipe: Recipe): string {
  const { waves, earlyStop } = recipe.labelling;
  return JSON.stringify({ ...labelPolicy(recipe), waves, earlyStop });
}

/** Calls of judges about one sample of a training, where each is distinct and well formed. */
export function judgeCalls({ judges: { verifier = 0, metaVerifier = 0 } }: TrainOrder): number {
  return verifier + metaVerifier;
}

/** Samples, or an SFT's rows, of each step, and the steps at most. */
export function trainingSize({ stages, consolidation }: Recipe, name: TrainingName) {
  if (name === 'consolidation') return { samplesPerStep: consolidation.rowsPerStep, maxSteps: consolidation.maxSteps };
  const { groupSize, promptsPerStep, maxSteps } = stages[name];
  return { samplesPerStep: groupSize * promptsPerStep, maxSteps };
}
