import { knownLaps } from '../../activities/laps/laps.ts';
import type { ArtifactStore, MadeArtifact } from '../../activities/store/types.ts';
import { lapOf, PRODUCTS, uri } from '../../shared/ids.ts';
import { PLACED, reachOf } from './reach.ts';

/** What belongs together, and nothing reaches. */
export interface Garbage {
  /** A folder, an artifact, or what a kill left that is none. */
  readonly what: string;
  readonly bytes: number;
  readonly artifacts: readonly string[];
}

/**
 * What is kept whoever reaches it: what people brought, who they are, what stands for itself, and who holds which models
 * and which replicas serve them now.
 */
const KEPT = /^(imports\/|annotators\/|comparisons\/|prompts\/names\/|laps\/|builds\/|serving\/|format\.json$)/;
/** Ours: what is younger may be about to be named. */
export const LEAST_AGE_MS = 24 * 3_600_000;

/**
 * What no lap and no product reaches: all laps are kept whole, whether they have finished or not, with all that they
 * were made of, and so is what people brought. While a lap is under way every checkpoint is kept that no training made:
 * it may be its base.
 */
export async function garbageIn(store: ArtifactStore, leastAgeMs = LEAST_AGE_MS): Promise<Garbage[]> {
  const laps = await knownLaps(store);
  const roots = new Set(laps.map(({ lap }) => lap));
  const all: string[] = [];
  for await (const at of store.list('')) all.push(at);
  for (const at of all) {
    const [folder = '', kind = '', name = ''] = at.split('/');
    if ((PLACED as readonly string[]).includes(folder) && (PRODUCTS as readonly string[]).includes(kind))
      roots.add(`${kind}/${name.replace(/\.jsonl(\.made\.json)?$/, '')}`);
    else if (KEPT.test(at) && lapOf(at) === undefined) roots.add(at);
  }
  const isUnderWay = laps.some(({ finished }) => !finished);
  const { uris, things } = await reachOf(store, roots);
  const groups = new Map<string, { bytes: number; artifacts: string[] }>();
  for (const at of all) {
    if (uris.has(at) || KEPT.test(at) || things.has(at)) continue;
    if (isUnderWay && (await isBase(store, at))) continue;
    const found = await store.stat(at);
    if (found === undefined || Date.now() - found.changedAt < leastAgeMs) continue;
    const group = groups.get(groupOf(at)) ?? { bytes: 0, artifacts: [] };
    groups.set(groupOf(at), { bytes: group.bytes + found.bytes, artifacts: [...group.artifacts, at] });
  }
  return [...groups].map(([what, group]) => ({ what, ...group }));
}

/** Whether an artifact is of a checkpoint that no training made. */
async function isBase(store: ArtifactStore, at: string): Promise<boolean> {
  const [, digest] = /^checkpoints\/([0-9a-f]{64})/.exec(at) ?? [];
  if (digest === undefined) return false;
  const { by = '' }: Partial<MadeArtifact> = (await store.readMade(uri.checkpoint(digest))) ?? {};
  return lapOf(by) === undefined;
}

function groupOf(at: string): string {
  const lap = lapOf(at);
  if (lap !== undefined) return `${at.slice(0, at.indexOf(lap))}${lap}/`;
  const [folder = '', name = ''] = at.split('/');
  return name === '' ? folder : `${folder}/${name.replace(/\.made\.json$/, '')}`;
}
