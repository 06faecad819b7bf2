import { lapOf, uri } from '../../shared/ids.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LapFacts } from '../../shared/lap/facts.ts';
import { trainingLayout } from '../../shared/lap/layout.ts';
import { mendedPhases, type LaidOut, type MendedPhase } from '../../shared/lap/mending.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import type { ArtifactStore } from '../store/types.ts';
import { heldBy } from './held.ts';
import { knownLaps } from './laps.ts';
import { readManifest } from './parent.ts';

/** A lap that ended before its end, as another takes it over. */
export interface FailedLap {
  readonly lap: string;
  readonly recipe: Recipe;
  /** What of it was derived; absent where nothing was. */
  readonly derived?: LapPlan['derived'];
  readonly turn: number;
  /** The manifest of the lap that it went on from. */
  readonly parent?: LapManifest;
  /** The lap itself, and those that it mends, the newest first. */
  readonly donors: readonly string[];
}

/** `mend.json` of a lap: what it took over from, and what it set out to take and to repeat. */
interface MendRecord {
  readonly donors: readonly string[];
  readonly phases: readonly MendedPhase[];
}

/**
 * A lap that can be mended.
 * @param lap its full name.
 * @throws when there is no such lap, it came to nothing, or it has finished; the message names those that can be
 *   mended.
 */
export async function readFailed(store: ArtifactStore, lap: string): Promise<FailedLap> {
  const expected = (got: string) =>
    new Error(`Invalid lap input: mend: expected a lap that has not finished, got ${got}`);
  if ((await store.stat(uri.manifest(lap))) !== undefined && (await store.stat(uri.report(lap))) !== undefined)
    throw expected(`"${lap}", which has: go on from it with from ("--from ${lap}")`);
  const recipe = await store.findJson<Recipe>(uri.recipe(lap));
  if (recipe === undefined) throw expected(`"${lap}"; ${await mendable(store)}`);
  const made = await store.readMade(uri.recipe(lap));
  const from = made?.from.find((source) => source.as === 'parent');
  const before = from && 'uri' in from ? lapOf(from.uri) : undefined;
  const parent = before === undefined ? undefined : await readManifest(store, before);
  const record = await store.findJson<MendRecord>(uri.mend(lap));
  const { derived } = (await store.findJson<LapPlan>(uri.plan(lap))) ?? {};
  return {
    lap,
    recipe,
    derived,
    turn: parent === undefined ? 1 : parent.turn + 1,
    ...(parent && { parent }),
    donors: [lap, ...(record?.donors ?? [])],
  };
}

async function mendable(store: ArtifactStore): Promise<string> {
  const laps: string[] = [];
  for (const { lap, finished } of await knownLaps(store))
    if (!finished && (await store.stat(uri.recipe(lap))) !== undefined) laps.push(lap);
  return laps.length === 0 ? 'none has begun and not finished' : `there are ${laps.join(', ')}`;
}

/** What mending it with this recipe takes over and repeats. @param facts of the new lap. */
export async function mending(
  store: ArtifactStore,
  { recipe, turn, donors }: FailedLap,
  now: { readonly recipe: Recipe; readonly facts: LapFacts },
): Promise<MendedPhase[]> {
  const [before, after] = [laidOut(recipe, turn, now.facts), laidOut(now.recipe, turn, now.facts)];
  return mendedPhases(before, after, await heldBy(store, donors, after));
}

function laidOut(recipe: Recipe, turn: number, facts: LapFacts): LaidOut {
  const { options } = trainingLayout(recipe, facts) ?? {};
  return { recipe, turn, ...(options && { layout: options }) };
}

/** Puts on record what a lap takes over from, before it has a recipe: one without is not mended. */
export async function writeMending(store: ArtifactStore, lap: string, record: MendRecord): Promise<void> {
  await store.writeJson(uri.mend(lap), record);
}
