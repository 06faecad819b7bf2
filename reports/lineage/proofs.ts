import { parseAnswer } from '../../shared/answers.ts';
import type { LineageNode } from '../../shared/figures/lineage.ts';
import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { DatasetRef, ProofRow, ScoredProof, TrainingRow } from '../../shared/records.ts';
import type { ReviewResult } from '../../shared/review/reviews.ts';
import type { LabelRow } from '../../shared/sampling/sets.ts';
import { readShard, shardFiles } from '../../activities/sets/inspect.ts';
import { ReviewLog } from '../../activities/reviews/log.ts';
import type { ArtifactStore } from '../../activities/store/types.ts';
import { BrokenLink, held } from './chain.ts';
import type { ChainLink } from './chain.ts';
import { trainingsOf } from './trainings.ts';
import type { From, Walk } from './walk.ts';
import { isWrittenBy } from '../../shared/ids.ts';
import { checkpointRef } from '../../activities/store/checkpoints.ts';

/** A proof in a dataset of the lap that wrote it. */
export interface FoundProof {
  readonly manifest: LapManifest;
  readonly dataset: DatasetRef;
  readonly row: ProofRow;
}

/** Where this lap's own datasets hold a proof of that id; its scores follow from them. */
export async function findProof(
  store: ArtifactStore,
  manifest: LapManifest,
  id: string,
): Promise<FoundProof | undefined> {
  const { proofScores, labels, evaluation, lap } = manifest;
  for (const dataset of [...proofScores.train, proofScores.validation, labels.proofs, evaluation.proofs]) {
    if (!isWrittenBy(dataset.uri, lap)) continue;
    const row = (await held(() => store.readRows<ProofRow>(dataset))).find((each) => each.id === id);
    if (row !== undefined) return { manifest, dataset, row };
  }
  return undefined;
}

/**
 * A proof: which model wrote it in which call, how it was scored, and what has learned from it. `later` are the laps
 * that came after its own.
 */
export async function describeProof(
  walk: Walk,
  { manifest, dataset, row }: FoundProof,
  later: readonly LapManifest[],
): Promise<Omit<LineageNode, 'id'>> {
  const link = walk.chain.find((each) => each.manifest.lap === manifest.lap) as ChainLink;
  const { setId, ...call } = await writtenIn(walk.store, manifest, row);
  const from: From[] = [
    await walk.checkpoint('written by', checkpointRef(row.model)),
    await walk.set('written in', setId, link),
  ];
  const label = await labelOf(walk.store, manifest, row.id);
  if (label !== undefined)
    from.push(await walk.set('labelled in', manifest.labels.set.setId, link, { labels: manifest.labels.set.labels }));
  const reviews = await reviewsOf(walk, manifest, row.id);
  for (const { review } of reviews) from.push(await walk.review('scored in', review, link));
  const scored = await scoreOf(walk.store, manifest, row.id);
  const learnedBy = (await Promise.all([manifest, ...later].map((lap) => usesOf(walk.store, lap, row)))).flat();
  return {
    kind: 'proof',
    lap: manifest.lap,
    facts: {
      problem: row.problem.id,
      dataset: dataset.uri,
      ledger: { set: setId, ...call },
      ...(row.selfScore === undefined ? {} : { selfScore: row.selfScore }),
      ...(label === undefined
        ? {}
        : {
            label: {
              ...label.decision,
              stopReason: label.stopReason,
              order: label.order,
              analyses: label.analyses,
              metaAnalyses: label.metaAnalyses,
              hardToVerify: label.hardToVerify,
            },
          }),
      ...(reviews.length === 0 ? {} : { reviews }),
      score: scored ?? null,
      learnedBy,
    },
    verified: [`${dataset.uri}: sha256`, "its text is the ledger's"],
    from,
  };
}

