import { aboutModel, type AboutModel } from '../../activities/imports/aboutModel.ts';
import { baseFacts } from '../../activities/laps/baseFacts.ts';
import { checkpointFiles } from '../../activities/store/checkpoints.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import type { LapReport } from '../../shared/figures/report.ts';
import { prefixOf } from '../../shared/ids.ts';
import type { BaseFacts } from '../../shared/lap/facts.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { CheckpointRef, DatasetRef, Problem, ScoredProof } from '../../shared/records.ts';
import { ancestryOf, type Ancestry } from './ancestry.ts';
import { licenceOf, nameOf, type Licence } from './licence.ts';

/** The models that a lap ends with and that are good for something outside it. */
export const ROLES = ['generator', 'verifier', 'metaVerifier'] as const;
export type ExportedRole = (typeof ROLES)[number];

/** All that a model's card tells. */
export interface CardFacts {
  readonly role: ExportedRole;
  readonly manifest: LapManifest;
  /** What was measured of the lap; null where its artifacts are gone. */
  readonly report: LapReport | null;
  readonly checkpoint: CheckpointRef;
  /** Names of its files. */
  readonly files: readonly string[];
  readonly size: BaseFacts;
  readonly about: AboutModel;
  /** Where the chat template stands. */
  readonly template?: string;
  readonly ancestry: Ancestry;
  readonly licence: Licence;
  readonly data: readonly DataCounts[];
}

/** Where files of terms lie that the model itself has not, and its folder gets. */
export const addedTerms = ({ licence, files }: Pick<CardFacts, 'licence' | 'files'>): string[] =>
  licence.terms.filter((place) => !files.includes(nameOf(place)));

/** What was learned from, by who gave the scores; of problems by where they come from. */
export interface DataCounts {
  readonly name: string;
  readonly rows: number;
  readonly by: Readonly<Record<string, number>>;
}

export async function cardFacts(
  store: ArtifactStore,
  { manifest, role, checkpoint, report }: Pick<CardFacts, 'manifest' | 'role' | 'checkpoint' | 'report'>,
): Promise<CardFacts> {
  const folder = { files: store, prefix: prefixOf(checkpoint.uri), sha256: checkpoint.sha256 };
  const ancestry = await ancestryOf(store, checkpoint, manifest.lap);
  const files = await checkpointFiles(store, checkpoint);
  const template = ['chat_template.jinja', 'tokenizer_config.json', 'chat_template.json'].find((name) =>
    files.includes(name),
  );
  return {
    role,
    manifest,
    report,
    checkpoint,
    files,
    size: await baseFacts(folder),
    about: await aboutModel(folder),
    ...(template !== undefined && { template }),
    ancestry,
    licence: await licenceOf(
      store,
      ancestry.ancestors.map((each) => each.checkpoint),
    ),
    data: await dataCounts(store, manifest, ancestry),
  };
}

/** Parts of D_p, D_v and D_mv that are in the model's lineage; none where that cannot be walked. */
async function dataCounts(store: ArtifactStore, manifest: LapManifest, { lineage }: Ancestry): Promise<DataCounts[]> {
  const met = new Set(lineage?.nodes.map(({ id }) => id));
  const learned = (parts: readonly DatasetRef[]) => parts.filter(({ uri }) => met.has(uri));
  const { problems, proofScores, analysisScores } = manifest;
  const counts: DataCounts[] = [];
  for (const { name, parts } of [
    { name: 'problems (D_p)', parts: learned([problems.train]) },
    { name: 'scored proofs (D_v)', parts: learned(proofScores.train) },
    { name: 'scored analyses (D_mv)', parts: learned(analysisScores?.train ?? []) },
  ]) {
    const by: Record<string, number> = {};
    let rows = 0;
    for (const part of parts)
      for await (const { source } of store.readJsonl<Pick<ScoredProof | Problem, 'source'>>(part)) {
        rows += 1;
        by[source] = (by[source] ?? 0) + 1;
      }
    if (rows > 0) counts.push({ name, rows, by });
  }
  return counts;
}
