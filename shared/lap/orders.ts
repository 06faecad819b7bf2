import type { ModelRole, Task } from '../records.ts';
import type { QuestionKind } from '../review/reviews.ts';
import type { TrainingName } from '../stages.ts';
import type { SearchPolicy } from '../products/search.ts';
import type { Recipe } from '../recipe/recipe.ts';
import type { SizeName } from './sizes.ts';

/** What an order reads, and how much of it. */
interface Reads<Name extends string> {
  /** Within its phase; the set's or review's id is made of both. */
  readonly name: Name;
  readonly rows: SizeName;
  /** The rows of these that answers decide on: a rate of the plan, times a share that is rounded up. @default all */
  readonly part?: { readonly of: 'right' | 'contested' | 'labelled'; readonly share?: number };
  /** Made only where there is something to ask about. @default always */
  readonly ifAny?: true;
}

/** Answers of one model to each row. */
export interface SampleOrder<Name extends string = string> extends Reads<Name> {
  readonly kind: 'sample';
  readonly task: Task;
  readonly by: ModelRole;
  readonly perRow: number;
  /** At T = 0. */
  readonly greedy?: true;
}

/** Labels by the rule, from as many verdicts as decide it. */
export interface LabelOrder<Name extends string = string> extends Reads<Name> {
  readonly kind: 'label';
}

/** A search or a refinement of each problem at test time (paper 3.3), by the generator, judged by the verifier. */
export interface SolveOrder<Name extends string = string> extends Reads<Name> {
  readonly kind: 'solve';
  readonly policy: SearchPolicy;
}

/** A question to experts about each row. */
interface ReviewOrder<Name extends string = string> extends Reads<Name> {
  readonly kind: 'review';
  readonly question: QuestionKind;
  /** People are shown analyses after a first score of their own. @default they score once */
  readonly assisted?: true;
}

export interface TrainOrder<Name extends TrainingName = TrainingName> {
  readonly kind: 'train';
  readonly name: Name;
  /** What is trained on: a task's rows of D_p, D_v or D_mv, and their share of a batch. */
  readonly sources: readonly { readonly task: TrainedTask; readonly of: TrainingData; readonly weight: number }[];
  /** The frozen models that give the reward, with their calls about one sample. Experts' scores are v1's reward. */
  readonly judges: Readonly<Partial<Record<Judge, number>>>;
  /** Made only where there is something new to learn. @default always */
  readonly ifAny?: true;
}
export type TrainedTask = Exclude<Task, 'refine'>;
export type TrainingData = 'problems' | 'proofScores' | 'analysisScores' | 'examples';
export type Judge = 'verifier' | 'metaVerifier';

export type Order = SampleOrder | LabelOrder | SolveOrder | ReviewOrder | TrainOrder;

/** What decides which phases and orders a lap has. `turn` is its place in its chain, counted from 1. */
export interface LapShape {
  readonly recipe: Recipe;
  readonly turn: number;
}

/** Whether D_v is brought: then a lap 1 has no cold start. */
export const hasGivenProofs = ({ recipe, turn }: LapShape): boolean => turn === 1 && recipe.given !== undefined;

/** Whether a lap 1 begins with a verifier that is there, in the place of v2: then it leaves out 1A to 1D. */
export const hasGivenVerifier = ({ recipe, turn }: LapShape): boolean => turn === 1 && recipe.verifier !== undefined;

/** Whether the lap's own v2 rewards and labels; a later lap may keep the one that it branches from (an ablation). */
export const hasOwnVerifier = ({ recipe, turn }: LapShape): boolean => turn === 1 || recipe.retrainVerifier;

/** Whether people score what the automatic labels leave contested, in the same lap. */
export const asksAboutContested = ({ labelling, annotation }: Pick<Recipe, 'labelling' | 'annotation'>): boolean =>
  labelling.contested === 'ask' && annotation !== 'automatic';

/** Whether people score analyses in phase 4 as well, so that D_mv grows. */
export const asksLaterAnalyses = ({ metaVerification, metaData, annotation }: Recipe): boolean =>
  metaVerification && (metaData.laterAnalyses ?? 0) > 0 && annotation !== 'automatic';

type More = Partial<Pick<SampleOrder, 'part' | 'ifAny' | 'greedy'>>;

export const sample = <Name extends string>(
  name: Name,
  task: Task,
  by: ModelRole,
  rows: SizeName,
  perRow = 1,
  more: More = {},
): SampleOrder<Name> => ({ kind: 'sample', name, task, by, rows, perRow, ...more });
export const solve = <Name extends string>(name: Name, policy: SearchPolicy): SolveOrder<Name> => ({
  kind: 'solve',
  name,
  rows: 'searchedProblems',
  policy,
});
export const review = <Name extends string>(
  name: Name,
  question: QuestionKind,
  rows: SizeName,
  more: Partial<Pick<ReviewOrder, 'part' | 'ifAny' | 'assisted'>> = {},
): ReviewOrder<Name> => ({ kind: 'review', name, question, rows, ...more });
export const train = <Name extends TrainingName>(
  name: Name,
  sources: TrainOrder['sources'],
  judges: TrainOrder['judges'] = {},
  ifAny = false,
): TrainOrder<Name> => ({
  kind: 'train',
  name,
  sources: sources.filter(({ weight }) => weight > 0),
  judges,
  ...(ifAny && { ifAny }),
});
