import { ApplicationFailure } from '@temporalio/common';
import type { Domains } from '../../shared/domain.ts';
import type { LapInput } from '../../shared/lap/lapInput.ts';
import { mendingLines } from '../../shared/lap/mending.ts';
import { refusalText } from '../../shared/lap/limits.ts';
import { fullLapName, lapNumber, uri } from '../../shared/ids.ts';
import type { ProblemSplits } from '../../shared/lap/manifest.ts';
import { headlines, refusalOfPlan, type LapPlan } from '../../shared/cost/plan.ts';
import type { PlanHeadline } from '../../shared/lap/progress.ts';
import type { ArtifactRef, CheckpointRef, PromptSetRef } from '../../shared/records.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { seedOf } from '../../shared/seeds.ts';
import { trainingLayout } from '../../shared/lap/layout.ts';
import type { TrlOptions } from '../../shared/training/trlOptions.ts';
import { madeBy } from '../store/made.ts';
import { DiskRefused, refusalOf, StoreUnreachable } from '../store/refusals.ts';
import { promptSetNamed } from '../store/promptSets.ts';
import type { ArtifactStore } from '../store/types.ts';
import { importBase, type Bases } from '../imports/bases.ts';
import type { Surroundings } from './facts.ts';
import { splitOf, withoutHeldBack } from './heldOut.ts';
import { allocateLap } from './identity.ts';
import { writeMending } from './mend.ts';
import { withLateAudits } from './lateAudits.ts';
import { parentLap, withGiven, type ParentLap } from './parent.ts';
import { readLap } from './read.ts';
import {
  fitOf,
  labelWarnings,
  refuseUnknownServing,
  refuseUnknownTraining,
  refuseWhatTheClusterCannotHold,
  type Choices,
} from './refusals.ts';
import { splitGiven, withValidating, writeGiven, type GivenDatasets } from '../datasets/given/given.ts';
import { writeProblems } from '../datasets/problems.ts';
import { failure } from '../failure.ts';

export interface OpenedLap {
  readonly lap: string;
  /** Place in its chain, counted from 1. */
  readonly turn: number;
  /** What everything random in the lap derives from: the recipe's seed, and from lap 2 on the turn as well. */
  readonly seed: number;
  readonly parent?: ParentLap;
  readonly recipe: Recipe;
  readonly recipeSha256: string;
  /** What it is expected to take: the whole, and a few numbers of each phase. */
  readonly plan: { readonly ref: ArtifactRef; readonly phases: readonly PlanHeadline[] };
  readonly prompts: PromptSetRef;
  readonly problems: ProblemSplits;
  readonly base: CheckpointRef;
  /** Of a lap 1: the graded sets that it names, as parts of D_v and D_mv. A later one's are parts of the parent's. */
  readonly given?: GivenDatasets;
  /** A lap 1's, where it begins with one. */
  readonly verifier?: CheckpointRef;
  /** Of a lap that mends another: that one, and those that it mends, the newest first. What is equal is taken over. */
  readonly donors?: readonly string[];
  /** What it takes over of them and what it repeats, in lines. */
  readonly mending?: readonly string[];
  /** Options of the training engine that follow from the GPUs' memory. @default none */
  readonly layout?: TrlOptions;
  /** Address of the folder of jobs, for people. */
  readonly jobsAt?: string;
  /** What a person should know of it before it begins. @default nothing */
  readonly warnings?: readonly string[];
}

/** Where a lap opens, and what there is to choose from. */
export interface Installation extends Surroundings, Choices {
  readonly domains: Domains;
  readonly bases: Bases;
  /** Whether a workflow is under way as this lap. */
  readonly isUnderWay: (lap: string) => Promise<boolean>;
  /**
   * Ends what a failed lap still asks people: whoever mends it asks them anew, with what they have said. @default there
   * is none
   */
  readonly endQuestions?: (lap: string) => Promise<void>;
}

/**
 * Reads the input, refuses what cannot run, names the lap, and lays out its problems and its base.
 * @throws `InvalidLap` or `OverBudget`: the same input would be refused again.
 */
