import { checkpointRef } from '../../activities/store/checkpoints.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { Lineage } from '../../shared/figures/lineage.ts';
import { uri } from '../../shared/ids.ts';
import type { ArtifactRef, CheckpointRef } from '../../shared/records.ts';
import type { JobResult } from '../../shared/training/job.ts';
import { BrokenLink, lineage } from '../lineage/lineage.ts';

/** A model, or one that it was trained from. */
export interface Ancestor {
  readonly checkpoint: CheckpointRef;
  /** The training that made it, of a base what took it in; null where nobody said so. */
  readonly by: string | null;
  /** Of a model of a hub, `hf:org/name@commit`. */
  readonly hub?: string;
  readonly trainedOn: readonly (ArtifactRef & { readonly rows?: number })[];
  readonly steps?: number;
  readonly reward?: { readonly first: number; readonly last: number };
}

/** The model first, its base last. */
export interface Ancestry {
  readonly ancestors: readonly Ancestor[];
  readonly lineage: Lineage | null;
  /** The link that does not hold, in words; then `lineage` is null. */
  readonly broken?: string;
}

/**
 * What a checkpoint was trained from, step by step, by what is kept beside each; and its whole lineage, every digest on
 * the way checked but those of checkpoints.
 * @param lap in whose chain to look.
 */
export async function ancestryOf(store: ArtifactStore, checkpoint: CheckpointRef, lap: string): Promise<Ancestry> {
  let found: Lineage | null = null;
  let broken: string | undefined;
  try {
    found = await lineage(store, checkpoint.sha256, { weights: false, lap });
  } catch (error) {
    if (!(error instanceof BrokenLink)) throw error;
    broken = error.message;
  }
  const rowsOf = new Map(found?.nodes.map(({ id, facts }) => [id, facts['rows'] as number | undefined]));
  const ancestors: Ancestor[] = [];
  for (let at: CheckpointRef | undefined = checkpoint; at !== undefined;) {
    const { by = null, from = [] } = (await store.readMade(at.uri)) ?? {};
    const job = by === null ? undefined : await store.findJson<JobResult>(uri.jobs(by, 'result.json'));
    const of = (as: string): ArtifactRef[] => from.filter((each) => each.as === as && 'uri' in each) as ArtifactRef[];
    const hub = from.flatMap((source) => ('model' in source ? [source.model] : []))[0];
    ancestors.push({
      checkpoint: at,
      by,
      ...(hub !== undefined && { hub }),
      trainedOn: of('trained on').map(({ uri: place, sha256 }) => {
        const rows = rowsOf.get(place);
        return { uri: place, sha256, ...(rows !== undefined && { rows }) };
      }),
      ...(job?.status === 'succeeded' && { steps: job.steps, reward: job.reward }),
    });
    const [parent] = of('started from');
    const seen = ancestors.some((each) => each.checkpoint.sha256 === parent?.sha256);
    at = parent === undefined || seen ? undefined : checkpointRef(parent.sha256);
  }
  return { ancestors, lineage: found, ...(broken !== undefined && { broken }) };
}
