import type { OutcomeCounts, Sampling, TakenCalls, Usage } from '../outcomes.ts';
import type { DatasetRef, ModelRef, Problem, PromptSetRef, Task } from '../records.ts';
import type { ProofScore, QualityScore } from '../scores.ts';
import type { SetCaps } from './caps.ts';

/** A row that a set asks about: what the task's prompt needs. */
export interface SetRow {
  readonly id: string;
  readonly problem: Problem;
  readonly proof?: string;
  readonly analysis?: string;
  /** Of `proof`, where the prompt shows several (`{{analyses}}`). */
  readonly analyses?: readonly string[];
}

/** What to sample, for a whole set. */
export interface SampleSetInput {
  /** Path id, such as `main/lap-0001/cold-start/draft`. Ledgers go under `ledger/<setId>/`. */
  readonly setId: string;
  /** SetRow dataset. */
  readonly rows: DatasetRef;
  readonly task: Task;
  readonly model: ModelRef;
  readonly prompts: PromptSetRef;
  readonly samplesPerRow: number;
  readonly sampling: Sampling;
  /** Revisions that a trajectory may have (`selfRefine`). @default as in shared/answers.ts */
  readonly maxRevisions?: number;
  readonly seed: number;
  /** Times an answer that is malformed, cut off or refused is asked for, each under a new seed. 1 = take what comes. */
  readonly attempts: number;
  /**
   * Of meta-analyses: a row is asked about no further once its votes decide the majority by this policy.
   * @default all are asked for
   */
  readonly decides?: AutoLabelPolicy;
  /**
   * Of verdicts: a row is asked about no further once the mean of its scores cannot reach this.
   * @default all are asked for
   */
  readonly leastMean?: number;
  /** Of verdicts: the worse half of a shard's rows is asked about no further, three times. @default false */
  readonly halves?: boolean;
  /** Whether the set fails where not one answer can be read. @default false */
  readonly mustAnswer?: boolean;
  /** Share of verdicts that may be lost at the first attempt (shared/figures/losses.ts). @default all */
  readonly maxLossShare?: number | undefined;
  readonly engine: EngineSettings;
  /** Laps, the newest first, whose calls for the same set are taken over where they are equal. @default none */
  readonly donors?: readonly string[] | undefined;
  /** What this set and all others below a place may take together. @default no limit */
  readonly caps?: SetCaps | undefined;
  /** Whether it tells the workflow that asked how far it is, after each shard (signal `setTold`). @default false */
  readonly tells?: boolean | undefined;
}

export interface EngineSettings {
  /** Name of a serving engine. */
  readonly engine: string;
  readonly shardRows: number;
  readonly window: number;
  readonly maxConcurrency: number;
  /** How long a set waits while no server of its model answers. @default 24 */
  readonly patienceHours?: number | undefined;
}

/** What a set of calls came to. */
export interface SetResult {
  readonly setId: string;
  readonly shards: number;
  readonly rows: number;
  readonly counts: OutcomeCounts;
  readonly usage: Usage;
  /** Requests that reached a server, retries included. */
  readonly requests: number;
  /** Seconds of shard activity, summed; wall time is the manifest's. */
  readonly inferenceSeconds: number;
  /** What a person should know of it: that few answers could be read, or that all verdicts are the same. */
  readonly warning?: string;
  /** Of the counted calls, those that were taken over from an earlier lap; absent where there were none. */
  readonly taken?: TakenCalls;
}

/**
 * The answer of a set's `progress` query: its finished shards (those under way show their counts in their heartbeats).
 */
export interface SetProgress extends Pick<SetResult, 'setId' | 'shards' | 'rows' | 'counts' | 'requests'> {
  readonly shardsDone: number;
  readonly rowsDone: number;
}

/** The auto-label rule's parameters (paper 2.3; docs/method.md, "Labels"). */
export const LABEL_RULES = ['lowest', 'cumulative'] as const;
export type LabelRule = (typeof LABEL_RULES)[number];

export interface AutoLabelPolicy {
  /** n: independent analyses of each proof. */
  readonly analysesPerProof: number;
  /**
   * m: meta-assessments of each analysis that reports an issue. 0 is the ablation without meta-verification: every such
   * analysis is valid, and no meta call is made.
   */
  readonly metaAnalysesPerAnalysis: number;
  /** k: valid lowest-score analyses needed to trust that score. */
  readonly minValidAnalyses: number;
  /**
   * `lowest`: the prose of paper 2.3, k valid analyses of the lowest score. `cumulative` (ours): k valid witnesses at
   * or below a score, which keeps the label 0.5 alive where many analyses are asked. @default lowest
   */
  readonly rule?: LabelRule;
  /** Smallest meta score that confirms an analysis. Ours: 1, because 0.5 means "some of its defects are not real". */
  readonly confirmingMetaScore: Exclude<QualityScore, 0>;
}

export interface LabelSetInput {
  readonly setId: string;
  /** ProofRow dataset. */
  readonly proofs: DatasetRef;
  readonly verifier: ModelRef;
  readonly metaVerifier: ModelRef;
  readonly prompts: PromptSetRef;
  readonly policy: AutoLabelPolicy;
  readonly waves: readonly number[];
  readonly earlyStop: boolean;
  readonly verdictAttempts: number;
  /** Share of verdicts that may be lost at the first attempt (shared/figures/losses.ts). @default all */
  readonly maxLossShare?: number | undefined;
  /** Whether the set fails where not one analysis can be read. @default false */
  readonly mustAnswer?: boolean;
  readonly sampling: { readonly verify: Sampling; readonly metaVerify: Sampling };
  readonly seed: number;
  readonly engine: EngineSettings;
  /** As of a `SampleSetInput`. */
  readonly donors?: readonly string[] | undefined;
  readonly caps?: SetCaps | undefined;
  readonly tells?: boolean | undefined;
}

/** The rule's answer for one proof. Contested and unresolved are never a score. */
export type LabelDecision =
  | { readonly kind: 'labelled'; readonly score: ProofScore }
  | { readonly kind: 'contested'; readonly reason: string }
  | { readonly kind: 'unresolved'; readonly reason: string };

/** A row of `labels/<setId>/shard-NNNN.jsonl`. */
export interface LabelRow {
  readonly proofId: string;
  readonly decision: LabelDecision;
  /** Verify calls and meta calls used. */
  readonly analyses: number;
  readonly metaAnalyses: number;
  /** Paper 2.3: the first wave's scores disagree, or a lone analysis is valid. */
  readonly hardToVerify: boolean;
  /** Why no further call was needed. */
  readonly stopReason: string;
  /** What was asked in each wave, as `orderText` writes it: with the ledger's outcomes, the label can be replayed. */
  readonly order?: readonly string[];
}

/** How many proofs the rule gave a label, and how many not. */
export interface LabelCounts {
  readonly auto: number;
  readonly contested: number;
  readonly unresolved: number;
}

export interface LabelSetResult extends SetResult {
  readonly labels: LabelCounts & { readonly total: number };
  /** All LabelRows, in the order of the proofs. */
  readonly decisions: DatasetRef;
}
