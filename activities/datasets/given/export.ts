import type { GrownDataset, LapManifest } from '../../../shared/lap/manifest.ts';
import type { ScoredAnalysis, ScoredProof } from '../../../shared/records.ts';
import type { ArtifactStore } from '../../store/types.ts';
import { filledFirst, lineOf, type Column } from '../../tables/columns.ts';

/** What of a lap can be written out as one table. */
export type Exported = 'proofs' | 'analyses';

type Row = ScoredProof & ScoredAnalysis & { readonly split: string };

const PROBLEM: readonly Column<Row>[] = [
  { name: 'id', type: 'text', of: ({ id }) => id },
  { name: 'problem_id', type: 'text', of: ({ problem }) => problem.id },
  { name: 'problem', type: 'text', of: ({ problem }) => problem.statement },
  { name: 'topic', type: 'text', of: ({ problem }) => problem.topic },
  { name: 'source', type: 'text', of: ({ problem }) => problem.source },
  { name: 'difficulty', type: 'decimal', of: ({ problem }) => problem.difficulty },
];
const SCORED: readonly Column<Row>[] = [
  { name: 'scored_by', type: 'text', of: ({ source }) => source },
  { name: 'grader', type: 'text', of: ({ grader }) => grader },
  { name: 'given_grade', type: 'text', of: ({ grade }) => grade },
  { name: 'scored_at', type: 'text', of: ({ scoredAt }) => scoredAt },
  { name: 'lap', type: 'text', of: ({ lap }) => lap },
  { name: 'split', type: 'text', of: ({ split }) => split },
];
/** In their order. */
const COLUMNS: Readonly<Record<Exported, readonly Column<Row>[]>> = {
  proofs: [
    ...PROBLEM,
    { name: 'proof', type: 'text', of: ({ proof }) => proof },
    { name: 'model', type: 'text', of: ({ model }) => model },
    { name: 'round', type: 'whole', of: ({ round }) => round },
    { name: 'self_analysis', type: 'text', of: ({ selfAnalysis }) => selfAnalysis },
    { name: 'self_score', type: 'decimal', of: ({ selfScore }) => selfScore },
    { name: 'score', type: 'decimal', of: ({ score }) => score },
    { name: 'first_score', type: 'decimal', of: ({ firstScore }) => firstScore },
    ...SCORED,
  ],
  analyses: [
    ...PROBLEM,
    { name: 'proof_id', type: 'text', of: ({ proofId }) => proofId },
    { name: 'proof', type: 'text', of: ({ proof }) => proof },
    { name: 'analysis', type: 'text', of: ({ analysis }) => analysis },
    { name: 'analysis_score', type: 'decimal', of: ({ analysisScore }) => analysisScore },
    { name: 'model', type: 'text', of: ({ model }) => model },
    { name: 'quality', type: 'decimal', of: ({ quality }) => quality },
    ...SCORED,
  ],
};

/**
 * D_v or D_mv of a lap, all parts of it, as JSON lines of one form. Readers that infer a field's type from a file's
 * beginning find one with each field there: such rows come first.
 * @returns lines, each with its end; none where the lap has no such data.
 */
export async function* exportedLines(
  store: ArtifactStore,
  manifest: Pick<LapManifest, 'proofScores' | 'analysisScores'>,
  kind: Exported,
): AsyncGenerator<string> {
  const dataset = kind === 'proofs' ? manifest.proofScores : manifest.analysisScores;
  if (dataset === undefined) return;
  const columns = COLUMNS[kind];
  for await (const row of filledFirst(columns, () => rowsOf(store, dataset))) yield lineOf(columns, row);
}

async function* rowsOf(store: ArtifactStore, { train, grown, validation }: GrownDataset): AsyncGenerator<Row> {
  for (const part of [...train, ...(grown ? [grown] : [])])
    for await (const row of store.readJsonl<Row>(part)) yield { ...row, split: 'train' };
  for await (const row of store.readJsonl<Row>(validation)) yield { ...row, split: 'validation' };
}
