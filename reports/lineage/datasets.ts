import type { LapManifest } from '../../shared/lap/manifest.ts';
import type { LineageNode } from '../../shared/figures/lineage.ts';
import { auditSetOf, isWrittenBy, placeOf, prefixOf, setIdOf } from '../../shared/ids.ts';
import type { DatasetRef, ScoredAnalysis, ScoredProof, TrainingRow } from '../../shared/records.ts';
import { bySource } from '../figures/scoreCounts.ts';
import { BrokenLink, expectLink, held } from './chain.ts';
import type { ChainLink } from './chain.ts';
import type { From, Walk } from './walk.ts';

/** Every dataset that a manifest names. Those of the lap's ancestors are among them. */
export function datasetsOf({
  problems,
  proofScores,
  analysisScores,
  consolidation,
  stages,
  labels,
  evaluation,
}: LapManifest): DatasetRef[] {
  const grown = [proofScores, ...(analysisScores ? [analysisScores] : [])].flatMap(({ train, validation }) => [
    ...train,
    validation,
  ]);
  const others = [labels.carried, consolidation?.dataset, evaluation.analyses].filter((ref) => ref !== undefined);
  return [
    ...Object.values(problems),
    ...grown,
    proofScores.grown,
    labels.proofs,
    labels.set.decisions,
    evaluation.proofs,
    ...others,
    ...stages.flatMap(({ datasets }) => datasets),
  ];
}

/** A dataset: which lap wrote it, from which sets, reviews and other datasets. */
export async function describeDataset(walk: Walk, ref: DatasetRef): Promise<Omit<LineageNode, 'id'>> {
  const link = walk.chain.find(({ manifest }) => isWrittenBy(ref.uri, manifest.lap));
  const named = link && datasetsOf(link.manifest).find(({ uri }) => uri === ref.uri);
  if (link === undefined || named === undefined)
    throw new BrokenLink(
      `Broken link: expected the manifest of the lap that wrote ${ref.uri} to name it, got ` +
        (link === undefined ? 'no such lap in the chain' : `no such dataset in ${link.ref.uri}`),
    );
  expectLink(`the sha256 of ${ref.uri} in ${link.ref.uri}`, ref.sha256, named.sha256);
  const rows = await held(() => walk.store.readRows<Readonly<Record<string, unknown>>>(named));
  const { facts, from } = await sourcesOf(walk, link, named, rows);
  return {
    kind: 'dataset',
    lap: link.manifest.lap,
    facts: { sha256: named.sha256, rows: named.rows, ...facts },
    verified: [`sha256 and ${rows.length} rows`],
    from,
  };
}

interface Sources {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly from: readonly From[];
}

