import type { Domains } from '../../shared/domain.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import { checkerOf, truthOf, type Truth } from '../../activities/datasets/truth.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';

/** What a measurement found beside its figures. */
export interface Notes {
  readonly notMeasured: { figure: string; reason: string }[];
  readonly imitations: Record<string, { found: number; of: number }>;
  absent(figure: string, reason: string): null;
}

/** A lap that is being measured, and what is known of the truth. */
export interface Measuring {
  readonly store: ArtifactStore;
  readonly manifest: LapManifest;
  readonly truth: Truth;
  readonly notes: Notes;
}

/** @throws when the recipe's domain should know the truth and does not. */
export function measuring(store: ArtifactStore, manifest: LapManifest, checkers: Domains['checkerOf']): Measuring {
  const notMeasured: Notes['notMeasured'] = [];
  const absent = (figure: string, reason: string): null => {
    notMeasured.push({ figure, reason });
    return null;
  };
  const truth = truthOf(checkerOf(manifest.recipe, checkers));
  return { store, manifest, truth, notes: { notMeasured, imitations: {}, absent } };
}
