import type { FileStore } from '../../../activities/store/files.ts';
import { collectRated, collectWritten } from '../../../activities/datasets/judged.ts';
import { rehearsal } from '../../../domains/rehearsal/presets.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import type { AnalysisRow, DatasetRef, ProofRow } from '../../../shared/records.ts';
import type { ReviewResult } from '../../../shared/review/reviews.ts';
import type { Score } from '../../../shared/scores.ts';
import { outcome, toyChecker, writeLap, writeSet, type LapParts } from './lapFixture.ts';

/** What judges make of a text: a verifier of a proof, a meta-verifier of an analysis, people of a proof. */
export interface Judges {
  /** Verdicts on a proof, undefined where one was lost. @default the verifier was not asked */
  readonly verdicts?: (row: ProofRow) => readonly (Score | undefined)[];
  readonly quality?: (row: AnalysisRow) => Score;
  /** Undefined where a proof was not asked about. @default people were not asked */
  readonly people?: (row: ProofRow) => ReviewResult | undefined;
  /** Digest of the verifier. */
  readonly verifier?: string;
}

export const withoutChecker = { ...rehearsal, domain: { ...rehearsal.domain, checker: 'none' as const } };

export const scoredBy = (score: Score, source: 'expert' | 'program' = 'expert'): ReviewResult => ({
  kind: 'scored',
  score,
  source,
  verdicts: 2,
  adjudicated: false,
});

/** What the toy proof is worth. */
export const worthOf = ({ problem, proof }: ProofRow): Score => toyChecker.proofScore(problem, proof);

/** A finished lap without a checker, whose held-out answers were judged as a lap has them judged. */
export async function writeJudgedLap(store: FileStore, parts: LapParts, judges: Judges): Promise<LapManifest> {
  const manifest = await writeLap(store, { recipe: withoutChecker, ...parts });
  const { lap, evaluation, problems, recipe } = manifest;
  const { sets, proofs } = evaluation;
  const verifier = { uri: `checkpoints/${judges.verifier ?? 'v2'}`, sha256: judges.verifier ?? 'v2' };
  const written = await collectWritten(store, { lap, problems: problems.heldOut, sets });
  const at = `${lap}/evaluation`;
  let perProof = 0;
  if (judges.verdicts) {
    const given = (await store.readRows<ProofRow>(written)).map((row) => ({
      row,
      scores: judges.verdicts?.(row) ?? [],
    }));
    perProof = Math.max(0, ...given.map(({ scores }) => scores.length));
    const verdicts = given.flatMap(({ row, scores }) =>
      scores.map((score, sample) =>
        outcome(row.id, 'verify', '', score === undefined ? { sample, kind: 'unparseable' } : { sample, score }),
      ),
    );
    await writeSet(store, `${at}/verdicts`, verdicts);
  }
  let analyses: DatasetRef | undefined;
  if (judges.quality) {
    analyses = await collectRated(store, { lap, proofs, sets });
    const rows = await store.readRows<AnalysisRow>(analyses);
    const qualities = rows.map((row) => outcome(row.id, 'metaVerify', '', { score: judges.quality?.(row) ?? 0 }));
    await writeSet(store, `${at}/qualities`, qualities);
  }
  const asked = (await store.readRows<ProofRow>(written)).flatMap((row) => {
    const result = judges.people?.(row);
    return result ? [{ row, result }] : [];
  });
  const people = await store.writeJsonl(
    `datasets/${at}/people.jsonl`,
    asked.map(({ row }) => row),
  );
  const results = await store.writeJsonl(
    `reviews/${at}/people.jsonl`,
    asked.map(({ row, result }) => ({ id: row.id, result })),
  );
  const review = { setId: `${at}/people`, results, scored: asked.length, flagged: 0, expired: 0, verdicts: 0 };
  const judged: LapManifest = {
    ...manifest,
    recipe: { ...recipe, evaluation: { ...recipe.evaluation, verdictsPerProof: perProof } },
    reviews: judges.people ? [review] : [],
    evaluation: {
      ...evaluation,
      judged: {
        written,
        ...(judges.verdicts && { verdicts: { by: verifier, setId: `${at}/verdicts` } }),
        ...(analyses && { rated: { by: { uri: '', sha256: 'meta' }, setId: `${at}/qualities`, analyses } }),
        ...(judges.people && { people }),
      },
    },
  };
  await store.writeJson(`laps/${lap}/manifest.json`, judged);
  return judged;
}
