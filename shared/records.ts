import type { ProofScore, QualityScore, Score } from './scores.ts';

/** A pointer to an immutable artifact. Temporal carries these, never the texts behind them. */
export interface ArtifactRef {
  /** Path inside the artifact store, such as `datasets/main/lap-0001/proof-scores.jsonl`. Never absolute. */
  readonly uri: string;
  readonly sha256: string;
}

/** A JSONL dataset in the store. */
export interface DatasetRef extends ArtifactRef {
  readonly rows: number;
}

/** What an artifact was made of, kept beside it: lineage is read from this, never deduced. */
export interface Made {
  /** The step that made it: the name of its activity, or a training's job key. */
  readonly by: string;
  /** `as` says what each source was to it, such as `proofs` or `verdicts`. */
  readonly from: readonly ({ readonly as: string } & Source)[];
}

export type Source =
  | ArtifactRef
  /** Answers of models. */
  | { readonly setId: string }
  /** Answers of people: all to the questions of a review set. */
  | { readonly reviewId: string }
  /** A model that others run or publish, by its key. */
  | { readonly model: string }
  /** A person's file, by its name: it is none of the store's. */
  | { readonly file: string; readonly sha256: string };

/** A model in the store: `uri` is a folder `checkpoints/<sha256>`; see `checkpointDigest` for what is digested. */
export type CheckpointRef = ArtifactRef;

/** A model of the store, in a role, pinned by its digest, which is also the served model's name. */
export interface CheckpointModel {
  readonly role: ModelRole;
  readonly checkpoint: CheckpointRef;
}

/** A model that others run: their name for it, and a revision that changes whenever it answers differently. */
export interface EndpointModel {
  readonly role: ModelRole;
  /** OpenAI-compatible API, with or without the trailing `/v1`. */
  readonly endpoint: string;
  readonly name: string;
  readonly revision: string;
}

export type ModelRef = CheckpointModel | EndpointModel;

/** What a model's calls are known by, wherever it is served: the digest, or `<name>@<revision>`. */
export function modelKey(model: ModelRef): string {
  return 'checkpoint' in model ? model.checkpoint.sha256 : `${model.name}@${model.revision}`;
}

/** The players (paper 2.1–2.3). `candidate` is the weak model of the cold start. */
export type ModelRole = 'candidate' | 'verifier' | 'metaVerifier' | 'generator';

/** What a prompt asks for. One file per task in a prompt set. */
export const TASKS = ['prove', 'refine', 'selfVerify', 'selfRefine', 'verify', 'metaVerify'] as const;
export type Task = (typeof TASKS)[number];
/** Of each task, in prompts/examples.jsonl. */
export const WORKED_EXAMPLES = 15;

/** A prompt set of the store, by the digest of its texts; the name is how people know it. */
export interface PromptSetRef {
  readonly name: string;
  readonly sha256: string;
}

/** A row of D_p. */
export interface Problem {
  /** Letters, digits, `_`, `.` and `-`, at most 80. */
  readonly id: string;
  readonly statement: string;
  readonly topic: string;
  readonly source: string;
  /** A curriculum's grade, where there is one (rehearsal: the chain's length). */
  readonly difficulty?: number;
}

/** A proof without a score: a candidate, or a sample to be labelled or evaluated. */
export interface ProofRow {
  /** Unique in its dataset, and stable under replay: derived from the call that made it. */
  readonly id: string;
  readonly problem: Problem;
  readonly proof: string;
  /** Checkpoint digest of the model that wrote it. */
  readonly model: string;
  /** Refinement round that produced it (0 = first draft). */
  readonly round?: number;
  /** The generator's own verdict, from phase 3 on. */
  readonly selfAnalysis?: string;
  readonly selfScore?: ProofScore;
}

/**
 * How a score came to be. A program that answers as an expert is named as one: `program`. What a team brought is
 * `given`: people of no lap graded it.
 */
export type ScoreSource = 'expert' | 'program' | 'auto' | 'given';

/** Of a row that was brought: who graded it, and how that was written there. */
interface GivenGrade {
  readonly grader?: string;
  readonly grade?: string;
}

/** A row of D_v: (X, Y, s). */
export interface ScoredProof extends ProofRow, GivenGrade {
  readonly score: ProofScore;
  /** Where it was scored with analyses in view: what people said before they saw them. */
  readonly firstScore?: ProofScore;
  /** ISO time of a score that came after its lap went on. */
  readonly scoredAt?: string;
  readonly source: ScoreSource;
  /** The lap that added it, such as `main/lap-0001`. */
  readonly lap: string;
}

/** An analysis without a quality score. */
export interface AnalysisRow {
  readonly id: string;
  readonly problem: Problem;
  readonly proof: string;
  readonly proofId: string;
  readonly analysis: string;
  /** The proof score that the analysis gave. */
  readonly analysisScore: ProofScore;
  readonly model: string;
}

/** An analysis as people see it who have scored the proof themselves. */
export interface ShownAnalysis {
  readonly analysis: string;
  /** The proof score that it gave. */
  readonly score: ProofScore;
  /** Its meta-assessments, and those of them that confirm it. */
  readonly assessed: number;
  readonly confirmed: number;
}

/** A row of D_mv: (X, Y, V, ms). */
export interface ScoredAnalysis extends AnalysisRow, GivenGrade {
  readonly quality: QualityScore;
  /** ISO time of a score that came after its lap went on. */
  readonly scoredAt?: string;
  readonly source: ScoreSource;
  readonly lap: string;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/**
 * A row of a training job's dataset, prompt already rendered; `meta` is for the reward service, which reads it here.
 */
export interface TrainingRow {
  readonly itemId: string;
  readonly task: Task;
  readonly prompt: readonly ChatMessage[];
  readonly meta: RewardMeta;
  /** Only for `sft` jobs: the answer to learn. */
  readonly completion?: string;
  /** The thinking to learn before it. */
  readonly thinking?: string;
  /** What of the answer stands before `completion`: shown, with the thinking, and not learned. */
  readonly given?: string;
}

/** What the reward service needs to know of an item, beside the model's response. */
export interface RewardMeta {
  readonly problem: Problem;
  /** For `verify` and `metaVerify`. */
  readonly proof?: string;
  /** For `metaVerify`. */
  readonly analysis?: string;
  /** The expert's or automatic score: of the proof for `verify`, of the analysis for `metaVerify`. */
  readonly score?: Score;
}
