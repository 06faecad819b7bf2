import { grownBy } from '../../shared/lap/grown.ts';
import type {
  EvaluationRecord,
  EvaluationSet,
  GrownDataset,
  LabelRecord,
  LapManifest,
  LapModels,
} from '../../shared/lap/manifest.ts';
import { labelName } from '../../shared/label/audit.ts';
import type { ArtifactRef, DatasetRef } from '../../shared/records.ts';
import type { GivenDatasets } from '../datasets/given/given.ts';
import { knownLaps } from './laps.ts';
import { madeBy } from '../store/made.ts';
import type { ArtifactStore } from '../store/types.ts';
import { placeOf, uri } from '../../shared/ids.ts';
import { wordsOf } from '../datasets/leadsWord.ts';

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

export async function parentLap(store: ArtifactStore, manifest: LapManifest, ref: ArtifactRef): Promise<ParentLap> {
  const { lap, turn, proofScores, analysisScores, models } = manifest;
  const { judged: _, ...evaluation } = manifest.evaluation; // by the parent's verifier, which is none of the lap's
  const { held, ...labels } = manifest.labels;
  const train = [...proofScores.train, proofScores.grown];
  const words = held && (await wordsOf(store, lap));
  const stillHeld = held?.filter(({ score }) => words?.get(labelName(score))?.use !== true);
  return {
    lap,
    manifest: ref,
    proofScores: { train: await asLeadsSay(store, manifest, train), validation: proofScores.validation },
    ...(analysisScores && {
      analysisScores: grownBy(analysisScores, analysisScores.grown ? [analysisScores.grown] : []),
    }),
    models: turn === 1 ? { ...models, firstVerifier: models.verifier } : models,
    labels: { ...labels, ...(stillHeld && { held: stillHeld }) },
    evaluation: { ...evaluation, sets: inherited(evaluation.sets) },
  };
}

/**
 * D_v with those labels of this lap and the ones before it that audits held back and a lead has released since, and
 * without those of which the newest word is another.
 */
async function asLeadsSay(
  store: ArtifactStore,
  { lap, labels: { held = [] }, parent }: LapManifest,
  train: readonly DatasetRef[],
): Promise<readonly DatasetRef[]> {
  const earlier = parent && (await store.findJson<LapManifest>(parent.manifest.uri));
  let parts = earlier === undefined ? train : await asLeadsSay(store, earlier, train);
  if (held.length === 0) return parts;
  const words = await wordsOf(store, lap);
  for (const { score, rows } of held) {
    const word = words.get(labelName(score));
    const to = uri.dataset(placeOf(lap, 'proofScores'), `released-${score}`);
    const copies = new Set<DatasetRef>();
    for (const part of parts) if (await stemsFrom(store, part.uri, to)) copies.add(part);
    if (word?.use !== true) parts = parts.filter((part) => !copies.has(part));
    else if (copies.size === 0) {
      const made = madeBy('releaseLabels', { held: rows, "lead's word": word.ref });
      parts = [...parts, await store.writeJsonl(to, store.readJsonl(rows), made)];
    }
  }
  return parts;
}

/** Whether a part of D_v is this dataset, or what was left of it without problems that fell out since. */
async function stemsFrom(store: ArtifactStore, part: string, from: string): Promise<boolean> {
  if (part === from) return true;
  const made = await store.readMade(part);
  const whole = made?.by === 'withoutProblems' ? made.from.find((source) => source.as === 'rows') : undefined;
  return whole !== undefined && 'uri' in whole && stemsFrom(store, whole.uri, from);
}

/** The same with what the lap itself is given: D_v and D_mv grow by it before it begins. */
export function withGiven(parent: ParentLap, given: GivenDatasets | undefined): ParentLap {
  if (given === undefined) return parent;
  const { proofScores, analysisScores } = given;
  const known = parent.analysisScores;
  return {
    ...parent,
    proofScores: { ...parent.proofScores, train: [...parent.proofScores.train, ...proofScores.train] },
    ...(analysisScores && {
      analysisScores: known ? grownBy(known, analysisScores.train) : { ...analysisScores, learned: 0 },
    }),
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
