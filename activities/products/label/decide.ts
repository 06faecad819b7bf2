import type { AnalysisEvidence } from '../../../shared/label/autoLabel.ts';
import { countMetas, validityOf } from '../../../shared/label/autoLabel.ts';
import { decidingAnalyses, evidenceCounts, labelSoFar } from '../../../shared/label/decided.ts';
import { uri, type Place } from '../../../shared/ids.ts';
import { verdictsOf, type LabelledProof } from '../../../shared/products/labels.ts';
import { countedIn, lossesText, lossShare, NO_VERDICTS_BY_TASK } from '../../../shared/figures/losses.ts';
import type { DatasetRef } from '../../../shared/records.ts';
import type { AutoLabelPolicy, LabelRow } from '../../../shared/sampling/sets.ts';
import type { ProofScore } from '../../../shared/scores.ts';
import type { CandidateRow } from '../../imports/candidates.ts';
import { evidenceOf, readShard, shardFiles, type ShardFile } from '../../sets/inspect.ts';
import type { SealedLine } from '../../ledger/sealedLedger.ts';
import { readShardRows } from '../../sets/shards.ts';
import { madeBy } from '../../store/made.ts';
import type { ArtifactStore } from '../../store/types.ts';

/** Analyses of a proof that go with its label. Ours: k witnesses of most policies, and no more than is read. */
const EVIDENCE = 4;

/** An analysis that a decision rests on. */
export interface DecidingAnalysis {
  /** Which of the proof's analyses it is, from 0. */
  readonly analysis: number;
  readonly score: ProofScore | null;
  /** Its meta-analyses, and those of them that confirm it. */
  readonly assessed: number;
  readonly confirmed: number;
  readonly isValid: boolean;
  readonly text: string;
}

/** A row of the dataset that all files of a `label` are made of. */
export type DecidedProof = Omit<LabelledProof, 'label' | 'labelledBy' | 'people'> & {
  readonly evidence: readonly DecidingAnalysis[];
};

interface DecideInput {
  /** Whose verdicts, and where the result goes. */
  readonly from: Place;
  readonly to: Place;
  readonly policy: AutoLabelPolicy;
  /** What the rule says of a proof. */
  readonly decide: (proofId: string, evidence: readonly AnalysisEvidence[]) => LabelRow;
  /** Whether an outcome counts. @default all */
  readonly counts?: (line: SealedLine) => boolean;
}

/** What was decided of all proofs of a set, and what was looked at. */
export interface Decided {
  /** DecidedProofs, in the order of the proofs. */
  readonly proofs: DatasetRef;
  readonly analyses: number;
  readonly metaAnalyses: number;
  /** Verdicts lost at the first attempt, in words; empty where there were none. */
  readonly losses: string;
}

/** Decides all proofs of a set, a shard at a time, and keeps the analyses that each decision rests on. */
export async function decideProofs(store: ArtifactStore, input: DecideInput): Promise<Decided> {
  const { from, to } = input;
  const setId = verdictsOf(from);
  const files = await shardFiles(store, setId);
  let [analyses, metaAnalyses] = [0, 0];
  let verdicts = NO_VERDICTS_BY_TASK;
  const see = (line: SealedLine): void => {
    verdicts = countedIn(verdicts, line);
  };
  async function* decided(): AsyncGenerator<DecidedProof> {
    for (const file of files)
      for (const proof of await decideShard(store, setId, file, input, see)) {
        analyses += proof.counts.asked;
        metaAnalyses += proof.counts.metaAnalyses;
        yield proof;
      }
  }
  const proofs = await store.writeJsonl(
    uri.dataset(to, 'decided'),
    decided(),
    madeBy('decideProofs', { verdicts: setId }),
  );
  const isLost = Object.values(verdicts).some((of) => lossShare(of) > 0);
  return { proofs, analyses, metaAnalyses, losses: isLost ? lossesText(verdicts) : '' };
}

async function decideShard(
  store: ArtifactStore,
  setId: string,
  file: ShardFile,
  { policy, decide, counts = () => true }: DecideInput,
  see: (line: SealedLine) => void,
): Promise<DecidedProof[]> {
  const rows = (await readShardRows(store, setId, file.shard)) as CandidateRow[];
  const evidence = file.state === 'notStarted' ? new Map<string, never[]>() : await evidenceOf(store, file, counts);
  const decisions = rows.map(({ id }) => {
    const of = evidence.get(id) ?? [];
    const row = decide(id, of);
    return { of, row, chosen: decidingAnalyses(policy, row.decision, of, EVIDENCE) };
  });
  // The texts are read when it is known which of them are wanted.
  const wanted = new Set(rows.flatMap(({ id }, at) => decisions[at]?.chosen.map((index) => `${id} ${index}`) ?? []));
  const texts = new Map<string, string>();
  const calls = new Map<string, number>();
  if (file.state !== 'notStarted')
    for await (const line of readShard(store, file)) {
      see(line);
      if (!counts(line)) continue;
      const { row, task, sample, kind, text = '' } = line;
      const proof = task === 'metaVerify' ? row.slice(0, row.lastIndexOf('#')) : row;
      calls.set(proof, (calls.get(proof) ?? 0) + 1);
      const key = `${row} ${sample}`;
      if (task === 'verify' && kind === 'answered' && wanted.has(key)) texts.set(key, text);
    }
  return rows.map(({ id, givenId, problem, proof, model }, at): DecidedProof => {
    const { of, row, chosen } = decisions[at] as (typeof decisions)[number];
    const evidenceRows = chosen.map((index): DecidingAnalysis => {
      const { score, metaScores } = of[index] as AnalysisEvidence;
      const { confirmed, refuted } = countMetas(policy, metaScores);
      return {
        analysis: index,
        score: score ?? null,
        assessed: confirmed + refuted,
        confirmed,
        isValid: (score === 0 || score === 0.5) && validityOf(policy, metaScores) === 'valid',
        text: texts.get(`${id} ${index}`) ?? '',
      };
    });
    return {
      id,
      ...(givenId !== undefined && { givenId }),
      problem,
      proof,
      model,
      decision: row.decision,
      hardToVerify: row.hardToVerify,
      counts: evidenceCounts(policy, of),
      calls: calls.get(id) ?? 0,
      evidence: evidenceRows,
    };
  });
}

/** Of a set that the caps have ended: what is settled by what has come. */
export async function labelsSoFar(
  store: ArtifactStore,
  { place, policy, waves }: { place: Place; policy: AutoLabelPolicy; waves: readonly number[] },
): Promise<DatasetRef> {
  const setId = verdictsOf(place);
  async function* rows(): AsyncGenerator<LabelRow> {
    for (const file of await shardFiles(store, setId)) {
      const labels = uri.shardLabels(setId, file.shard);
      const isDone = file.state === 'sealed' && (await store.stat(labels)) !== undefined;
      if (isDone) yield* linesIn<LabelRow>(await store.readText(labels));
      else {
        const evidence = file.state === 'notStarted' ? undefined : await evidenceOf(store, file);
        for (const { id } of await readShardRows(store, setId, file.shard))
          yield labelSoFar(policy, waves, id, evidence?.get(id) ?? []);
      }
    }
  }
  return store.writeJsonl(uri.dataset(place, 'labels-so-far'), rows(), madeBy('labelsSoFar', { verdicts: setId }));
}

function linesIn<Row>(text: string): Row[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}
