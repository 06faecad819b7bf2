import type { OutcomeCounts } from '../outcomes.ts';
import type { Place } from '../ids.ts';
import type { DatasetRef, Problem } from '../records.ts';
import type { Score } from '../scores.ts';
import type { ScoreKey } from '../statistics/figure.ts';
import type { Spent } from './caps.ts';

/** Search with a pool of proofs (paper 3.3.3; docs/products.md, "Search"). */
export interface PoolSearch {
  readonly kind: 'pool';
  /** Proofs written in round 0. */
  readonly proofs: number;
  /** n: analyses of each proof; it passes with n usable verdicts of n, all 1. */
  readonly analyses: number;
  /** Best proofs, by mean score, that each later round refines; it makes one refined proof of each. */
  readonly refined: number;
  /** Analyses that a refinement is shown, those that report issues first. */
  readonly shown: number;
  /** R: rounds of refinement at most; round 0 comes before. */
  readonly rounds: number;
  /** A proof that can be no longer among the best is not analysed further. Never changes which are kept. @default true */
  readonly earlyStop?: boolean | undefined;
  /** Successive halving of a round's proofs by their verdicts so far: fewer calls, and may keep others. @default false */
  readonly halving?: boolean | undefined;
}

/** Sequential refinement with self-verification (paper 3.3.2). */
export interface SequentialRefinement {
  readonly kind: 'sequential';
  /** T: independent threads of a problem. */
  readonly threads: number;
  /** I: proofs of a thread at most; it stops at a self-score of 1. */
  readonly iterations: number;
  /** Analyses whose majority judges a proof, for pass@1 and best@k; 0 where a checker or people do. */
  readonly verdicts: number;
}

/** A search by its sizes; what is not said is as of `small`. */
export type SearchSizes = { readonly [Field in Exclude<keyof PoolSearch, 'kind'>]?: PoolSearch[Field] | undefined };

export type RefinementSizes = {
  readonly [Field in Exclude<keyof SequentialRefinement, 'kind'>]?: SequentialRefinement[Field] | undefined;
};

export type SearchPolicy = PoolSearch | SequentialRefinement;

/** Searches by name. */
export const SEARCHES = {
  /** Minutes on one small endpoint. Ours. */
  small: { kind: 'pool', proofs: 8, analyses: 8, refined: 4, shown: 2, rounds: 3 },
  /** Paper 3.3.3. */
  paper: { kind: 'pool', proofs: 64, analyses: 64, refined: 64, shown: 8, rounds: 16 },
  /** Released code, its run script. */
  released: { kind: 'pool', proofs: 128, analyses: 64, refined: 32, shown: 8, rounds: 16 },
} as const satisfies Record<string, PoolSearch>;

/** Paper 3.3.2. */
export const REFINEMENT: SequentialRefinement = { kind: 'sequential', threads: 32, iterations: 8, verdicts: 32 };

/** A proof's verdicts, by score; `missing` are calls that gave none. */
export interface VerdictCounts {
  readonly '0': number;
  readonly '0.5': number;
  readonly '1': number;
  readonly missing: number;
  /** Not asked for: it could be no longer among the best. */
  readonly spared: number;
}

/** What a round came to. */
export interface RoundSummary {
  /** 0: the first proofs. */
  readonly round: number;
  /** Answers of the generator, by outcome. */
  readonly written: OutcomeCounts;
  /** Calls for verdicts, by outcome. */
  readonly judged: OutcomeCounts;
  /**
   * Mean scores of the round's proofs, the best first, to four places; of more than 128 proofs, 128 of them from the
   * best to the worst. Of a proof that was not analysed to the end it is the mean so far.
   */
  readonly means: readonly number[];
  /** Of the pool, after the round. */
  readonly best: number | null;
  /** Proofs of the round that passed. */
  readonly passed: number;
  /** Proofs of the round that were not analysed to the end, and verdicts on them not asked for. @default 0 */
  readonly stopped?: number | undefined;
  readonly spared?: number | undefined;
  /** Where few of its answers could be read: what is wrong with them. */
  readonly warning?: string | undefined;
}

