import type {
  EvaluationRecord,
  EvaluationSet,
  GrownDataset,
  LabelRecord,
  LapManifest,
  LapModels,
} from '../../shared/lap/manifest.ts';
import type { ArtifactRef } from '../../shared/records.ts';
import { knownLaps } from './laps.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { uri } from '../../shared/ids.ts';

/** What a lap takes over from the one before it; all by reference. */
export interface ParentLap {
  readonly lap: string;
  readonly manifest: ArtifactRef;
  /** D_v as it has grown, and D_mv. */
  readonly proofScores: GrownDataset;
  readonly analysisScores?: GrownDataset;
  readonly models: LapModels;
  readonly labels: LabelRecord;
  /** Held-out sets, and what was measured on them of the base and of the models that the parent ended with. */
  readonly evaluation: EvaluationRecord;
}

/**
 * The manifest of a finished lap.
 * @param lap its full name.
 * @throws when there is no such lap, or it has not ended; the message names those that have.
 */
export async function readManifest(store: ArtifactStore, lap: string): Promise<LapManifest> {
  const manifest = await store.findJson<LapManifest>(uri.manifest(lap));
  if (manifest !== undefined) return manifest;
  const finished = (await knownLaps(store)).filter((known) => known.finished).map((known) => known.lap);
  throw new Error(
    `Invalid lap input: from: expected a finished lap, got "${lap}"; ` +
      (finished.length === 0 ? 'none has finished yet' : `there are ${finished.join(', ')}`),
  );
}

export function writeManifest(store: ArtifactStore, manifest: LapManifest): Promise<ArtifactRef> {
  const { lap, recipeSha256: sha256, parent, models, proofScores } = manifest;
  const recipe = { uri: uri.recipe(lap), sha256 };
  const made = { recipe, parent: parent?.manifest, ...models, 'added to D_v': proofScores.grown };
  return store.writeJson(uri.manifest(lap), manifest, madeBy('writeManifest', made));
}

export function parentLap(manifest: LapManifest, ref: ArtifactRef): ParentLap {
  const { lap, turn, proofScores, analysisScores, models, labels, evaluation } = manifest;
  return {
    lap,
    manifest: ref,
    proofScores: { train: [...proofScores.train, proofScores.grown], validation: proofScores.validation },
    ...(analysisScores === undefined ? {} : { analysisScores }),
    models: turn === 1 ? { ...models, firstVerifier: models.verifier } : models,
    labels,
    evaluation: { ...evaluation, sets: inherited(evaluation.sets) },
  };
}

/** The base's measurements, and those of the parent's last verifier and generator under the name `parent`. */
function inherited(sets: readonly EvaluationSet[]): EvaluationSet[] {
  const last = (subject: EvaluationSet['subject']): EvaluationSet['model'] => {
    const names: Record<EvaluationSet['subject'], EvaluationSet['model']> = {
      verifier: 'verifierV2',
      metaVerifier: 'metaVerifier',
      generator: 'selfVerification',
      selfVerification: 'selfVerification',
    };
    const trained = sets.some((set) => set.subject === subject && set.model === names[subject]);
    return trained ? names[subject] : 'parent'; // frozen since an earlier lap
  };
  return sets.flatMap((set) => {
    if (set.model === 'base') return [set];
    return set.model === last(set.subject) ? [{ ...set, model: 'parent' as const }] : [];
  });
}
