import { contestedProofs, mostTelling } from '../../../activities/datasets/contested.ts';
import { growProofScores } from '../../../activities/datasets/proofs.ts';
import type { Outcome } from '../../../shared/outcomes.ts';
import type { ScoredProof, ShownAnalysis } from '../../../shared/records.ts';
import type { LabelDecision, LabelRow } from '../../../shared/sampling/sets.ts';
import type { Score } from '../../../shared/scores.ts';
import {
  analysisText,
  malformed,
  metaText,
  newStore,
  outcome,
  proofRow,
  writeSet,
} from '../../reports/figures/lapFixture.ts';

const CONTESTED: LabelDecision = { kind: 'contested', reason: 'too few valid analyses' };
const labelOf = (proof: number, decision: LabelDecision, hardToVerify = false): LabelRow => ({
  proofId: `proof-${proof}`,
  decision,
  analyses: 2,
  metaAnalyses: 2,
  hardToVerify,
  stopReason: 'decided',
  order: [],
});
const analysis = (proof: number, sample: number, score: Score): Outcome =>
  outcome(`proof-${proof}`, 'verify', analysisText(score), { sample, score });
const metas = (proof: number, sample: number, ...scores: readonly Score[]): Outcome[] =>
  scores.map((score, index) =>
    outcome(`proof-${proof}#${sample}`, 'metaVerify', metaText(score), { sample: index, score }),
  );

async function lap() {
  const store = await newStore();
  const proofs = await store.writeJsonl(
    'datasets/proofs.jsonl',
    [0, 1, 2].map((index) => proofRow(index, 1)),
  );
  const decisions = await store.writeJsonl('labels/labels.jsonl', [
    labelOf(0, CONTESTED),
    labelOf(1, { kind: 'labelled', score: 1 }),
    labelOf(2, CONTESTED, true),
  ]);
  await writeSet(store, 'verdicts', [
    analysis(0, 0, 1),
    analysis(0, 1, 0),
    ...metas(0, 1, 1, 0),
    malformed('proof-0', 'verify'),
    analysis(1, 0, 0),
    ...metas(1, 0, 1, 1),
    analysis(2, 0, 0.5),
    ...metas(2, 0, 0.5, 1),
  ]);
  return { store, proofs, decisions };
}

test('contested proofs are asked about without their analyses, hard ones first', async () => {
  const { store, proofs, decisions } = await lap();
  const subject = await contestedProofs(store, { to: 'datasets/contested.jsonl', proofs, decisions });
  expect(await store.readRows(subject)).toEqual([proofRow(2, 1), proofRow(0, 1)]);
});

test('where people are assisted, each goes with its own analyses and what meta-analyses made of them', async () => {
  const { store, proofs, decisions } = await lap();
  const shown = { setId: 'verdicts', confirmingMetaScore: 1 } as const;
  const subject = await contestedProofs(store, { to: 'datasets/contested.jsonl', proofs, decisions, shown });
  expect(await store.readRows(subject)).toEqual([
    { ...proofRow(2, 1), analyses: [{ analysis: analysisText(0.5), score: 0.5, assessed: 2, confirmed: 1 }] },
    {
      ...proofRow(0, 1),
      analyses: [
        { analysis: analysisText(0), score: 0, assessed: 2, confirmed: 1 },
        { analysis: analysisText(1), score: 1, assessed: 0, confirmed: 0 },
      ],
    },
  ]);
});

test('of many analyses the eight most telling are shown, with a place for one that finds nothing', () => {
  const of = (score: Score, confirmed: number): ShownAnalysis => ({ analysis: '', score, assessed: 4, confirmed });
  const friendly: ShownAnalysis = { analysis: 'fine', score: 1, assessed: 0, confirmed: 0 };
  const critical = Array.from({ length: 12 }, (_, index) => of(index % 2 === 0 ? 0.5 : 0, index % 5));
  const shown = mostTelling([...critical, friendly, friendly]);
  expect(shown.map(({ score, confirmed }) => [confirmed, score])).toEqual([
    [4, 0],
    [4, 0.5],
    [3, 0],
    [3, 0.5],
    [2, 0],
    [2, 0.5],
    [1, 0],
    [0, 1],
  ]);
  expect(mostTelling([friendly])).toEqual([friendly]);
  expect(mostTelling(critical)).toHaveLength(8);
});

test('what people said before they saw the analyses is kept beside their score; the second trains', async () => {
  const { store, proofs, decisions } = await lap();
  const result = { kind: 'scored', score: 0.5, source: 'expert', verdicts: 2, adjudicated: false } as const;
  const experts = await store.writeJsonl('reviews/experts.jsonl', [
    { id: 'proof-0', result: { ...result, firstScore: 1 } },
    { id: 'proof-2', result },
  ]);
  const { grown } = await growProofScores(store, {
    lap: 'main/lap-0001',
    proofs,
    decisions,
    experts: [experts],
    carry: true,
  });
  const rows = await store.readRows<ScoredProof>(grown);
  expect(rows.map(({ score, firstScore, source }) => [score, firstScore, source])).toEqual([
    [0.5, 1, 'expert'],
    [1, undefined, 'auto'],
    [0.5, undefined, 'expert'],
  ]);
});
