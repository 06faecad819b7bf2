import type { Task } from '../records.ts';
import type { GivenRows } from '../problems/given.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { ModelShape } from '../training/modelShape.ts';
import type { ProblemCounts } from './sizes.ts';

/**
 * What is known of a lap's files and servers before anything is spent: counted where they could be read, absent where
 * not. Lengths are tokens of the base's tokenizer.
 */
export interface LapFacts {
  readonly problems?: ProblemFacts;
  /** Rows of the graded sets that the lap takes in. @default it takes none */
  readonly given?: GivenRows;
  /** Of each role's prompt as the chat template writes it, without the texts that it shows. */
  readonly prompts?: Readonly<Record<Task, number>>;
  /** The same with the shortest statement: no prompt of a lap is shorter. */
  readonly shortest?: Readonly<Record<Task, number>>;
  readonly base?: BaseFacts;
  readonly server?: ServerFacts;
  /** Where the store is. */
  readonly free?: { readonly bytes: number; readonly of: string };
  /** What it names and is not there, or cannot be read. @default nothing */
  readonly refused?: readonly Refusal[];
  /** What could not be looked at, or was guessed, a sentence each. @default nothing */
  readonly notes?: readonly string[];
}

/** Why a lap of a recipe cannot work: a size that does not fit, or the sentence of whoever could not read it. */
export type Refusal = {
  /** Of the recipe, such as `stages.generator.maxPromptTokens`. */
  readonly field: string;
} & ({ readonly expected: string; readonly got: string; readonly remedy: string } | { readonly message: string });

export interface ProblemFacts {
  /** Problems that a lap can ask about; those left out are not among them. */
  readonly count: number;
  readonly leftOut: number;
  /** Pairs of near-equal statements, by which problems are one or are left out. @default none */
  readonly alike?: { readonly exact: number; readonly near: number };
  /** Where it asks about them. */
  readonly splits: ProblemCounts;
  /** Of a statement; absent without a base. Of many, a sample counts, and the shortest and longest by characters. */
  readonly tokens?: { readonly least: number; readonly median: number; readonly most: number };
}

export interface BaseFacts {
  /** Absent where it would first have to be reckoned, of gigabytes. */
  readonly sha256?: string | undefined;
  readonly parameters: number;
  /** Bytes of the folder. */
  readonly bytes: number;
  /** Tokens that its positions reach; absent where its config does not say. */
  readonly context?: number;
  /** Absent where its config does not say it all. */
  readonly shape?: ModelShape;
}

export interface ServerFacts {
  /** Tokens of prompt and answer together. */
  readonly context: number;
  /** Who said so: a server's address, a setting, the base. */
  readonly of: string;
}

/** A server's word, or why there is none. */
export type Window = ServerFacts | { readonly silent: string };

/** A size that was derived, and from what. */
export interface Derived {
  /** Of the recipe, such as `coldStart.problems`. */
  readonly field: string;
  readonly value: number | string | boolean | readonly number[];
  /** A sentence with the numbers that it follows from. */
  readonly reason: string;
}

/**
 * The sizes that follow from what a team brings, each with its reason.
 * @param asked the preset with the input's fields over it.
 * @param isGiven whether the input gave a field such as `coldStart.problems`: it stays, and others may follow from it.
 * @throws an Error that says what is too little to size a lap by, and what to do.
 */
export type Sizing = (asked: Recipe, facts: LapFacts, isGiven: (field: string) => boolean) => readonly Derived[];
