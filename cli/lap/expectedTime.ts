import { knownLaps } from '../../activities/laps/laps.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import type { PhaseSeconds } from './progressView.ts';
import { store } from '../../workers/store.ts';
import { uri } from '../../shared/ids.ts';

/**
 * How long the phases of a lap took the last time a lap of its preset ended here, else what is planned. Looked up once
 * a lap.
 */
export function expectedTimes(): (progress: LapProgress) => Promise<PhaseSeconds> {
  let known: { lap: string; seconds: PhaseSeconds } | undefined;
  return async ({ lap, plan = [] }) => {
    if (lap === undefined) return {};
    if (known?.lap !== lap) {
      const preset = (await store.findJson<Recipe>(uri.recipe(lap)))?.preset;
      const planned = Object.fromEntries(plan.map(({ phase, hours }) => [phase, hours * 3600]));
      known = { lap, seconds: (preset === undefined ? undefined : await lastLapOf(preset)) ?? planned };
    }
    return known.seconds;
  };
}

async function lastLapOf(preset: string): Promise<PhaseSeconds | undefined> {
  const laps = (await knownLaps(store)).filter(({ finished }) => finished);
  const manifests = await Promise.all(laps.map(({ lap }) => store.readJson<LapManifest>(uri.manifest(lap))));
  const [last] = manifests
    .filter(({ recipe, mended }) => recipe.preset === preset && mended === undefined) // taking over takes no time
    .sort((one, other) => Date.parse(other.endedAt) - Date.parse(one.endedAt));
  const secondsOf = ({ startedAt, endedAt }: LapManifest['phases'][number]) =>
    (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
  return last && Object.fromEntries(last.phases.map((phase) => [phase.name, secondsOf(phase)]));
}
