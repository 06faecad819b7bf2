import type { LapManifest } from '../../shared/lap/manifest.ts';
import { planLap, type LapPlan, type PlannedDomain } from '../../shared/cost/plan.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { ArtifactStore } from '../store/types.ts';
import { uri } from '../../shared/ids.ts';

/**
 * A lap's plan, by the rates that its parent's report has. A parent without a report or from before there were rates
 * measures nothing, and neither does one of another model or on other machines.
 */
export async function planFrom(
  store: ArtifactStore,
  domain: PlannedDomain,
  lap: { readonly turn: number; readonly recipe: Recipe },
  parent?: LapManifest,
): Promise<LapPlan> {
  if (parent === undefined) return planLap(lap.recipe, lap.turn, domain);
  const report = uri.report(parent.lap);
  const comparable = worldOf(parent.recipe) === worldOf(lap.recipe);
  const rates = comparable ? (await store.findJson<Partial<LapReport>>(report))?.rates : undefined;
  return planLap(lap.recipe, lap.turn, domain, { manifest: parent, measure: rates && { lap: parent.lap, rates } });
}

/** What tokens and seconds depend on, beside counts. */
function worldOf({ domain, inference, training }: Recipe): string {
  return JSON.stringify([
    domain.base,
    domain.prompts,
    inference.engine,
    training.cluster,
    training.nodes,
    training.gpusPerNode,
  ]);
}
