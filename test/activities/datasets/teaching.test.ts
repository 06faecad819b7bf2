import { contestedProofs } from '../../../activities/datasets/contested.ts';
import { chooseLaterAnalyses } from '../../../activities/datasets/laterAnalyses.ts';
import { chooseForExperts } from '../../../activities/datasets/proofs.ts';
import { analysesToTeach } from '../../../activities/datasets/teaching.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import type { AnalysisRow, DatasetRef, ProofRow } from '../../../shared/records.ts';
import type { Score } from '../../../shared/scores.ts';
import { analysisText, metaText, newStore, outcome, proofRow, writeSet } from '../../reports/figures/lapFixture.ts';

let store: FileStore;
beforeEach(async () => (store = await newStore()));

const idsOf = async (ref: DatasetRef) => (await store.readRows<{ id: string }>(ref)).map(({ id }) => id);
const proofs = (count: number) => Array.from({ length: count }, (_, index): ProofRow => proofRow(index, 1));

/** A set of analyses that give these scores to the proofs, one list a proof. */
async function analysed(setId: string, scores: readonly (readonly Score[])[]): Promise<void> {
  const outcomes = scores.flatMap((given, proof) =>
    given.map((score, sample) =>
      outcome(`proof-${proof}`, 'verify', analysisText(score, { found: sample }), { score, sample }),
    ),
  );
  await writeSet(store, setId, outcomes);
}

test('proofs that people may not all come to are even over predicted scores, the disputed first', async () => {
  const candidates = [await store.writeJsonl('datasets/round-0.jsonl', proofs(6))];
  await analysed('analyses-1', [
    [1, 1],
    [1, 1],
    [1, 1],
    [0, 0],
    [0, 1],
    [0, 0],
  ]);
  const asked = await chooseForExperts(store, {
    to: 'datasets/for-experts.jsonl',
    candidates,
    count: 4,
    seed: 1,
    teaching: ['analyses-1'],
  });
  const ids = await idsOf(asked);
  expect(ids).toHaveLength(4);
  expect(ids[0]).toBe('proof-4');
  const predicted: Record<string, string> = { 'proof-3': '0', 'proof-4': '0.5', 'proof-5': '0' };
  expect(new Set(ids.slice(0, 3).map((id) => predicted[id] ?? '1'))).toEqual(new Set(['0', '0.5', '1']));
});

test('contested proofs are even over predicted scores, and hard ones come first among equals', async () => {
  const all = await store.writeJsonl('datasets/proofs.jsonl', proofs(4));
  await analysed('verdicts', [[1], [1], [0], [0]]);
  const decision = { kind: 'contested', reason: 'no k' };
  const decisions = await store.writeJsonl(
    'labels/labels.jsonl',
    [0, 1, 2, 3].map((index) => ({ proofId: `proof-${index}`, decision, hardToVerify: index > 1 })),
  );
  const input = { to: 'datasets/contested.jsonl', proofs: all, decisions };
  expect(await idsOf(await contestedProofs(store, input))).toEqual(['proof-2', 'proof-3', 'proof-0', 'proof-1']);
  const teaching = await contestedProofs(store, { ...input, teaching: 'verdicts' });
  expect(await idsOf(teaching)).toEqual(['proof-2', 'proof-0', 'proof-3', 'proof-1']);
});

test('analyses are even over their scores, and one that another contradicts comes first', () => {
  const analysis = (id: string, proof: number, analysisScore: 0 | 0.5 | 1): AnalysisRow => ({
    ...proofRow(proof, 1),
    id,
    proofId: `proof-${proof}`,
    analysis: id,
    analysisScore,
  });
  const asked = [analysis('a', 0, 1), analysis('b', 1, 1), analysis('c', 2, 1), analysis('d', 2, 0)];
  expect(analysesToTeach(asked).map(({ id }) => id)).toEqual(['c', 'd', 'a', 'b']);
});

test('people score analyses of contested and of audited proofs, so that D_mv grows by what is not clear', async () => {
  const all = proofs(4);
  const input = {
    to: 'datasets/analyses.jsonl',
    setId: 'verdicts',
    proofs: await store.writeJsonl('datasets/proofs.jsonl', all),
    contested: await store.writeJsonl('datasets/contested.jsonl', all.slice(0, 1)),
    audited: await store.writeJsonl('datasets/audit.jsonl', all.slice(1, 2)),
    count: 4,
    seed: 1,
  };
  const verdicts = [0, 1, 2, 3].flatMap((proof) => [
    ...([0, 0, 1] as const).map((score, sample) =>
      outcome(`proof-${proof}`, 'verify', analysisText(score, { found: sample }), { score, sample }),
    ),
    outcome(`proof-${proof}#0`, 'metaVerify', metaText(1), { score: 1 }),
  ]);
  await writeSet(store, 'verdicts', verdicts);
  const rows = await store.readRows<AnalysisRow>(await chooseLaterAnalyses(store, input));
  expect(rows.map(({ proofId, analysisScore }) => `${proofId} ${analysisScore}`).sort()).toEqual([
    'proof-0 0',
    'proof-0 1',
    'proof-1 0',
    'proof-1 1',
  ]);
  const { audited: _, ...unaudited } = input;
  const own = await store.readRows<AnalysisRow>(await chooseLaterAnalyses(store, unaudited));
  expect(new Set(own.map(({ proofId }) => proofId))).toEqual(new Set(['proof-0']));
});
