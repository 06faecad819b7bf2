import type { GrownDataset, LapManifest } from '../../../shared/lap/manifest.ts';
import type { ScoredAnalysis, ScoredProof } from '../../../shared/records.ts';
import type { ArtifactStore } from '../../store/types.ts';

/** What of a lap can be written out as one table. */
export type Exported = 'proofs' | 'analyses';

type Row = ScoredProof & ScoredAnalysis;
/** What a column says of a row; undefined where it has none. */
type Columns = Readonly<Record<string, (row: Row, split: string) => string | Decimal | number | undefined>>;

/** A number that is written with its point, so that no reader takes a column of scores for whole numbers. */
class Decimal {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

const decimal = (value: number | undefined): Decimal | undefined =>
  value === undefined ? undefined : new Decimal(value);

const PROBLEM: Columns = {
  id: ({ id }) => id,
  problem_id: ({ problem }) => problem.id,
  problem: ({ problem }) => problem.statement,
  topic: ({ problem }) => problem.topic,
  source: ({ problem }) => problem.source,
  difficulty: ({ problem }) => decimal(problem.difficulty),
};
const SCORED: Columns = {
  scored_by: ({ source }) => source,
  grader: ({ grader }) => grader,
  given_grade: ({ grade }) => grade,
  scored_at: ({ scoredAt }) => scoredAt,
  lap: ({ lap }) => lap,
  split: (_, split) => split,
};
/** In their order. */
const COLUMNS: Readonly<Record<Exported, Columns>> = {
  proofs: {
    ...PROBLEM,
    proof: ({ proof }) => proof,
    model: ({ model }) => model,
    round: ({ round }) => round,
    self_analysis: ({ selfAnalysis }) => selfAnalysis,
    self_score: ({ selfScore }) => decimal(selfScore),
    score: ({ score }) => decimal(score),
    first_score: ({ firstScore }) => decimal(firstScore),
    ...SCORED,
  },
  analyses: {
    ...PROBLEM,
    proof_id: ({ proofId }) => proofId,
    proof: ({ proof }) => proof,
    analysis: ({ analysis }) => analysis,
    analysis_score: ({ analysisScore }) => decimal(analysisScore),
    model: ({ model }) => model,
    quality: ({ quality }) => decimal(quality),
    ...SCORED,
  },
};

/**
 * D_v or D_mv of a lap, all parts of it, as JSON lines of one form: the same fields in the same order, null where a row
 * has none. Readers that infer a field's type from a file's beginning find one with each field there: such rows come
 * first.
 * @returns lines, each with its end; none where the lap has no such data.
 */
export async function* exportedLines(
  store: ArtifactStore,
  manifest: Pick<LapManifest, 'proofScores' | 'analysisScores'>,
  kind: Exported,
): AsyncGenerator<string> {
  const dataset = kind === 'proofs' ? manifest.proofScores : manifest.analysisScores;
  if (dataset === undefined) return;
  const columns = Object.entries(COLUMNS[kind]);
  const first = new Set<number>();
  const missing = new Set(columns.keys());
  let at = 0;
  for await (const { row, split } of rowsOf(store, dataset)) {
    for (const column of missing)
      if (columns[column]?.[1](row, split) !== undefined && missing.delete(column)) first.add(at);
    at += 1;
  }
  for (const isFirst of [true, false]) {
    at = 0;
    for await (const { row, split } of rowsOf(store, dataset)) {
      if (first.has(at) === isFirst)
        yield `{${columns.map(([name, of]) => `${JSON.stringify(name)}:${written(of(row, split))}`).join(',')}}\n`;
      at += 1;
    }
  }
}

async function* rowsOf(store: ArtifactStore, { train, grown, validation }: GrownDataset) {
  for (const part of [...train, ...(grown ? [grown] : [])])
    for await (const row of store.readJsonl<Row>(part)) yield { row, split: 'train' };
  for await (const row of store.readJsonl<Row>(validation)) yield { row, split: 'validation' };
}

function written(value: ReturnType<Columns[string]>): string {
  if (value instanceof Decimal) return Number.isInteger(value.value) ? `${value.value}.0` : String(value.value);
  return JSON.stringify(value ?? null);
}
