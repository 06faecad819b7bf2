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
  const manifests: { place: string; at: number }[] = [];
  for await (const place of store.list('laps/'))
    if (place.endsWith('/manifest.json')) manifests.push({ place, at: (await store.stat(place))?.changedAt ?? 0 });
  for (const { place } of manifests.sort((one, other) => other.at - one.at)) {
    const manifest = await store.findJson<LapManifest>(place);
    if (manifest?.recipe.preset !== preset) continue;
    return Object.fromEntries(
      manifest.phases.map(({ name, startedAt, endedAt }) => [
        name,
        (Date.parse(endedAt) - Date.parse(startedAt)) / 1000,
      ]),
    );
  }
  return undefined;
}