/** An iteration of all threads of a problem that had not ended. */
export interface IterationSummary {
  /** From 1. */
  readonly iteration: number;
  /** Of the threads that were asked, by outcome. */
  readonly answers: OutcomeCounts;
  /** All threads by the self-score of the proof that they hold after it; `none` hold no proof. Those at 1 have ended. */
  readonly held: Readonly<Record<ScoreKey | 'none', number>>;
}

/**
 * How a problem's search ended.
 * - `passed`: a proof passed all n.
 * - `claimed`: of a sequential refinement, a thread gave its own proof 1.
 * - `exhausted`: R rounds, or I iterations, are over.
 * - `capped`: the caps are reached; what there is by then is kept, and goes on under greater ones.
 * - `noProof`: answers came, and not one proof could be read.
 * - `noVerdict`: proofs were written, and not one verdict on them could be read.
 * - `failed`: it cannot go on, for a reason that is its own: a row that is damaged, say, or a problem that the model's
 *   server refuses.
 */
export const SEARCH_ENDS = ['passed', 'claimed', 'exhausted', 'capped', 'noProof', 'noVerdict', 'failed'] as const;
export type SearchEnd = (typeof SEARCH_ENDS)[number];

/** Problems by how they ended: none. */
export const NO_ENDS = Object.fromEntries(SEARCH_ENDS.map((end) => [end, 0])) as Readonly<Record<SearchEnd, number>>;

/** The same input again takes over what has ended so; what is capped or has failed goes on. */
export const isFinal = (end: SearchEnd): boolean => end !== 'capped' && end !== 'failed';

/** A proof of a search, with its verdicts. */
export interface SearchedProof {
  readonly id: string;
  readonly round: number;
  /** The proof that it refines. @default none, of round 0 */
  readonly parent?: string | undefined;
  readonly proof: string;
  /** Mean of the usable verdicts; null without one. */
  readonly mean: number | null;
  readonly verdicts: VerdictCounts;
}

/** A line of `products/solve/<name>/results.jsonl`. */
export interface SolvedProblem {
  readonly problem: Problem;
  readonly end: SearchEnd;
  /** Why it ended so, where neither a proof passed nor the rounds are over. */
  readonly reason?: string | undefined;
  /** The best proof: one that passed, or the best by mean score; null where there is none. */
  readonly best: (SearchedProof & { readonly evidence: readonly Evidence[] }) | null;
  /** From round 0 to the best proof, which is the last. */
  readonly ancestry: readonly Omit<SearchedProof, 'proof'>[];
  readonly rounds: readonly RoundSummary[];
  readonly spent: Spent;
}

/** An analysis that the best proof has: those that report issues first, at most a few of each score. */
export interface Evidence {
  readonly score: Score;
  readonly analysis: string;
}

/** A problem under way. */
export interface ProblemProgress {
  readonly problem: string;
  /** Under way; of a sequential refinement, iterations that are done. */
  readonly round: number;
  readonly last?: RoundSummary;
  readonly iteration?: IterationSummary;
}

/** Query `progress` of the workflow `solve`. */
export interface SolveProgress {
  readonly name: string;
  readonly search: SearchPolicy;
  /** Of a sequential refinement: whether one answer refines a proof and evaluates the new one. */
  readonly atOnce?: boolean | undefined;
  readonly problems: number;
  readonly done: Readonly<Record<SearchEnd, number>>;
  readonly underWay: readonly ProblemProgress[];
  readonly spent: Spent;
  /** What a person should know of it: the first things that went wrong. @default nothing */
  readonly warnings?: readonly string[];
}

/** What the workflow `solve` comes to. */
export interface SolveResult {
  readonly place: Place;
  readonly search: SearchPolicy;
  /** SolvedProblems, or RefinedProblems of a sequential refinement, in the order of the problems. */
  readonly results: DatasetRef;
  /** As of the progress, at its end. @default nothing */
  readonly warnings?: readonly string[];
  readonly done: Readonly<Record<SearchEnd, number>>;
  readonly spent: Spent;
}
