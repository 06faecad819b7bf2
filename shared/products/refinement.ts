import { callsIn, type OutcomeKind } from '../outcomes.ts';
import type { Problem } from '../records.ts';
import { SCORES, type ProofScore } from '../scores.ts';
import { majorityOf, type MajorityScore } from '../statistics/majority.ts';
import type { Spent } from './caps.ts';
import type { Evidence, IterationSummary, SearchEnd, VerdictCounts } from './search.ts';

/** Sequential refinement with self-verification (paper 3.3.2): what it comes to, and what a thread holds when. */

/** What an iteration of a thread came to: a proof with its own evaluation, or an answer that could not be read. */
export interface ThreadStep {
  /** From 1. */
  readonly iteration: number;
  /** Of the answer; where proof and evaluation are two, of the first that could not be read. */
  readonly outcome: OutcomeKind;
  /** Id of the proof; null where the answer could not be read. */
  readonly proof: string | null;
  readonly selfScore: ProofScore | null;
}

/** A distinct proof of a problem. */
export interface JudgedProof {
  readonly id: string;
  readonly proof: string;
  /** Of the verifier's analyses; all 0 where none was asked for. */
  readonly verdicts: VerdictCounts;
  /** What the domain's checker knows, where it has one. */
  readonly checker?: ProofScore | undefined;
  /** What people said, once they did. */
  readonly people?: ProofScore | undefined;
}

/** A line of `products/solve/<name>/results.jsonl` of a sequential refinement. */
export interface RefinedProblem {
  readonly problem: Problem;
  /** Never `passed`: `claimed` where a thread gave its own proof 1. */
  readonly end: SearchEnd;
  /** Why it ended so, where neither a thread gave itself 1 nor the iterations are over. */
  readonly reason?: string | undefined;
  /**
   * The proof with the best self-score of those that the threads hold at the end; of equal ones the one that the
   * verifier thinks best of by mean score, then the first thread's.
   */
  readonly best:
    | (JudgedProof & {
        /** From 0. */
        readonly thread: number;
        readonly iteration: number;
        readonly selfScore: ProofScore;
        readonly selfAnalysis: string;
        readonly evidence: readonly Evidence[];
      })
    | null;
  readonly threads: readonly { readonly steps: readonly ThreadStep[] }[];
  readonly proofs: readonly JudgedProof[];
  readonly iterations: readonly IterationSummary[];
  readonly spent: Spent;
}

/**
 * What a thread holds after an iteration: its last proof that could be read. A thread that has ended keeps its own; one
 * whose answer could not be read keeps what it had.
 */
export function heldAfter(
  steps: readonly ThreadStep[],
  iteration = Number.POSITIVE_INFINITY,
): { readonly iteration: number; readonly proof: string; readonly selfScore: ProofScore } | undefined {
  const step = steps.findLast((each) => each.iteration <= iteration && each.proof !== null && each.selfScore !== null);
  return step && { iteration: step.iteration, proof: step.proof as string, selfScore: step.selfScore as ProofScore };
}

/** How a problem's refinement ended, where nothing kept it from its end. */
export function endOfRefinement(iterations: readonly Pick<IterationSummary, 'answers' | 'held'>[]): SearchEnd {
  const held = iterations.at(-1)?.held;
  if (held && held['1'] > 0) return 'claimed';
  if (held && held['0.5'] + held['0'] > 0) return 'exhausted';
  // Not one call was answered with a text, however broken: its server refuses it.
  const isRefused = iterations.every(({ answers }) => answers.failed === callsIn(answers));
  return isRefused ? 'failed' : 'noProof';
}

/** Names of an iteration's sets, below the place of its problem. */
export const setOfIteration = (iteration: number) => ({
  /** Threads without a proof write one. */
  anew: `iteration-${iteration}/anew`,
  /** The others refine theirs. */
  again: `iteration-${iteration}/again`,
  /** And evaluate what they refined, where that is another call. */
  evaluations: `iteration-${iteration}/evaluations`,
});

/** Who says what a proof is worth; never mixed in a figure. The verifier's is an opinion, no truth. */
export const JUDGES = ['checker', 'people', 'verifier'] as const;
export type Judge = (typeof JUDGES)[number];

/** The verifier's majority over its analyses (paper 3.3.2); undefined where none was asked for. */
export function majorityIn(verdicts: VerdictCounts): MajorityScore | undefined {
  const read = SCORES.flatMap((score) => Array.from({ length: verdicts[`${score}`] }, () => score));
  const lost = Array.from({ length: verdicts.missing }, () => undefined);
  return read.length + lost.length === 0 ? undefined : majorityOf([...read, ...lost]);
}

/** What a judge says of a proof: `lost` where too few of the verifier's verdicts could be read; undefined: nothing. */
export function worthOf(judge: Judge, proof: JudgedProof): number | 'lost' | undefined {
  if (judge !== 'verifier') return proof[judge];
  const majority = majorityIn(proof.verdicts);
  return majority?.kind === 'lost' ? 'lost' : majority?.score;
}

/** The best by self-score, then by the verifier's mean, then the first. */
export function chosenAmong<Held extends { readonly selfScore: ProofScore; readonly mean: number | null }>(
  held: readonly Held[],
): Held | undefined {
  const isBetter = (a: Held, b: Held): boolean =>
    a.selfScore > b.selfScore || (a.selfScore === b.selfScore && (a.mean ?? -1) > (b.mean ?? -1));
  return held.reduce<Held | undefined>((best, each) => (best && !isBetter(each, best) ? best : each), undefined);
}
