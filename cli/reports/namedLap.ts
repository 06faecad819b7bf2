import { knownLaps, type KnownLap } from '../../activities/laps/laps.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { fullLapName, MAIN, runOf, uri } from '../../shared/ids.ts';
import { store } from '../../workers/store.ts';
import { UsageError } from '../usage.ts';

/**
 * The laps of the store that the names say, `lap-0001` being short for `main/lap-0001`.
 * @throws UsageError naming the laps there are.
 */
export async function namedLaps(names: readonly string[]): Promise<KnownLap[]> {
  const laps = await knownLaps(store);
  return names.map((named) => {
    const found = laps.find(({ lap }) => lap === fullLapName(named));
    if (found === undefined)
      throw new UsageError(`Expected a lap of this store, got ${JSON.stringify(named)}; ${thoseThere(laps)}`);
    return found;
  });
}

/** The newest finished lap of the run main, else of any. @throws UsageError when none has finished. */
export async function newestLap(): Promise<KnownLap> {
  const laps = await knownLaps(store);
  const newest =
    laps.findLast(({ lap, finished }) => finished && runOf(lap) === MAIN) ?? laps.findLast(({ finished }) => finished);
  if (newest === undefined) throw new UsageError(`Expected a finished lap; ${thoseThere(laps)}`);
  return newest;
}

/** The manifests of finished laps. @throws UsageError where one is not known or has not finished. */
export async function finishedManifests(names: readonly string[]): Promise<LapManifest[]> {
  const laps = await namedLaps(names);
  const open = laps.find(({ finished }) => !finished);
  if (open !== undefined)
    throw new UsageError(
      `Expected finished laps, got ${open.lap}, which has no manifest yet: its figures are measured at its end`,
    );
  return Promise.all(laps.map(({ lap }) => store.readJson<LapManifest>(uri.manifest(lap))));
}

/** Where a person finds what a lap came to. */
export async function lapPages(lap: string): Promise<{ manifest: string; report: string }> {
  return { manifest: await store.local(uri.manifest(lap)), report: await store.local(uri.reportPage(lap)) };
}

function thoseThere(laps: readonly KnownLap[]): string {
  return laps.length === 0
    ? 'there are none yet: `flywheel lap` runs one'
    : `there are ${laps.map(({ lap, finished }) => (finished ? lap : `${lap} (not finished)`)).join(', ')}`;
}
