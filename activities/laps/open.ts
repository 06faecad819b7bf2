import { ApplicationFailure } from '@temporalio/common';
import type { Domains } from '../../shared/domain.ts';
import type { LapInput } from '../../shared/lap/lapInput.ts';
import { mendingLines } from '../../shared/lap/mending.ts';
import { meansOf } from '../../shared/lap/means.ts';
import { lapNumber, uri } from '../../shared/ids.ts';
import type { ProblemSplits } from '../../shared/lap/manifest.ts';
import { headlines, refusalOfPlan, type LapPlan } from '../../shared/cost/plan.ts';
import type { PlanHeadline } from '../../shared/lap/progress.ts';
import type { ArtifactRef, CheckpointRef, PromptSetRef } from '../../shared/records.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import { seedOf } from '../../shared/seeds.ts';
import { clusterFor } from '../clusters/registry.ts';
import type { Cluster } from '../clusters/types.ts';
import { engineFor, type Engine } from '../training/engines.ts';
import { madeBy } from '../store/made.ts';
import { DiskRefused, refusalOf } from '../store/refusals.ts';
import { promptSetNamed } from '../store/promptSets.ts';
import type { ArtifactStore } from '../store/types.ts';
import { importBase, type Bases } from '../imports/bases.ts';
import type { Surroundings } from './facts.ts';
import { allocateLap } from './identity.ts';
import { writeMending } from './mend.ts';
import { parentLap, type ParentLap } from './parent.ts';
import { readLap } from './read.ts';
import { splitProblems, writeProblems } from '../datasets/problems.ts';
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
  /** Of a lap that mends another: that one, and those that it mends, the newest first. What is equal is taken over. */
  readonly donors?: readonly string[];
  /** What it takes over of them and what it repeats, in lines. */
  readonly mending?: readonly string[];
}

/** Where a lap opens, and what there is to choose from. */
export interface Installation extends Surroundings {
  readonly domains: Domains;
  readonly clusters: readonly Cluster[];
  /** Names of the serving engines. */
  readonly servingEngines: readonly string[];
  readonly trainingEngines: readonly Engine[];
  readonly bases: Bases;
  /** Whether a workflow is under way as this lap. */
  readonly isUnderWay: (lap: string) => Promise<boolean>;
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
  const { clusters, servingEngines, trainingEngines } = here;
  try {
    const { run, turn, recipe: asked, domain, manifest, plan, mends } = await readLap(store, here, input);
    if (mends) await refuseWhatIsUnderWay(here, mends.failed.lap);
    refuseUnknownServing(servingEngines, asked);
    refuseUnknownTraining(trainingEngines, asked);
    await refuseWhatTheClusterCannotHold(clusters, asked, plan);
    refuseWhatIsOverBudget(asked, plan);
    const prompts = await promptSetNamed(store, asked.domain.prompts);
    const base = await importBase(store, here, domain, asked.domain.base);
    const recipe = { ...asked, domain: { ...asked.domain, base: base.name } };
    const splits = await splitProblems(store, domain, { turn, recipe, inherited: manifest?.problems });
    // What can be refused was looked at: a name is given to laps that run.
    const lap = await allocateLap(store, run, owner, manifest === undefined ? 0 : lapNumber(manifest.lap));
    const donors = mends && (await writeMending(store, lap, { donors: mends.failed.donors, phases: mends.phases }));
    const parent = manifest && (await store.refOf(uri.manifest(manifest.lap)));
    // First, so that a lap which gets no further can be mended.
    const recipeRef = await store.writeJson(uri.recipe(lap), recipe, madeBy('openLap', { parent }));
    const problems = await writeProblems(store, lap, splits);
    const rates = manifest && plan.basis.some(({ measured }) => measured) ? uri.report(manifest.lap) : undefined;
    const read = { recipe: recipeRef, parent, rates: rates && (await store.refOf(rates)) };
    const planned = await store.writeJson(uri.plan(lap), plan, madeBy('openLap', read));
    return {
      lap,
      turn,
      seed: turn === 1 ? recipe.seed : seedOf(recipe.seed, 'turn', turn),
      ...(manifest && parent && { parent: parentLap(manifest, parent) }),
      recipe,
      recipeSha256: recipeRef.sha256,
      plan: { ref: planned, phases: headlines(plan) },
      prompts,
      problems,
      base: base.checkpoint,
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

function refuseUnknownServing(engines: readonly string[], { inference: { engine } }: Recipe): void {
  if (!engines.includes(engine))
    throw new Error(
      `Invalid lap input: inference.engine: expected one of ${engines.join(', ')}, got ${JSON.stringify(engine)}`,
    );
}

/** A lap trains by GRPO, a later one by SFT as well. */
function refuseUnknownTraining(engines: readonly Engine[], recipe: Recipe): void {
  for (const kind of ['grpo', 'sft'] as const) engineFor(engines, meansOf(recipe).engine, kind);
}

async function refuseWhatTheClusterCannotHold(
  clusters: readonly Cluster[],
  { preset, training }: Recipe,
  plan: LapPlan,
): Promise<void> {
  const { cluster, nodes, gpusPerNode } = training;
  await clusterFor(clusters, cluster, training).catch((error: Error) => {
    if (!(error instanceof ApplicationFailure && error.nonRetryable)) throw ApplicationFailure.fromError(error); // away
    throw new Error(
      `Preset ${preset} needs ${nodes} node${nodes === 1 ? '' : 's'} of ${gpusPerNode} GPUs for training and ` +
        `plans ${plan.total.expected.calls.toLocaleString('en')} model calls. ${error.message}`,
    );
  });
}

/** A type of its own: whoever starts lap after lap has come to an end, not upon a mistake. */
function refuseWhatIsOverBudget(recipe: Recipe, plan: LapPlan): void {
  const refusal = refusalOfPlan(plan, recipe);
  if (refusal !== undefined) throw failure('OverBudget', `Invalid lap input: ${refusal}`);
}
