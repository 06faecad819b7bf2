import { markFormat } from '../../activities/store/format.ts';
import { ArtifactChanged, type ArtifactStore } from '../../activities/store/types.ts';
import { lapOf, uri } from '../../shared/ids.ts';
import { reachOf } from './reach.ts';

/** The other store has another lap of the same name. */
export class LapTaken extends Error {
  override readonly name = 'LapTaken';
}

/** Who holds something here holds nothing there. */
const LOCK = /\.lock(\.takeover)*$/;

export interface Copied {
  readonly uri: string;
  readonly bytes: number;
  /** Whether it was there already, and is the same. */
  readonly wasThere: boolean;
}

/**
 * Copies a lap to another store, with all that it was made of, and reads back what was written. What is there already is
 * compared: a copy that broke off goes on. Manifests come last, a parent's before its child's: a lap that the other store
 * shows is whole.
 * @throws LapTaken, before anything is written; ArtifactChanged where the other store does not give back what it was
 * given.
 */
export async function* copyLap(
  store: ArtifactStore,
  lap: string,
  to: ArtifactStore,
): AsyncGenerator<Copied, void, void> {
  const { uris } = await reachOf(store, [lap]);
  await markFormat(to);
  for (const at of uris) {
    if (at !== uri.owner(lapOf(at) ?? '') || (await to.stat(at)) === undefined) continue;
    if ((await to.refOf(at)).sha256 !== (await store.refOf(at)).sha256)
      throw new LapTaken(
        `Expected ${lapOf(at)} to be free in ${to.address('laps')}, or to be the same lap, got another: use another ` +
          'prefix or folder',
      );
  }
  for (const at of inOrder(uris)) yield copyOne(store, at, to);
}

async function copyOne(store: ArtifactStore, at: string, to: ArtifactStore): Promise<Copied> {
  const { bytes = 0 } = (await store.stat(at)) ?? {};
  const there = await to.stat(at);
  const { sha256 } = there?.bytes === bytes ? await store.refOf(at) : { sha256: undefined };
  if (sha256 !== undefined && (await to.refOf(at)).sha256 === sha256) return { uri: at, bytes, wasThere: true };
  const { sha256: _, ...made } = (await store.readMade(at)) ?? { sha256: '' };
  const written = await to.write(at, store.read(at), 'by' in made ? made : undefined);
  const got = (await to.refOf(at)).sha256;
  if (got !== written.sha256)
    throw new ArtifactChanged(
      `Expected ${to.address(at)} to have sha256 ${written.sha256}, which was written, got ${got}: run it again`,
    );
  return { uri: at, bytes, wasThere: false };
}

/** What others name comes before them; of a checkpoint the file that says it is whole comes last. */
function inOrder(uris: ReadonlySet<string>): string[] {
  const rank = (at: string): number => {
    if (at.endsWith('/manifest.json') && lapOf(at) !== undefined) return 3;
    if (at.startsWith('laps/')) return 2;
    return /^checkpoints\/[0-9a-f]{64}\/config\.json$/.test(at) ? 1 : 0;
  };
  return [...uris].filter((at) => !LOCK.test(at)).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}