export async function openLap(
  store: ArtifactStore,
  here: Installation,
  input: LapInput,
  owner: string,
): Promise<OpenedLap> {
  const { servingEngines, trainingEngines } = here;
  try {
    const first = await readLap(store, here, input);
    const { run, turn, domain, manifest, mends } = first;
    if (mends) await refuseWhatIsUnderWay(here, mends.failed.lap);
    refuseUnknownServing(servingEngines, first.recipe);
    refuseUnknownTraining(trainingEngines, first.recipe);
    await refuseWhatTheClusterCannotHold(here, first.recipe, first.plan);
    refuseWhatIsOverBudget(first.recipe, first.plan);
    const prompts = await promptSetNamed(store, first.recipe.domain.prompts, first.recipe.metaRubric);
    const base = await importBase(store, here, domain, first.recipe.domain.base);
    // Of a hub's model that was not here, the sizes are known now, and so is what follows from them.
    const isNew = first.facts.base === undefined;
    const again = { ...input, domain: { ...input.domain, base: base.name } };
    const { recipe: asked, plan, facts } = isNew ? await readLap(store, here, again) : first;
    const begun =
      turn === 1 && asked.verifier !== undefined
        ? await importBase(store, here, domain, asked.verifier, 'verifier')
        : undefined;
    const recipe = { ...asked, domain: { ...asked.domain, base: base.name }, ...(begun && { verifier: begun.name }) };
    const divided = await splitOf(store, domain, { turn, recipe, manifest });
    const brought = (await splitGiven(store, domain, { turn, recipe, manifest }, divided)) ?? (begun && {});
    refuseWhatDoesNotFit({ recipe, turn, plan, facts });
    // What can be refused was looked at: a name is given to laps that run.
    const lap = await allocateLap(store, run, owner, manifest === undefined ? 0 : lapNumber(manifest.lap));
    const donors = mends?.failed.donors;
    if (mends) await here.endQuestions?.(mends.failed.lap);
    if (mends && donors) await writeMending(store, lap, { donors, phases: mends.phases });
    const parent = manifest && (await store.refOf(uri.manifest(manifest.lap)));
    // First, so that a lap which gets no further can be mended.
    const recipeRef = await store.writeJson(uri.recipe(lap), recipe, madeBy('openLap', { parent }));
    const whole =
      manifest && parent && (await withLateAudits(store, lap, manifest, await parentLap(store, manifest, parent)));
    const taken = whole && (await withoutHeldBack(store, lap, domain, recipe, { parent: whole, manifest, divided }));
    const written = await writeProblems(store, lap, withValidating(taken?.divided ?? divided, brought));
    const { faulty } = manifest?.problems ?? {};
    const problems = { ...written, ...(faulty && { faulty }) };
    const given =
      brought &&
      (await writeGiven(store, lap, brought, {
        hasVerifier: begun !== undefined,
        metaVerification: recipe.metaVerification,
      }));
    const [measured] = plan.basis.flatMap((rate) => (rate.measured && fullLapName(rate.source)) || []);
    const rates = measured === undefined ? undefined : await store.refOf(uri.report(measured));
    const read = { recipe: recipeRef, parent, rates };
    const planned = await store.writeJson(uri.plan(lap), plan, madeBy('openLap', read));
    const warnings = labelWarnings(recipe);
    const { options: layout } = trainingLayout(recipe, facts) ?? {};
    return {
      lap,
      turn,
      seed: turn === 1 ? recipe.seed : seedOf(recipe.seed, 'turn', turn),
      ...(taken && { parent: withGiven(taken.parent, given) }),
      recipe,
      recipeSha256: recipeRef.sha256,
      plan: { ref: planned, phases: headlines(plan) },
      prompts,
      problems,
      base: base.checkpoint,
      jobsAt: store.address('jobs'),
      ...(layout && { layout }),
      ...(warnings.length > 0 && { warnings }),
      ...(turn === 1 && given && { given }),
      ...(begun && { verifier: begun.checkpoint }),
      ...(mends &&
        donors && {
          donors,
          mending: [`Mends ${mends.failed.lap}, and takes over what is equal:`, ...mendingLines(mends.phases)],
        }),
    };
  } catch (error) {
    if (error instanceof ApplicationFailure || isPassing(error)) throw error;
    throw failure('InvalidLap', error instanceof Error ? error.message : String(error));
  }
}

/** A full disk or a store out of reach may heal; a bad input does not. */
export function isPassing(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException;
  return (
    refusalOf(error, '') instanceof DiskRefused ||
    error instanceof StoreUnreachable ||
    ['EIO', 'EMFILE', 'ENFILE', 'EAGAIN', 'ETIMEDOUT', 'ESTALE'].includes(code)
  );
}

/** It would go on to ask and to train, beside the one that takes it over. */
async function refuseWhatIsUnderWay({ isUnderWay }: Installation, lap: string): Promise<void> {
  if (await isUnderWay(lap).catch((error: Error) => Promise.reject(ApplicationFailure.fromError(error))))
    throw new Error(
      `Invalid lap input: mend: expected a lap that has ended, got "${lap}", whose workflow is under way: let it go ` +
        'on, or cancel it first',
    );
}

function refuseWhatDoesNotFit(lap: Parameters<typeof fitOf>[0]): void {
  const { refused } = fitOf(lap);
  if (refused.length > 0) throw new Error(`Invalid lap input: ${refused.map(refusalText).join('; ')}`);
}

/** A type of its own: whoever starts lap after lap has come to an end, not upon a mistake. */
function refuseWhatIsOverBudget(recipe: Recipe, plan: LapPlan): void {
  const refusal = refusalOfPlan(plan, recipe);
  if (refusal !== undefined) throw failure('OverBudget', `Invalid lap input: ${refusal}`);
}
