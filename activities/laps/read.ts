import type { Domain, Domains } from '../../shared/domain.ts';
import type { LapPlan } from '../../shared/cost/plan.ts';
import type { LapFacts } from '../../shared/lap/facts.ts';
import { parentOf, resolveRecipe, type ResolvedInput } from '../../shared/lap/lapInput.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { ArtifactStore } from '../store/types.ts';
import { lapFacts, type Surroundings } from './facts.ts';
import { readManifest } from './parent.ts';
import { planFrom } from './planFrom.ts';

/** A lap's input as this installation reads it: what command, plan and workflow alike mean by it. */
export interface ReadLap extends ResolvedInput {
  readonly domain: Domain;
  /** The parent's, where it has one. */
  readonly manifest?: LapManifest;
  readonly facts: LapFacts;
  readonly plan: LapPlan;
}

/** Nothing is written, and servers that are silent are not waited for. @throws an Error that names each bad field, what was expected and came. */
export async function readLap(
  store: ArtifactStore,
  here: Surroundings & { readonly domains: Domains },
  input: unknown,
): Promise<ReadLap> {
  const { domains } = here;
  const from = parentOf(input);
  const manifest = from === undefined ? undefined : await readManifest(store, from);
  const stated = resolveRecipe(domains, input, manifest);
  const domain = domains.of(stated.recipe.domain.name);
  const facts = await lapFacts(store, here, domain, { ...stated, manifest });
  const resolved = resolveRecipe(domains, input, manifest, facts);
  const planned = await planFrom(store, domain, resolved, manifest, facts);
  const plan = { ...planned, ...(resolved.derived && { derived: resolved.derived }) };
  return { ...resolved, domain, facts, plan, ...(manifest && { manifest }) };
}
