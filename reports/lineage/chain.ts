import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { ArtifactRef } from '../../shared/records.ts';
import { knownLaps } from '../../activities/laps/laps.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { uri } from '../../shared/ids.ts';

/** A lap of a chain, and its manifest's digest as it lies in the store. */
export interface ChainLink {
  readonly manifest: LapManifest;
  readonly ref: ArtifactRef;
}

/** A link of the chain that does not hold. The message names both ends. */
export class BrokenLink extends Error {
  override readonly name = 'BrokenLink';
}

/** @throws BrokenLink when the two are not the same. */
export function expectLink(
  what: string,
  expected: string | number | undefined,
  got: string | number | undefined,
): void {
  if (expected !== got)
    throw new BrokenLink(`Broken link: expected ${what} to be ${expected ?? 'there'}, got ${got ?? 'none'}`);
}

/** What the store refuses is a broken link. */
export async function held<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new BrokenLink(`Broken link: ${said(error)}`, { cause: error });
  }
}

/** A file that is not there says so in the words of the others. */
function said(error: unknown): string {
  const { code, path, message } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' ? `expected ${path ?? 'a file'} to be there, got none` : message;
}

/**
 * The laps from this one back to its chain's first, newest first.
 * @throws BrokenLink when a manifest is missing or is not the one that its child went on from, or a lap's recipe is not
 * what its manifest says.
 */
export async function walkChain(store: ArtifactStore, lap: string): Promise<ChainLink[]> {
  const chain: ChainLink[] = [];
  for (let next: string | undefined = lap, child: LapManifest | undefined; next !== undefined;) {
    const at: string = uri.manifest(next);
    const whose: string = child === undefined ? at : `${at}, which ${child.lap} went on from,`;
    if (!(await store.exists(at))) throw new BrokenLink(`Broken link: expected ${whose} to be in the store, got none`);
    const ref: ArtifactRef = await store.refOf(at);
    if (child !== undefined) expectLink(`the sha256 of ${whose}`, child.parent?.manifest.sha256, ref.sha256);
    const manifest: LapManifest = await store.readJson<LapManifest>(at);
    expectLink(`the lap of ${at}`, next, manifest.lap);
    if (child !== undefined)
      expectLink(`the turn of ${next}, the parent of ${child.lap},`, child.turn - 1, manifest.turn);
    expectLink(
      `the sha256 of ${uri.recipe(next)}`,
      manifest.recipeSha256,
      (await held(() => store.refOf(uri.recipe(manifest.lap)))).sha256,
    );
    if (manifest.parent === undefined) expectLink(`the turn of ${next}, which has no parent,`, 1, manifest.turn);
    chain.push({ manifest, ref });
    child = manifest;
    next = manifest.parent?.lap;
  }
  return chain;
}

/**
 * The manifests of all finished laps, oldest first; without those of before laps had chains, which name their datasets
 * otherwise.
 */
export async function finishedLaps(store: ArtifactStore): Promise<LapManifest[]> {
  const manifests: LapManifest[] = [];
  for (const { lap, finished } of await knownLaps(store))
    if (finished) manifests.push(await store.readJson<LapManifest>(uri.manifest(lap)));
  return manifests
    .filter(({ proofScores }) => Array.isArray(proofScores.train))
    .sort((a, b) => Date.parse(a.startedAt) - Date.parse(b.startedAt) || a.turn - b.turn);
}
