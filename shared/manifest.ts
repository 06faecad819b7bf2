import type { CheckpointRef, DatasetRef } from './records.ts';
import type { Recipe, StageName } from './recipe.ts';
import type { ReviewSetResult } from './reviews.ts';
import type { LabelSetResult, SetResult } from './sets.ts';

/** `laps/<lapId>/manifest.json`: all a lap read and wrote, by reference. Every reported figure can be recomputed from it. */
export interface LapManifest {
  /** `<run>/lap-NNNN`. */
  readonly lap: string;
  readonly parent?: string;
  readonly recipe: Recipe;
  readonly recipeSha256: string;
  readonly prompts: { readonly name: string; readonly sha256: string };
  readonly startedAt: string;
  readonly endedAt: string;
  readonly problems: ProblemSplits;
  readonly base: CheckpointRef;
  /** D_v: what experts scored, split by problem, and what phase 4 adds for the next lap. */
  readonly proofScores: { readonly train: DatasetRef; readonly validation: DatasetRef; readonly grown: DatasetRef };
  /** D_mv. */
  readonly analysisScores: { readonly train: DatasetRef; readonly validation: DatasetRef };
  readonly stages: readonly StageRecord[];
  readonly sets: readonly SetRecord[];
  readonly reviews: readonly ReviewSetResult[];
  readonly labels: LabelRecord;
  readonly evaluation: EvaluationRecord;
  readonly phases: readonly PhaseRecord[];
}

export interface ProblemSplits {
  readonly train: DatasetRef;
  readonly validation: DatasetRef;
  readonly heldOut: DatasetRef;
  /** What phase 4 labels proofs of: the next difficulty where there is a curriculum, else the training problems. */
  readonly next: DatasetRef;
}

export interface StageRecord {
  readonly name: StageName;
  /** Also the folder `jobs/<jobKey>/` (job file, metrics.jsonl, result.json) and `rewards/<jobKey>/`. */
  readonly jobKey: string;
  readonly checkpoint: CheckpointRef;
  readonly datasets: readonly DatasetRef[];
  readonly steps: number;
  readonly stopReason: 'maxSteps' | 'saturated';
  readonly reward: { readonly first: number; readonly last: number };
  readonly attempts: number;
  readonly trainingSeconds: number;
  /** When it was submitted; with it the report can tell what ran side by side. */
  readonly startedAt?: string;
}

export interface SetRecord extends SetResult {
  /** The `PhaseRecord` it belongs to. */
  readonly phase: string;
  readonly wallSeconds: number;
  readonly startedAt?: string;
}

export interface LabelRecord {
  readonly proofs: DatasetRef;
  readonly set: LabelSetResult;
  /** Contested and unresolved proofs that experts scored. */
  readonly expert: number;
}

/** The fixed held-out sets, and what each model did with them. */
export interface EvaluationRecord {
  /** ProofRows of the base on held-out problems, balanced by true score: what verifiers are measured on. */
  readonly proofs: DatasetRef;
  /** AnalysisRows on those proofs: what meta-verifiers are measured on. */
  readonly analyses: DatasetRef;
  readonly sets: readonly EvaluationSet[];
}

export interface EvaluationSet {
  readonly subject: 'verifier' | 'metaVerifier' | 'generator' | 'selfVerification';
  /** Which model: `base`, a stage's name. */
  readonly model: 'base' | StageName;
  readonly decoding: 'sampled' | 'greedy';
  readonly setId: string;
}

/** A part of the lap, such as `coldStart` or a stage's name. Phases may overlap: evaluations run beside the next training. */
export interface PhaseRecord {
  readonly name: string;
  readonly startedAt: string;
  readonly endedAt: string;
}
