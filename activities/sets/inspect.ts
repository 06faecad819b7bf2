import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { AnalysisEvidence } from '../../shared/label/autoLabel.ts';
import type { Outcome } from '../../shared/outcomes.ts';
import type { ArtifactStore } from '../store/types.ts';
import { linesOf } from '../store/lines.ts';
import { type SetPlan } from './shards.ts';
import { readSealed, sealedPath, type SealedLine } from '../inference/sealedLedger.ts';
import { uri } from '../../shared/ids.ts';

/** A shard's ledger as it lies in the store; read without disturbing a worker that writes it. */
export interface ShardFile {
  readonly shard: number;
  readonly file: string;
  readonly state: 'sealed' | 'open' | 'notStarted';
  readonly bytes: number;
}

/** Names of all sets that have a plan, sorted. */
export async function setsOf(store: ArtifactStore): Promise<string[]> {
  const root = store.path('ledger');
  const names = await readdir(root, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .filter((name) => path.basename(name) === 'plan.json')
    .map((name) => path.dirname(name))
    .sort();
}

/** @throws when there is no such set. */
export async function shardFiles(store: ArtifactStore, setId: string): Promise<ShardFile[]> {
  if (!(await store.exists(uri.shardPlan(setId))))
    throw new Error(
      `Expected the name of a set in the store, got ${JSON.stringify(setId)}; \`flywheel ledger\` lists them`,
    );
  const { shards } = await store.readJson<SetPlan>(uri.shardPlan(setId));
  return Promise.all(
    shards.map(async (_, shard): Promise<ShardFile> => {
      const plain = store.path(uri.shard(setId, shard));
      const [open, sealed] = await Promise.all([sizeOf(plain), sizeOf(sealedPath(plain))]);
      if (open !== undefined) return { shard, file: plain, state: 'open', bytes: open };
      return sealed === undefined
        ? { shard, file: plain, state: 'notStarted', bytes: 0 }
        : { shard, file: sealedPath(plain), state: 'sealed', bytes: sealed };
    }),
  );
}

/** Every outcome of a shard, attempts and unused ones included; a line that is being written is left out. */
export async function* readShard({ file, state }: ShardFile): AsyncGenerator<SealedLine> {
  if (state === 'notStarted') return;
  if (state === 'sealed') {
    yield* readSealed(file);
    return;
  }
  for await (const { bytes, ended } of linesOf(createReadStream(file)))
    if (ended) yield JSON.parse(bytes.toString('utf8')) as Outcome;
}

/**
 * What a shard's outcomes say of each proof, whatever policy asked for them: analyses and their meta-assessments by
 * index; `undefined` where there is no verdict.
 */
export async function evidenceOf(shard: ShardFile): Promise<Map<string, AnalysisEvidence[]>> {
  const proofs = new Map<string, { score: AnalysisEvidence['score']; metaScores: AnalysisEvidence['score'][] }[]>();
  const analysisOf = (proof: string, index: number) => {
    const analyses = proofs.get(proof) ?? [];
    proofs.set(proof, analyses);
    while (analyses.length <= index) analyses.push({ score: undefined, metaScores: [] });
    return analyses[index] as (typeof analyses)[number];
  };
  for await (const { row, task, sample, kind, score } of readShard(shard)) {
    const verdict = kind === 'answered' ? score : undefined;
    if (task === 'verify') {
      const analysis = analysisOf(row, sample);
      analysis.score = verdict ?? analysis.score;
    } else if (task === 'metaVerify') {
      const cut = row.lastIndexOf('#');
      const { metaScores } = analysisOf(row.slice(0, cut), Number(row.slice(cut + 1)));
      while (metaScores.length <= sample) metaScores.push(undefined);
      metaScores[sample] = verdict ?? metaScores[sample];
    }
  }
  return proofs;
}

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
