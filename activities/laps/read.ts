import type { Domain, Domains } from '../../shared/domain.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import type { LapFacts } from '../../shared/lap/facts.ts';
import { mendedOf, parentOf, resolveRecipe, type ResolvedInput } from '../../shared/lap/lapInput.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { MendedPhase } from '../../shared/lap/mending.ts';
import type { ArtifactStore } from '../store/types.ts';
import { lapFacts, splitAs, type Surroundings } from './facts.ts';
import { mending, readFailed, type FailedLap } from './mend.ts';
import { readManifest } from './parent.ts';
import { planFrom } from './planFrom.ts';

/** A lap's input as this installation reads it: what command, plan and workflow alike mean by it. */
export interface ReadLap extends ResolvedInput {
  readonly domain: Domain;
  /** The parent's, where it has one. */
  readonly manifest?: LapManifest;
  /** The lap that it mends, with what it takes over of it and what it repeats. */
  readonly mends?: { readonly failed: FailedLap; readonly phases: readonly MendedPhase[] };
  readonly facts: LapFacts;
  readonly plan: LapPlan;
}

/**
 * Nothing is written, and servers that are silent are not waited for.
 * @throws an Error that names each bad field, what was expected and what came.
 */
export async function readLap(
  store: ArtifactStore,
  here: Surroundings & { readonly domains: Domains },
  input: unknown,
): Promise<ReadLap> {
  const { domains } = here;
  const { failed, manifest, ground } = await namedLap(store, input);
  const stated = resolveRecipe(domains, input, ground);
  const domain = domains.of(stated.recipe.domain.name);
  const read = await lapFacts(store, here, domain, { ...stated, manifest });
  const resolved = resolveRecipe(domains, input, ground, read);
  const facts =
    manifest === undefined && resolved.derived !== undefined ? await splitAs(store, domain, resolved, read) : read;
  const planned = await planFrom(store, domain, resolved, manifest, facts);
  const plan = { ...planned, ...(resolved.derived && { derived: resolved.derived }) };
  return {
    ...resolved,
    domain,
    facts,
    plan,
    ...(manifest && { manifest, from: manifest.lap }),
    ...(failed && { mends: { failed, phases: await mending(store, failed, { recipe: resolved.recipe, facts }) } }),
  };
}

/** The lap that the input's recipe lies on, and the manifest of the parent. */
async function namedLap(store: ArtifactStore, input: unknown) {
  const [from, mend] = [parentOf(input), mendedOf(input)];
  if (mend !== undefined) {
    if (from !== undefined) return {}; // a clash, as whoever reads the input says
    const failed = await readFailed(store, mend);
    return { failed, manifest: failed.parent, ground: failed };
  }
  const manifest = from === undefined ? undefined : await readManifest(store, from);
  return { manifest, ground: manifest };
}
