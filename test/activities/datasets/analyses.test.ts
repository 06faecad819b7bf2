import { chooseAnalysesForExperts, collectAnalyses } from '../../../activities/datasets/analyses.ts';
import type { AnalysisRow, DatasetRef, ProofRow } from '../../../shared/records.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import { analysisText, malformed, newStore, outcome, proofRow, writeSet } from '../../reports/figures/lapFixture.ts';

let store: FileStore;
let proofs: DatasetRef;
beforeEach(async () => {
  store = await newStore();
  proofs = await store.writeJsonl(
    'datasets/proofs.jsonl',
    [1, 2, 3].map((index): ProofRow => proofRow(index, 1)),
  );
});

/** An analysis of each proof, by a model whose digest is this. */
async function written(setId: string, model: string, words: number, mark?: string): Promise<DatasetRef> {
  const answers = [1, 2, 3].map((index) =>
    outcome(`proof-${index}`, 'verify', analysisText(0, { found: words + index }), { model: model.repeat(64) }),
  );
  await writeSet(store, setId, answers);
  return collectAnalyses(store, { to: `datasets/${setId}.jsonl`, setId, proofs, ...(mark && { mark }) });
}

async function chosen(ofVerifier: DatasetRef, ofBase: DatasetRef): Promise<AnalysisRow[]> {
  const subject = { to: 'datasets/for-experts.jsonl', ofVerifier, ofBase, baseShare: 0.5, count: 6, seed: 1 };
  return store.readRows<AnalysisRow>(await chooseAnalysesForExperts(store, subject));
}

const ids = (rows: readonly AnalysisRow[]): string[] => rows.map(({ id }) => id).sort();

test('analyses of v1 and of the base are told apart by their models', async () => {
  const rows = await chosen(await written('analyses-v1', 'a', 10), await written('analyses-base', 'b', 10));
  expect(ids(rows)).toEqual(
    ['a', 'b'].flatMap((model) => [1, 2, 3].map((index) => `proof-${index}-${model.repeat(8)}-0`)).sort(),
  );
});

test('where the training taught nothing v1 is the base, and every analysis still has an id of its own', async () => {
  const rows = await chosen(await written('analyses-v1', 'a', 10), await written('analyses-base', 'a', 20, 'base'));
  expect(rows).toHaveLength(6);
  expect(new Set(ids(rows)).size).toBe(6);
  expect(ids(rows)).toContain('proof-1-aaaaaaaa-base-0');
});

test('nobody is asked twice about a text that one model wrote twice', async () => {
  const rows = await chosen(await written('analyses-v1', 'a', 10), await written('analyses-base', 'a', 10, 'base'));
  expect(ids(rows)).toEqual([1, 2, 3].map((index) => `proof-${index}-aaaaaaaa-0`));
});

test('the share of a base that wrote nothing in format goes to v1', async () => {
  await writeSet(store, 'analyses-base', [malformed('proof-1', 'verify')]);
  const ofBase = await collectAnalyses(store, { to: 'datasets/of-base.jsonl', setId: 'analyses-base', proofs });
  expect(await chosen(await written('analyses-v1', 'a', 10), ofBase)).toHaveLength(3);
});
