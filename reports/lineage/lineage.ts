import type { Lineage } from '../../shared/figures/lineage.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { finishedLaps, walkChain } from './chain.ts';
import { datasetsOf } from './datasets.ts';
import { describeProof, findProof } from './proofs.ts';
import type { FoundProof } from './proofs.ts';
import { trainingsOf } from './trainings.ts';
import { Walk } from './walk.ts';
import type { From, WalkOptions } from './walk.ts';
import { fullLapName, isWrittenBy, inMain } from '../../shared/ids.ts';

export { BrokenLink } from './chain.ts';

/** What was asked for is not in the store, or is more than one thing. */
export class UnknownSubject extends Error {
  override readonly name = 'UnknownSubject';
}

export interface LineageOptions extends WalkOptions {
  /** The lap in whose chain to look. @default all finished laps */
  readonly lap?: string;
}

/** A thing, and the lap whose chain it is walked along. */
interface Subject {
  readonly lap: string;
  readonly visit: (walk: Walk) => Promise<From>;
}

/**
 * Walks back from a checkpoint (digest, or the name of its training), a dataset (URI or digest), a proof (id) or a
 * whole lap to the base and the first expert's score, and checks every digest on the way. Digests may be cut to 8 or
 * more characters.
 * @throws UnknownSubject, or BrokenLink when the store does not hold what a link says.
 */
export async function lineage(store: ArtifactStore, asked: string, options: LineageOptions): Promise<Lineage> {
  const finished = await finishedLaps(store);
  const within =
    options.lap === undefined ? undefined : (await walkChain(store, options.lap)).map(({ manifest }) => manifest.lap);
  const laps = finished.filter(({ lap }) => within === undefined || within.includes(lap));
  const subject =
    byLap(laps, asked) ??
    byTraining(laps, asked) ??
    byDataset(laps, asked) ??
    byDigest(laps, asked) ??
    (await byProof(store, laps, finished, asked));
  const chain = await walkChain(store, subject.lap);
  const walk = new Walk(store, chain, options);
  const { id } = await subject.visit(walk);
  return {
    subject: id,
    chain: chain.map(({ manifest, ref }) => ({ lap: manifest.lap, turn: manifest.turn, manifest: ref })),
    nodes: walk.nodes,
    firstScore: walk.firstScore,
  };
}

/** A whole lap: the models that it ends with, and what it adds to D_v. */
function byLap(laps: readonly LapManifest[], asked: string): Subject | undefined {
  const manifest = laps.find(({ lap }) => lap === fullLapName(asked));
  if (manifest === undefined) return undefined;
  const { lap, models, proofScores, turn } = manifest;
  return {
    lap,
    visit: (walk) =>
      walk.visit('subject', lap, async () => {
        const from: From[] = [];
        for (const [role, model] of Object.entries(models)) from.push(await walk.checkpoint(role, model));
        from.push(await walk.dataset('added to D_v', proofScores.grown));
        return {
          kind: 'lap',
          lap,
          facts: { turn, parent: manifest.parent?.lap ?? null },
          verified: ['manifests of the chain: sha256 against each parent link'],
          from,
        };
      }),
  };
}

function byTraining(laps: readonly LapManifest[], asked: string): Subject | undefined {
  for (const manifest of laps) {
    const training = trainingsOf(manifest).find(({ jobKey }) => [asked, inMain(asked)].includes(jobKey));
    if (training !== undefined)
      return { lap: manifest.lap, visit: (walk) => walk.training('subject', training.jobKey) };
  }
  return undefined;
}

function byDataset(laps: readonly LapManifest[], asked: string): Subject | undefined {
  if (!/^(datasets|labels)\//.test(asked)) return undefined;
  for (const manifest of laps) {
    const ref = datasetsOf(manifest).find(({ uri }) => uri === asked);
    if (ref !== undefined && isWrittenBy(ref.uri, manifest.lap))
      return { lap: manifest.lap, visit: (walk) => walk.dataset('subject', ref) };
  }
  throw new UnknownSubject(
    `Expected a dataset that a finished lap's manifest names, got ${JSON.stringify(asked)}; \`flywheel lineage ` +
      `<lap>\` shows those of a lap`,
  );
}

/**
 * Of equal bytes made by several laps, the oldest lap's. @throws UnknownSubject when a cut digest stands for several
 * things.
 */
function byDigest(laps: readonly LapManifest[], asked: string): Subject | undefined {
  if (!/^[0-9a-f]{8,64}$/.test(asked)) return undefined;
  const found = new Map<string, Subject>();
  const meet = (sha256: string, subject: Subject): void => {
    if (sha256.startsWith(asked) && !found.has(sha256)) found.set(sha256, subject);
  };
  for (const manifest of laps) {
    const { lap, base } = manifest;
    meet(base.sha256, { lap, visit: (walk) => walk.checkpoint('subject', base) });
    for (const { checkpoint } of trainingsOf(manifest))
      meet(checkpoint.sha256, { lap, visit: (walk) => walk.checkpoint('subject', checkpoint) });
    for (const ref of datasetsOf(manifest))
      if (isWrittenBy(ref.uri, lap)) meet(ref.sha256, { lap, visit: (walk) => walk.dataset('subject', ref) });
  }
  if (found.size > 1)
    throw new UnknownSubject(
      `Expected a digest of one checkpoint or dataset, got ${asked}, which stands for ` +
        `${[...found.keys()].map((sha256) => sha256.slice(0, 16)).join(', ')}; give more of it`,
    );
  return found.values().next().value;
}

async function byProof(
  store: ArtifactStore,
  laps: readonly LapManifest[],
  finished: readonly LapManifest[],
  asked: string,
): Promise<Subject> {
  const found: FoundProof[] = [];
  const broken: unknown[] = [];
  for (const manifest of laps) {
    try {
      const proof = await findProof(store, manifest, asked);
      if (proof !== undefined) found.push(proof);
    } catch (error) {
      broken.push(error); // it matters only where no other lap has the proof
    }
  }
  const [first, ...others] = found;
  if (first === undefined && broken.length > 0) throw broken[0];
  const shown = laps.map(({ lap }) => lap).join(', ') || 'none that has finished';
  if (first === undefined)
    throw new UnknownSubject(
      `Expected a training (main/lap-0001/verifier-v2), a dataset's URI, a proof's id, a lap, or 8 or more ` +
        `characters of a digest, got ${JSON.stringify(asked)}, which is in no lap of ${shown}`,
    );
  const other = others.find(({ manifest }) => !descends(finished, manifest, first.manifest.lap));
  if (other !== undefined)
    throw new UnknownSubject(
      `Expected one proof, got ${JSON.stringify(asked)}, which ${first.manifest.lap} and ${other.manifest.lap} ` +
        'both have; say which with --lap',
    );
  const later = finished.filter(
    (manifest) => manifest.lap !== first.manifest.lap && descends(finished, manifest, first.manifest.lap),
  );
  return {
    lap: first.manifest.lap,
    visit: (walk) => walk.visit('subject', asked, () => describeProof(walk, first, later)),
  };
}

/** Whether a lap goes back to an ancestor. */
function descends(finished: readonly LapManifest[], manifest: LapManifest, ancestor: string): boolean {
  for (
    let next: LapManifest | undefined = manifest;
    next !== undefined;
    next = finished.find(({ lap }) => lap === next?.parent?.lap)
  )
    if (next.lap === ancestor) return true;
  return false;
}
