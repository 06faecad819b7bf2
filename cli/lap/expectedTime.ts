import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { readJsonFile } from '../../activities/processes/processes.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LapProgress } from '../../shared/lap/progress.ts';
import type { Recipe } from '../../shared/lap/recipe.ts';
import { config } from '../../temporal.config.ts';
import type { PhaseSeconds } from './progressView.ts';
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
      const preset = readJsonFile<Recipe>(path.join(config.storeDir, uri.recipe(lap)))?.preset;
      const planned = Object.fromEntries(plan.map(({ phase, hours }) => [phase, hours * 3600]));
      known = { lap, seconds: (preset === undefined ? undefined : await lastLapOf(preset)) ?? planned };
    }
    return known.seconds;
  };
}

async function lastLapOf(preset: string): Promise<PhaseSeconds | undefined> {
  const folder = path.join(config.storeDir, 'laps');
  const files = (await readdir(folder, { recursive: true }).catch(() => [])).filter(
    (name) => path.basename(name) === 'manifest.json',
  ); // no lap yet
  const dated = await Promise.all(
    files.map(async (name) => ({ file: path.join(folder, name), at: (await stat(path.join(folder, name))).mtimeMs })),
  );
  for (const { file } of dated.sort((one, other) => other.at - one.at)) {
    const manifest = readJsonFile<LapManifest>(file);
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