async function sourcesOf(walk: Walk, link: ChainLink, ref: DatasetRef, rows: readonly object[]): Promise<Sources> {
  const { lap, recipe, problems, proofScores, analysisScores, labels, consolidation, stages } = link.manifest;
  const labelling = placeOf(lap, 'scaleVerification');
  const is = (...refs: readonly (DatasetRef | undefined)[]): boolean => refs.some((other) => other?.uri === ref.uri);
  const look = (as: string) =>
    inTurn(
      link.manifest.sets.filter(({ setId }) => setId === setIdOf(labelling, 'first-look')),
      ({ setId }) => walk.set(as, setId, link),
    );
  const sets = (phase: string) =>
    inTurn(
      link.manifest.sets.filter((set) => set.phase === phase),
      ({ setId }) => walk.set('sampled in', setId, link),
    );

  if (is(...Object.values(problems))) {
    return { facts: { is: 'problems', source: recipe.domain.name, seed: recipe.seed }, from: [] };
  }
  if (is(proofScores.grown)) {
    const experts = link.manifest.reviews.filter(({ setId }) => setId.startsWith(prefixOf(labelling)));
    const from = [
      await walk.dataset('proofs of', labels.proofs),
      await walk.set('labelled in', labels.set.setId, link, { labels: labels.set.labels }),
      ...(await inTurn(experts, ({ setId }) =>
        walk.review(setId === auditSetOf(lap) ? 'audited in' : 'contested ones scored in', setId, link),
      )),
    ];
    return { facts: scored('D_v, grown', rows as ScoredProof[]), from };
  }
  if (is(...proofScores.train, proofScores.validation)) {
    return {
      facts: scored('D_v', rows as ScoredProof[]),
      from: [
        await walk.review('scored in', setIdOf(placeOf(lap, 'coldStart'), 'experts'), link),
        ...(await sets('coldStart')),
      ],
    };
  }
  if (analysisScores && is(...analysisScores.train, analysisScores.validation)) {
    return {
      facts: scored('D_mv', rows as ScoredAnalysis[]),
      from: [
        await walk.review('scored in', setIdOf(placeOf(lap, 'metaData'), 'experts'), link),
        ...(await sets('metaData')),
      ],
    };
  }
  if (is(labels.proofs, labels.carried)) {
    const carried = parentOf(walk, link)?.manifest.labels.carried;
    const from = [
      await walk.set('written in', labels.writtenIn, link),
      await walk.dataset('for problems of', problems.next),
      ...(carried ? [await walk.dataset('carried over', carried)] : []),
      ...(await look('chosen by')),
    ];
    return { facts: { is: 'proofs to label' }, from };
  }
  if (is(labels.set.decisions))
    return {
      facts: { is: 'label decisions', labels: labels.set.labels },
      from: [await walk.dataset('of', labels.proofs), await walk.set('by', labels.set.setId, link)],
    };
  if (is(consolidation?.dataset)) {
    const parent = parentOf(walk, link);
    const written = parent
      ? [
          await walk.dataset("the generator's proofs", parent.manifest.proofScores.grown),
          await walk.set('as they were written in', parent.manifest.labels.writtenIn, parent),
        ]
      : [];
    const scores = [...proofScores.train, ...(analysisScores?.train ?? [])];
    return {
      facts: { is: 'answers to learn again', skills: consolidation?.skills },
      from: [
        ...written,
        ...(await inTurn(scores, (part) => walk.dataset('answered again', part))),
        ...(await sets('consolidation')),
      ],
    };
  }
  if (stages.some(({ datasets }) => is(...datasets)))
    return {
      facts: { is: 'prompts of a training' },
      from: [await promptSource(walk, link, ref, rows as TrainingRow[])],
    };
  return { facts: { is: 'held-out set' }, from: [await walk.dataset('for problems of', problems.heldOut)] };
}

/**
 * The part of D_p, D_v or D_mv that a training's prompts were rendered from: the same rows in the same order, with the
 * same scores. It is found by what it holds, not by its name.
 */
async function promptSource(
  walk: Walk,
  { manifest }: ChainLink,
  ref: DatasetRef,
  prompts: readonly TrainingRow[],
): Promise<From> {
  const candidates = [
    ...manifest.proofScores.train,
    ...(manifest.analysisScores?.train ?? []),
    manifest.problems.train,
  ].filter(({ rows }) => rows === prompts.length);
  for (const candidate of candidates) {
    const rows = await held(() => walk.store.readRows<{ id: string; score?: number; quality?: number }>(candidate));
    const same = rows.every(
      (row, index) =>
        `${prompts[index]?.task}/${row.id}` === prompts[index]?.itemId &&
        (row.quality ?? row.score) === prompts[index]?.meta.score,
    );
    if (same) return walk.dataset('rendered from', candidate);
  }
  throw new BrokenLink(
    `Broken link: expected the rows of ${ref.uri} to be those of D_p, D_v or D_mv in ${manifest.lap}, got others`,
  );
}

function parentOf(walk: Walk, { manifest }: ChainLink): ChainLink | undefined {
  return walk.chain.find((link) => link.manifest.lap === manifest.parent?.lap);
}

function scored(is: string, rows: readonly (ScoredProof | ScoredAnalysis)[]): Record<string, unknown> {
  const byLap: Record<string, number> = {};
  for (const { lap } of rows) byLap[lap] = (byLap[lap] ?? 0) + 1;
  return { is, bySource: bySource(rows), byLap };
}

/** One after the other, so that a walk has one order. */
async function inTurn<T>(items: readonly T[], visit: (item: T) => Promise<From>): Promise<From[]> {
  const from: From[] = [];
  for (const item of items) from.push(await visit(item));
  return from;
}
