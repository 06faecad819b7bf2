import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { Measure } from '../../shared/cost/knownRates.ts';
import { planLap, type LapPlan, type PlannedDomain } from '../../shared/cost/plan.ts';
import type { LapFacts } from '../../shared/lap/facts.ts';
import type { MeasuredRates } from '../../shared/cost/rates.ts';
import { clustersOf } from '../../shared/recipe/means.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { Task } from '../../shared/records.ts';
import type { ArtifactStore } from '../store/types.ts';
import { uri } from '../../shared/ids.ts';
import { knownLaps } from './laps.ts';

/**
 * A lap's plan, by the rates of its parent's report, else of the newest finished lap of the same model on the same
 * machines, and by what questions to its base measured (`flywheel doctor --recipe`).
 */
export async function planFrom(
  store: ArtifactStore,
  domain: PlannedDomain,
  lap: { readonly turn: number; readonly recipe: Recipe },
  parent?: LapManifest,
  facts: LapFacts = {},
): Promise<LapPlan> {
  const world = worldOf(lap.recipe);
  const comparable = parent !== undefined && worldOf(parent.recipe) === world ? parent : await newestIn(store, world);
  const report = comparable && (await store.findJson<LapReport>(uri.report(comparable.lap)));
  const measures: Measure[] = comparable && report ? [{ lap: comparable.lap, rates: report.rates }] : [];
  // Of a shipped base more is known than a few questions tell.
  const { sha256 } = Object.hasOwn(domain.bases, lap.recipe.domain.base) ? {} : (facts.base ?? {});
  const asked = sha256 === undefined ? undefined : uri.rates(sha256, lap.recipe.inference.engine);
  const rates = asked === undefined ? undefined : await store.findJson<AskedRates>(asked);
  if (asked !== undefined && rates !== undefined) measures.push({ lap: asked, rates: ratesFor(lap.recipe, rates) });
  return planLap(lap.recipe, lap.turn, domain, parent && { manifest: parent }, { facts, measures });
}

/** Lengths are those of questions that were asked alike; the speed holds for others, too. */
function ratesFor({ domain, sampling }: Recipe, { prompts, asked, rates }: AskedRates): Partial<MeasuredRates> {
  const { tokens = {}, ...others } = rates;
  const isAlike = (task: string): boolean =>
    prompts === domain.prompts && JSON.stringify(asked[task as Task]) === JSON.stringify(sampling[task as Task]);
  return { ...others, tokens: Object.fromEntries(Object.entries(tokens).filter(([task]) => isAlike(task))) };
}

/** What questions to a base measured, `probes/rates-<digest>-<engine>.json`. */
export interface AskedRates {
  /** The recipe's prompts. */
  readonly prompts: string;
  /** The recipe's sampling. */
  readonly asked: Recipe['sampling'];
  readonly rates: Partial<MeasuredRates>;
  /** ISO 8601. */
  readonly at: string;
}

async function newestIn(store: ArtifactStore, world: string): Promise<LapManifest | undefined> {
  const finished = (await knownLaps(store)).filter((known) => known.finished);
  const manifests = await Promise.all(finished.map(({ lap }) => store.readJson<LapManifest>(uri.manifest(lap))));
  return manifests
    .filter(({ recipe }) => worldOf(recipe) === world)
    .sort((one, other) => Date.parse(other.endedAt) - Date.parse(one.endedAt))[0];
}

/** What tokens and seconds depend on, beside counts. */
export function worldOf({ domain, inference, training }: Recipe): string {
  return JSON.stringify([
    domain.base,
    domain.prompts,
    inference.engine,
    clustersOf(training).join(),
    training.nodes,
    training.gpusPerNode,
  ]);
}
