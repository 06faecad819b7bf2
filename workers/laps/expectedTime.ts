import { knownLaps } from '../../activities/laps/laps.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import { domains } from '../../domains/index.ts';
import { worldOf } from '../../activities/laps/planFrom.ts';
import { STAGE_NAMES } from '../../shared/stages.ts';
import type { LapProgress, PlanHeadline } from '../../shared/lap/progress.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { PhaseSeconds } from '../../shared/lap/timeLeft.ts';
import { store } from '../store.ts';
import { uri } from '../../shared/ids.ts';

/**
 * How long the phases of a lap take: as they took the last time a lap of its preset and world ended here, else as it is
 * planned by rates that were measured with its base. Looked up once a lap.
 */
export function expectedTimes(): (progress: LapProgress) => Promise<PhaseSeconds> {
  let known: { lap: string; seconds: PhaseSeconds } | undefined;
  return async ({ lap, plan = [] }) => {
    if (lap === undefined) return {};
    if (known?.lap !== lap) {
      const recipe = await store.findJson<Recipe>(uri.recipe(lap));
      known = { lap, seconds: (recipe && (await lastLapLike(recipe))) ?? (await plannedTimes(lap, recipe, plan)) };
    }
    return known.seconds;
  };
}

/** Of rates that are assumed nothing is told: they may be ten times off. A shipped base's were measured. */
async function plannedTimes(
  lap: string,
  recipe: Recipe | undefined,
  headlines: readonly PlanHeadline[],
): Promise<PhaseSeconds> {
  const basis = (await store.findJson<LapPlan>(uri.plan(lap)))?.basis ?? [];
  const isShipped = recipe !== undefined && Object.hasOwn(domains.of(recipe.domain.name).bases, recipe.domain.base);
  const isMeasured = (of: string): boolean =>
    isShipped ||
    basis.some((rate) => rate.of === of && rate.measured && /^(tokens a second|seconds a sample)$/.test(rate.figure));
  const stages: readonly string[] = [...STAGE_NAMES, 'consolidation'];
  const rateOf = (phase: string): string => (stages.includes(phase) ? phase : 'inference');
  return Object.fromEntries(
    headlines.map(({ phase, hours, calls }) => {
      const takesNothing = hours === 0 && calls === 0;
      return [phase, takesNothing || isMeasured(rateOf(phase)) ? hours * 3600 : undefined];
    }),
  );
}

async function lastLapLike(recipe: Recipe): Promise<PhaseSeconds | undefined> {
  const laps = (await knownLaps(store)).filter(({ finished }) => finished);
  const manifests = await Promise.all(laps.map(({ lap }) => store.readJson<LapManifest>(uri.manifest(lap))));
  const [last] = manifests
    .filter(({ recipe: its, mended }) => isAlike(its, recipe) && mended === undefined) // taking over takes no time
    .sort((one, other) => Date.parse(other.endedAt) - Date.parse(one.endedAt));
  const secondsOf = ({ startedAt, endedAt }: LapManifest['phases'][number]) =>
    (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  return last && Object.fromEntries(last.phases.map((phase) => [phase.name, secondsOf(phase)]));
}

/** Laps of one preset, of one model on the same machines. */
const isAlike = (one: Recipe, other: Recipe): boolean => one.preset === other.preset && worldOf(one) === worldOf(other);
