import type { LapManifest } from '../../shared/lap/manifest.ts';
import { planLap, type LapPlan, type PlannedDomain } from '../../shared/cost/plan.ts';
import type { LapFacts } from '../../shared/lap/facts.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import type { ArtifactStore } from '../store/types.ts';
import { uri } from '../../shared/ids.ts';

/**
 * A lap's plan, by the rates that its parent's report has. A parent without a report measures nothing, and neither
 * does one of another model or on other machines.
 */
export async function planFrom(
  store: ArtifactStore,
  domain: PlannedDomain,
  lap: { readonly turn: number; readonly recipe: Recipe },
  parent?: LapManifest,
  facts: LapFacts = {},
): Promise<LapPlan> {
  if (parent === undefined) return planLap(lap.recipe, lap.turn, domain, undefined, facts.problems);
  const comparable = worldOf(parent.recipe) === worldOf(lap.recipe);
  const report = comparable ? await store.findJson<LapReport>(uri.report(parent.lap)) : undefined;
  const measure = report && { lap: parent.lap, rates: report.rates };
  return planLap(lap.recipe, lap.turn, domain, { manifest: parent, measure });
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
