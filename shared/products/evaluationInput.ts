import type { SetResult } from '../sampling/sets.ts';
import type { DatasetRef } from '../records.ts';
import type { Subject, TruthFacts } from './evaluation.ts';
import type { OpenedProduct, ProductInput } from './input.ts';
import type { AskedModel, ModelChoice } from './models.ts';

export interface EvaluateInput extends ProductInput {
  /** @default verifier */
  readonly subject?: Subject | undefined;
  /**
   * Graded proofs, a file of the store that `flywheel import proofs` made: what a verifier is held against, or what
   * people make of the proofs of a generator.
   */
  readonly proofs?: string | undefined;
  /** Of a generator that is to write proofs: a file of the store that `flywheel import problems` made. */
  readonly problems?: string | undefined;
  /** What the file of graded proofs said of itself, as its import found. @default what its rows say */
  readonly truth?: TruthChoice | undefined;
  /** The verifier: what is measured, or who judges a generator. @default the lap's */
  readonly verifier?: ModelChoice | undefined;
  /** Who writes meta-analyses. @default the verifier that is measured (paper 2.2: one model does both) */
  readonly metaVerifier?: ModelChoice | undefined;
  /** The generator that is measured. @default the lap's */
  readonly generator?: ModelChoice | undefined;
  /** A second model of the same kind, on the same rows under the same seeds. @default one alone */
  readonly against?: ModelChoice | undefined;
  /** The same of a finished lap. */
  readonly againstLap?: string | undefined;
  /** n: analyses of each proof. @default 8 (paper 3.3.1) */
  readonly analyses?: number | undefined;
  /** m: meta-analyses of each analysis that reports an issue. @default 0 */
  readonly metaAnalyses?: number | undefined;
  /** Proofs that a generator writes of each problem. @default 8 (paper 3.3.1) */
  readonly proofsPerProblem?: number | undefined;
  /** Times an answer that cannot be read is asked for, each under a new seed. @default 1: takes what comes */
  readonly attempts?: number | undefined;
}

export interface TruthChoice {
  /** Who graded. */
  readonly by?: string | undefined;
  readonly set?: string | undefined;
  readonly scale?: string | undefined;
  /** @default where no row has 0.5 */
  readonly isBinary?: boolean | undefined;
  readonly half?: 0 | 1 | undefined;
  readonly leftOut?: Readonly<Record<string, number>> | undefined;
}

/** An evaluation under way. */
export interface OpenedEvaluation extends OpenedProduct {
  readonly subject: Subject;
  /** Scored proofs, or problems as SetRows. */
  readonly rows: DatasetRef;
  /** What is measured: one model, or two side by side; none where people's grades of a generator are read. */
  readonly models: readonly AskedModel[];
  /** Of a verifier, who writes its meta-analyses, model by model; of a generator, who judges its proofs. */
  readonly judges: readonly AskedModel[];
  /** Of rows that people graded. */
  readonly truth?: TruthFacts | undefined;
  readonly n: number;
  readonly m: number;
  readonly proofsPerProblem: number;
  readonly attempts: number;
}

/** What a model was asked, and what it came to. */
export interface EvaluatedModel {
  /** Set of verdicts. */
  readonly verdicts: string;
  /** Of a generator: set of its answers, and the proofs in them once all are there. */
  readonly answers?: { readonly setId: string; readonly proofs?: DatasetRef | undefined } | undefined;
  /** Why it was not asked all, where it was not. */
  readonly stopped?: string | undefined;
}

export interface EvaluateResult {
  readonly place: string;
  /** Files of the store: all figures, the page, and a line for each proof. */
  readonly report: string;
  readonly page: string;
  readonly outcomes: string;
  /** What a person should know at once. */
  readonly notes: readonly string[];
}

/** Query `progress` of the workflow `evaluate`. */
export interface EvaluateProgress {
  readonly name: string;
  readonly subject: Subject;
  /** The sets of calls, in the order of asking; `calls` of those that have ended. */
  readonly sets: readonly EvaluatedSet[];
  /** Reading what came, and writing the report. */
  readonly isReporting: boolean;
}

export interface EvaluatedSet extends Pick<SetResult, 'setId'> {
  /** What it asks for, such as `verdicts of MODEL`. */
  readonly what: string;
  readonly rows: number;
  readonly rowsDone: number;
  /** Answers that came, and calls that there will be at most. */
  readonly calls: number;
  readonly most: number;
  readonly state: 'asking' | 'done' | 'stopped';
}