/** The model call that the proof was read out of. @throws BrokenLink when no ledger of the lap holds its text. */
async function writtenIn(
  store: ArtifactStore,
  manifest: LapManifest,
  row: ProofRow,
): Promise<{ setId: string; shard: number; row: string; sample: number; key: string }> {
  const sets = manifest.sets
    .filter(({ phase }) => ['coldStart', 'scaleVerification', 'evaluation'].includes(phase))
    .map(({ setId }) => setId);
  for (const setId of new Set([manifest.labels.writtenIn, ...sets])) {
    for (const shard of await held(() => shardFiles(store, setId))) {
      for await (const { task, row: asked, sample, key, text, kind, model } of readShard(store, shard)) {
        if (
          kind !== 'answered' ||
          text === undefined ||
          model !== row.model ||
          task === 'verify' ||
          task === 'metaVerify'
        )
          continue;
        const answer = parseAnswer(task, text);
        if (isAnswerOf(row, asked, sample) && answer.kind === 'wellFormed' && answer.proof === row.proof)
          return { setId, shard: shard.shard, row: asked, sample, key };
      }
    }
  }
  throw new BrokenLink(
    `Broken link: expected a ledger of ${manifest.lap} to hold the text of proof ${row.id}, got none`,
  );
}

/**
 * Whether a proof's id is that of this sample: its problem, a series (`r0`, `lap2`; none in a held-out set), and the
 * numbers of the samples that it came from.
 */
function isAnswerOf({ id, problem }: ProofRow, asked: string, sample: number): boolean {
  const [, earlier = ''] = /-(?:r|lap)\d+-([\d-]+)$/.exec(asked.slice(problem.id.length)) ?? [];
  if (asked !== problem.id && earlier === '') return false;
  const numbers = earlier === '' ? String(sample) : `${earlier}-${sample}`;
  const [, found] = /^(?:-(?:r|lap)\d+)?-([\d-]+)$/.exec(id.replace(/^held-out-/, '').slice(problem.id.length)) ?? [];
  return asked.startsWith(problem.id) && found === numbers;
}

async function labelOf(store: ArtifactStore, { labels }: LapManifest, id: string): Promise<LabelRow | undefined> {
  return (await held(() => store.readRows<LabelRow>(labels.set.decisions))).find(
    ({ proofId: labelled }) => labelled === id,
  );
}

/** Verdicts on this proof, in every review of its lap. */
async function reviewsOf({ store }: Walk, manifest: LapManifest, id: string) {
  const log = new ReviewLog(store);
  const found: {
    review: string;
    verdicts: { annotator: string; source: string; score: number; at: string }[];
    result: ReviewResult | null;
  }[] = [];
  for (const { setId } of manifest.reviews) {
    const entries = await log.read(setId, id);
    const verdicts = entries.flatMap((entry) =>
      entry.kind === 'verdict' || entry.kind === 'adjudication'
        ? [
            {
              annotator: entry.verdict.annotator,
              source: entry.verdict.source,
              score: entry.verdict.score,
              at: entry.at,
            },
          ]
        : [],
    );
    const result = entries.find((entry) => entry.kind === 'result')?.result ?? null;
    if (entries.length > 0) found.push({ review: setId, verdicts, result });
  }
  return found;
}

/** Its row in D_v. */
async function scoreOf(store: ArtifactStore, { proofScores, lap }: LapManifest, id: string) {
  for (const dataset of [...proofScores.train, proofScores.validation, proofScores.grown]) {
    if (!isWrittenBy(dataset.uri, lap)) continue;
    const row = (await held(() => store.readRows<ScoredProof>(dataset))).find((each) => each.id === id);
    if (row !== undefined) return { score: row.score, source: row.source, in: dataset.uri };
  }
  return undefined;
}

/**
 * The trainings of a lap that read the proof, by the prompts that are about it: as a proof to analyse, with an analysis
 * of it, or as an answer to learn.
 */
async function usesOf(store: ArtifactStore, manifest: LapManifest, { id, problem }: ProofRow) {
  const uses: { training: string; dataset: string; rows: number; tasks: string[] }[] = [];
  for (const { jobKey, datasets } of trainingsOf(manifest)) {
    for (const dataset of datasets) {
      const rows = (await held(() => store.readRows<TrainingRow>(dataset))).filter(
        ({ itemId, task, meta }) =>
          meta.problem.id === problem.id &&
          (itemId === `${task}/${id}` || (task === 'metaVerify' && itemId.startsWith(`${task}/${id}-`))),
      );
      if (rows.length > 0)
        uses.push({
          training: jobKey,
          dataset: dataset.uri,
          rows: rows.length,
          tasks: [...new Set(rows.map(({ task }) => task))],
        });
    }
  }
  return uses;
}
