import { ApplicationFailure } from '@temporalio/common';
import type { Refusal } from '../../shared/lap/facts.ts';
import { diskOf, diskRefusal } from '../../shared/cost/disk.ts';
import { precisionWarning } from '../../shared/label/precision.ts';
import { limitsOf, type Limits } from '../../shared/lap/limits.ts';
import { NOTHING_NEW } from '../../shared/lap/grown.ts';
import { clustersOf, engineOf } from '../../shared/recipe/means.ts';
import { labelPolicy } from '../../shared/lap/phases.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import { auditWarnings } from '../../shared/cost/auditSize.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { trainingLayout } from '../../shared/lap/layout.ts';
import { refuseUnreachable } from '../clusters/reachable.ts';
import { clusterFor } from '../clusters/registry.ts';
import type { Cluster } from '../clusters/types.ts';
import { engineFor, type Engine } from '../training/engines.ts';
import type { ReadLap } from './read.ts';

/** What there is to choose from: the names of the serving engines, and what trains, where. */
export interface Choices {
  readonly clusters: readonly Cluster[];
  readonly servingEngines: readonly string[];
  /** GPUs that the replicas of one model may take by that engine, at most. @default nobody knows */
  readonly servingGpus?: (engine: string) => number | undefined;
  readonly trainingEngines: readonly Engine[];
  /** Where jobs reach the reward service. @default not looked at */
  readonly rewardUrl?: string;
}

/** What a lap's plan, and the lap itself, say of labels that are likely to be wrong; none where they are not. */
export function labelWarnings(recipe: Recipe): string[] {
  const warning = precisionWarning(labelPolicy(recipe), recipe.labelling.minPrecision);
  return warning === undefined ? [] : [warning];
}

/** What does not fit of a lap: its sizes with its files and servers, and itself into the store. */
export function fitOf({ recipe, turn, plan, facts }: Pick<ReadLap, 'recipe' | 'turn' | 'plan' | 'facts'>): Limits {
  const { refused, warnings } = limitsOf({ recipe, turn }, facts);
  const full = diskRefusal(diskOf({ recipe, turn }, plan, facts), facts);
  const { refusal: tooLarge, warning: untold } = trainingLayout(recipe, facts) ?? {};
  const { wallHours } = recipe.training;
  const long = plan.phases.filter(({ expected }) => expected.trainingHours >= wallHours).map(({ phase }) => phase);
  const ended =
    `training.wallHours ${wallHours}: ${long.join(', ')} may take longer; a job is ended then, and tried again from ` +
    'where it was';
  return {
    refused: [...refused, ...(full ? [full] : []), ...(tooLarge ? [tooLarge] : [])],
    warnings: [
      ...warnings,
      ...(untold === undefined ? [] : [untold]),
      ...auditWarnings(recipe, plan.auditsPerLabel),
      ...(facts.base !== undefined && long.length > 0 ? [ended] : []),
      ...labelWarnings(recipe),
    ],
  };
}

/** All that keeps a lap from starting here, but its budget; and what it had better be warned of. */
export async function limitsHere(here: Choices, lap: ReadLap): Promise<Limits> {
  const { recipe, plan } = lap;
  const { refused, warnings } = fitOf(lap);
  const checks: readonly (readonly [field: string, check: () => unknown])[] = [
    ['training.engine', () => refuseUnknownTraining(here.trainingEngines, recipe)],
    ['training.cluster', () => refuseWhatTheClusterCannotHold(here, recipe, plan)],
  ];
  const more: Refusal[] = [];
  for (const [field, check] of checks)
    try {
      await check();
    } catch (error) {
      // A cluster that is away refuses nothing.
      if (!(error instanceof ApplicationFailure)) more.push({ field, message: (error as Error).message });
    }
  const { engine, gpus } = recipe.inference;
  const most = gpus === undefined ? (here.servingGpus?.(engine) ?? 0) : 0;
  const uncounted =
    `inference.gpus: the replicas of one model may take up to ${most} GPUs, which count as GPU-hours only where it ` +
    'says how many serve';
  const idle = plan.phases.some(({ phase, expected }) => phase === 'metaVerifier' && expected.trainingHours === 0);
  return {
    refused: [...refused, ...more],
    warnings: [...warnings, ...(most > 0 ? [uncounted] : []), ...(idle ? [NOTHING_NEW] : [])],
  };
}

export function refuseUnknownServing(engines: readonly string[], { inference: { engine } }: Recipe): void {
  if (!engines.includes(engine))
    throw new Error(
      `Invalid lap input: inference.engine: expected one of ${engines.join(', ')}, got ${JSON.stringify(engine)}`,
    );
}

/** A lap trains by GRPO, a later one by SFT as well. */
export function refuseUnknownTraining(engines: readonly Engine[], recipe: Recipe): void {
  for (const kind of ['grpo', 'sft'] as const) engineFor(engines, engineOf(recipe.training), kind);
}

export async function refuseWhatTheClusterCannotHold(
  { clusters, rewardUrl }: Pick<Choices, 'clusters' | 'rewardUrl'>,
  { preset, training }: Recipe,
  plan: LapPlan,
): Promise<void> {
  const { nodes, gpusPerNode } = training;
  const fitting = clustersOf(training).map(async (name) => {
    const found = await clusterFor(clusters, name, training);
    if (rewardUrl !== undefined) refuseUnreachable(found, rewardUrl);
  });
  await Promise.all(fitting).catch((error: Error) => {
    if (!(error instanceof ApplicationFailure && error.nonRetryable)) throw ApplicationFailure.fromError(error); // away
    throw new Error(
      `Preset ${preset} needs ${nodes} node${nodes === 1 ? '' : 's'} of ${gpusPerNode} GPUs for training and ` +
        `plans ${plan.total.expected.calls.toLocaleString('en')} model calls. ${error.message}`,
    );
  });
}
