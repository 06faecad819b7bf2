import { checkpointRef } from '../../activities/store/checkpoints.ts';
import { ArtifactChanged, type ArtifactStore, type MadeArtifact } from '../../activities/store/types.ts';
import type { Lineage } from '../../shared/figures/lineage.ts';
import { fullLapName, inMain, isJobKey, lapOf, partOf, prefixOf, PRODUCTS, uri } from '../../shared/ids.ts';
import type { ArtifactRef, ProofRow } from '../../shared/records.ts';
import type { JobResult } from '../../shared/training/job.ts';
import { describeProof, type FoundProof } from './proofs.ts';
import { BrokenLink, chainOf, describe, walk } from './walk.ts';

export { BrokenLink };

/** What was asked for is not in the store, or is more than one thing. */
export class UnknownSubject extends Error {
  override readonly name = 'UnknownSubject';
}

export interface LineageOptions {
  /** False: checkpoints are not read through, which takes long for large ones. */
  readonly weights: boolean;
  /** The lap in whose chain to look. @default all laps */
  readonly lap?: string;
}

/**
 * Walks back from a checkpoint (digest, or the name of its training), a dataset (URI or digest), a proof (id) or a
 * whole lap to the base and the first expert's score, and checks every digest on the way. Digests may be cut to 8 or
 * more characters.
 * @throws UnknownSubject, or BrokenLink when the store does not hold what a link says.
 */
export async function lineage(store: ArtifactStore, asked: string, options: LineageOptions): Promise<Lineage> {
  try {
    return await lineageOf(store, asked, options);
  } catch (error) {
    const { code, path = 'all' } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
    const gone = code === 'ENOENT' && `expected ${path} to be there, got none`;
    const what = gone || (error instanceof ArtifactChanged && error.message);
    if (what) throw new BrokenLink(`Broken link: ${what}`, { cause: error });
    throw error;
  }
}

async function lineageOf(store: ArtifactStore, asked: string, { weights, lap: within }: LineageOptions) {
  const made = await store.listMade('datasets/', 'labels/', 'reviews/', 'checkpoints/', 'products/', uri.imported);
  const laps = within && (await chainOf(store, within)).chain.map(({ uri: at }) => lapOf(at));
  const near = made.filter(({ uri: at }) => !laps || laps.includes(lapOf(at)));
  const found =
    (await byName(store, asked)) ?? (await byDigest(store, near, asked)) ?? (await byId(store, near, asked));
  const [at, subject] =
    'row' in found
      ? [found.in.uri, await describeProof(store, made, found)]
      : [found.uri, await describe(store, found, weights)];
  // A checkpoint that a mended lap took over was made in a lap that never finished: the lap that was named has a chain.
  const lap = lapOf(at) ?? lapOf(asked) ?? lapOf(inMain(asked)) ?? lapOf(subject.by ?? '');
  const { chain, named } = await chainOf(store, lap);
  return { subject: subject.id, chain, ...(await walk(store, subject, { weights, named })) };
}

/** A lap, a dataset, what a product came to, or a training. */
async function byName(store: ArtifactStore, asked: string): Promise<ArtifactRef | undefined> {
  const manifest = uri.manifest(fullLapName(asked) ?? '');
  const files = /^(datasets|labels|reviews|imports|products)\//.test(asked) ? [asked] : [];
  if (isProduct(asked)) files.push(uri.products(asked, 'results.jsonl'), uri.products(asked, 'report.json'));
  for (const at of [manifest, ...files]) if ((await store.stat(at)) !== undefined) return store.refOf(at);
  for (const jobKey of [asked, inMain(asked)].filter(isJobKey)) {
    const result = await store.findJson<JobResult>(uri.jobs(jobKey, 'result.json'));
    if (result?.status === 'succeeded') return checkpointRef(result.checkpoint.sha256);
  }
  return undefined;
}

const isProduct = (name: string): boolean => PRODUCTS.some((kind) => name.startsWith(prefixOf(kind)));

/** Of equal bytes made by several laps, the oldest lap's. */
async function byDigest(store: ArtifactStore, near: readonly MadeArtifact[], asked: string) {
  if (!/^[0-9a-f]{8,64}$/.test(asked)) return undefined;
  const found = new Map<string, ArtifactRef>();
  for (const ref of near) if (ref.sha256.startsWith(asked) && !found.has(ref.sha256)) found.set(ref.sha256, ref);
  for await (const at of store.list(uri.checkpoint(asked))) {
    const [sha256 = ''] = /[0-9a-f]{64}/.exec(at) ?? [];
    found.set(sha256, checkpointRef(sha256));
  }
  const [first, other] = found.keys();
  if (other === undefined) return found.get(first ?? '');
  throw new UnknownSubject(
    `Expected a digest of one checkpoint or dataset, got ${asked}, which stands for ${first} and ${other}; give ` +
      'more of it',
  );
}

/** The lap that has a proof; of a product's, its dataset. */
const ownerOf = ({ in: { uri: at } }: FoundProof): string => lapOf(at) ?? at;

/** A proof. A chain of laps has one of an id. */
async function byId(store: ArtifactStore, near: readonly MadeArtifact[], asked: string): Promise<FoundProof> {
  const proofs: FoundProof[] = [];
  const isWritten = ({ by, uri: at }: MadeArtifact): boolean =>
    ['collectProofs', 'buildHeldOutProofs', 'collectRound'].includes(by) ||
    (by === 'openLap' && partOf(at.slice(at.indexOf('/') + 1)) === 'proofScores'); // a team's own
  for (const each of near.filter(isWritten))
    for await (const row of store.readJsonl<ProofRow>(each)) if (row.id === asked) proofs.push({ in: each, row });
  const [found, other] = proofs;
  if (found !== undefined && other === undefined) return found;
  throw new UnknownSubject(
    found && other
      ? `Expected one proof, got ${JSON.stringify(asked)}, which ${ownerOf(found)} and ${ownerOf(other)} both have; ` +
          'say which with --lap'
      : "Expected a training (main/lap-0001/verifier-v2), a dataset's URI, a proof's id, a lap, a product " +
          `(solve/imo-2025), or 8 or more characters of a digest, got ${JSON.stringify(asked)}, which is in nothing ` +
          'that was looked at',
  );
}
