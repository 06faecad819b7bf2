import { checkpointDigestIn } from '../../activities/store/checkpoints.ts';
import { openPromptSet } from '../../activities/store/promptSets.ts';
import type { ArtifactStore, MadeArtifact } from '../../activities/store/types.ts';
import { prefixOf, uri } from '../../shared/ids.ts';
import type { ArtifactRef } from '../../shared/records.ts';

/** What was looked at, and what is wrong with it: nothing, where it is what its digest says. */
export interface Verified {
  readonly uri: string;
  /** Who says what it should be: its own name, an artifact that says what it was made of, a lap's manifest. */
  readonly by: string;
  readonly fault?: string;
}

const MADE = /\.made\.json$/;
const MANIFEST = /^laps\/[^/]+\/lap-\d+\/manifest\.json$/;
const CHECKPOINT = /^checkpoints\/([0-9a-f]{64})$/;
const PROMPTS = /^prompts\/([0-9a-f]{64})\//;
const IMPORTED = /^imports\/(?:problems|proofs|analyses|candidates)\/([0-9a-f]{12})\.jsonl$/;

/**
 * Reads all of a store that has a digest: checkpoints and prompt sets, what says what it was made of, what manifests
 * name, and what people brought.
 * @param weights false: of checkpoints only that they are there.
 */
export async function* verified(store: ArtifactStore, weights: boolean): AsyncGenerator<Verified> {
  /** Digests that were found, so that what several name is read once. */
  const found = new Map<string, string>();
  const digestOf = async (at: string): Promise<string> => {
    const known = found.get(at);
    if (known !== undefined) return known;
    const [, digest] = CHECKPOINT.exec(at) ?? [];
    const got =
      digest === undefined
        ? (await store.refOf(at)).sha256
        : weights
          ? await checkpointDigestIn(store, prefixOf(at))
          : (await store.stat(uri.checkpoint(digest, 'config.json')))
            ? digest
            : 'none';
    found.set(at, got);
    return got;
  };
  const compared = async (ref: ArtifactRef, by: string): Promise<Verified> => {
    const got = await digestOf(ref.uri).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' && error.name !== 'ArtifactChanged' && !/checkpoint/.test(error.message)) throw error;
      return 'none';
    });
    return { uri: ref.uri, by, ...(got !== ref.sha256 && { fault: `expected sha256 ${ref.sha256}, got ${got}` }) };
  };
  const sets = new Set<string>();
  for await (const at of store.list('')) {
    const [folder = ''] = at.split('/');
    const [, digest] = /^checkpoints\/([0-9a-f]{64})\//.exec(at) ?? [];
    const [, set] = PROMPTS.exec(at) ?? [];
    const [, start] = IMPORTED.exec(at) ?? [];
    if (digest !== undefined && !found.has(uri.checkpoint(digest)))
      yield await compared({ uri: uri.checkpoint(digest), sha256: digest }, 'its name');
    else if (set !== undefined && !sets.has(set)) {
      sets.add(set);
      const fault = await openPromptSet(store, { name: at, sha256: set }).then(() => undefined, messageOf);
      yield { uri: uri.promptSet(set), by: 'its name', ...(fault !== undefined && { fault }) };
    } else if (start !== undefined) {
      const got = await digestOf(at);
      if (!got.startsWith(start))
        yield { uri: at, by: 'its name', fault: `expected a sha256 that begins with ${start}, got ${got}` };
      else yield { uri: at, by: 'its name' };
    } else if (folder !== 'checkpoints' && MADE.test(at)) {
      const { sha256 } = await store.readJson<MadeArtifact>(at);
      const artifact = at.replace(MADE, '');
      // Between its own writing and the artifact's, a kill leaves one that is nobody's.
      if ((await store.stat(artifact)) !== undefined) yield await compared({ uri: artifact, sha256 }, at);
    } else if (MANIFEST.test(at)) for (const ref of await refsIn(store, at)) yield await compared(ref, at);
  }
}

/** The artifacts that a manifest names by digest. */
async function refsIn(store: ArtifactStore, manifest: string): Promise<ArtifactRef[]> {
  const refs = new Map<string, ArtifactRef>();
  JSON.parse(await store.readText(manifest), (_, value: Partial<ArtifactRef> | null) => {
    if (typeof value?.uri === 'string' && typeof value.sha256 === 'string')
      refs.set(`${value.uri} ${value.sha256}`, { uri: value.uri, sha256: value.sha256 });
    return value;
  });
  return [...refs.values()];
}

const messageOf = (error: Error): string => error.message;
