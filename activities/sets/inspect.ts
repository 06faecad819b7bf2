import type { AnalysisEvidence, MaybeScore } from '../../shared/label/autoLabel.ts';
import type { ArtifactStore } from '../store/types.ts';
import { readJournal } from '../store/journal.ts';
import { OUTCOMES } from '../ledger/ledger.ts';
import type { SetShards } from './shards.ts';
import { readSealed, sealedUri, type SealedLine } from '../ledger/sealedLedger.ts';
import { uri } from '../../shared/ids.ts';

/** A shard's ledger as it lies in the store; read without disturbing a worker that writes it. */
export interface ShardFile {
  readonly shard: number;
  readonly uri: string;
  readonly state: 'sealed' | 'open' | 'notStarted';
  readonly bytes: number;
}

/** Names of all sets that were cut into shards, and of all jobs whose judges were asked, sorted. */
export async function setsOf(store: ArtifactStore): Promise<string[]> {
  const sets: string[] = [];
  for await (const place of store.list('ledger/')) {
    const [, set] = /^ledger\/(.+)\/(?:plan\.json|judge\.jsonl)$/.exec(place) ?? [];
    if (set !== undefined) sets.push(set);
  }
  return sets.sort();
}

/** A set's shards; of a job, its judges' ledger. @throws when there is neither. */
export async function shardFiles(store: ArtifactStore, setId: string): Promise<ShardFile[]> {
  const found = await store.findJson<SetShards>(uri.shardPlan(setId));
  if (found === undefined) {
    const judges = uri.judgeLedger(setId);
    const kept = await store.stat(judges);
    if (kept !== undefined) return [{ shard: 0, uri: judges, state: 'open', bytes: kept.bytes }];
    throw new Error(
      `Expected the name of a set in the store, got ${JSON.stringify(setId)}; \`flywheel ledger\` lists them`,
    );
  }
  return Promise.all(
    found.shards.map(async (_, shard): Promise<ShardFile> => {
      const plain = uri.shard(setId, shard);
      const sealed = sealedUri(plain);
      const [whileOpen, whenSealed] = await Promise.all([store.stat(plain), store.stat(sealed)]);
      if (whileOpen !== undefined) return { shard, uri: plain, state: 'open', bytes: whileOpen.bytes };
      return whenSealed === undefined
        ? { shard, uri: plain, state: 'notStarted', bytes: 0 }
        : { shard, uri: sealed, state: 'sealed', bytes: whenSealed.bytes };
    }),
  );
}

/** Every outcome of a shard, attempts and unused ones included; a line that is being written is left out. */
export async function* readShard(store: ArtifactStore, shard: ShardFile): AsyncGenerator<SealedLine> {
  if (shard.state === 'sealed') yield* readSealed(store, shard.uri);
  else for await (const { value } of readJournal(store, shard.uri, OUTCOMES)) yield value;
}

/**
 * What a shard's outcomes say of each proof, whatever policy asked for them: analyses and their meta-assessments by
 * index; `undefined` where there is no verdict.
 * @param counts which outcomes are looked at. @default all
 */
export async function evidenceOf(
  store: ArtifactStore,
  shard: ShardFile,
  counts: (line: SealedLine) => boolean = () => true,
): Promise<Map<string, AnalysisEvidence[]>> {
  const proofs = new Map<string, { score: MaybeScore; metaScores: MaybeScore[] }[]>();
  const analysisOf = (proof: string, index: number) => {
    const analyses = proofs.get(proof) ?? [];
    proofs.set(proof, analyses);
    while (analyses.length <= index) analyses.push({ score: undefined, metaScores: [] });
    return analyses[index] as (typeof analyses)[number];
  };
  for await (const line of readShard(store, shard)) {
    if (!counts(line)) continue;
    const { row, task, sample, kind, score } = line;
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
