import type { Sampling } from '../outcomes.ts';
import type { DatasetRef, PromptSetRef, Task } from '../records.ts';
import type { EngineSettings } from '../sampling/sets.ts';
import type { Place } from '../ids.ts';
import type { Caps } from './caps.ts';
import type { AskedModel, ModelChoice } from './models.ts';
import type { RefinementSizes, SEARCHES, SearchPolicy, SearchSizes } from './search.ts';

/** How some tasks are sampled, so far as it is said. */
export type SamplingChoices = {
  readonly [Of in Task]?: { readonly [Field in keyof Sampling]?: Sampling[Field] | undefined } | undefined;
};

/** What all products are told, by a command or by a person in the Web UI. */
export interface ProductInput {
  /** @default of the file and of all that was asked for, so that the same again is the same product */
  readonly name?: string | undefined;
  /** A finished lap whose models are asked, served by this installation. @default the models are named */
  readonly lap?: string | undefined;
  /** A prompt set. @default the lap's, else paper */
  readonly prompts?: string | undefined;
  /** @default 1 */
  readonly seed?: number | undefined;
  /** How answers are sampled, by task; what is not said is the product's own. */
  readonly sampling?: SamplingChoices | undefined;
  /** Calls in flight at once. @default 64 */
  readonly concurrency?: number | undefined;
  readonly caps?: Caps | undefined;
}

export interface SolveInput extends ProductInput {
  /** A file of the store that `flywheel import problems` made. */
  readonly problems: string;
  /** The model that writes proofs. @default the lap's generator */
  readonly generator?: ModelChoice | undefined;
  /** The model that analyses them. @default the lap's verifier, else the generator */
  readonly verifier?: ModelChoice | undefined;
  /** @default small */
  readonly search?: keyof typeof SEARCHES | SearchSizes | undefined;
  /** Sequential refinement in place of a search. */
  readonly refine?: RefinementSizes | undefined;
  /**
   * People's grades of what a sequential refinement wrote: a file of the store that `flywheel import proofs` made.
   * @default those that were given before, if any
   */
  readonly graded?: string | undefined;
}

/** A product under way: what was asked for, read once. */
export interface OpenedProduct {
  readonly place: Place;
  readonly name: string;
  readonly prompts: PromptSetRef;
  readonly seed: number;
  readonly sampling: Readonly<Record<Task, Sampling>>;
  readonly engine: EngineSettings;
  /** Laps whose calls are taken over, of a part of a lap. @default none */
  readonly donors?: readonly string[] | undefined;
  readonly caps?: Caps | undefined;
}

export interface OpenedSolve extends OpenedProduct {
  /** SetRows, one a problem. */
  readonly problems: DatasetRef;
  readonly generator: AskedModel;
  readonly verifier: AskedModel;
  readonly search: SearchPolicy;
  /** Problems that are worked on at once. */
  readonly window: number;
  /** Of a sequential refinement. */
  readonly refining?: Refining | undefined;
}

/** How threads are refined, and who says what their proofs are worth beside the verifier. */
export interface Refining {
  /** Whether one answer refines a proof and evaluates the new one, as the prompts have it. */
  readonly atOnce: boolean;
  /** The domain whose checker knows what proofs are worth. @default there is none */
  readonly checkedBy?: string | undefined;
  /** People's grades, as of `SolveInput`. */
  readonly graded?: string | undefined;
}
