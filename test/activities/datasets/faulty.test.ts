import { findFaulty, withoutFaulty } from '../../../activities/datasets/faulty.ts';
import { growProofScores, recordProofScores } from '../../../activities/datasets/proofs.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import { placeOf } from '../../../shared/ids.ts';
import type { DatasetRef, ProofRow, ScoredProof } from '../../../shared/records.ts';
import type { FaultyProblem } from '../../../shared/review/late.ts';
import type { ReviewResult } from '../../../shared/review/reviews.ts';
import { newStore, problem, proofRow } from '../../reports/figures/lapFixture.ts';

const LAP = 'main/lap-0001';
const AT = placeOf(LAP, 'faulty');
const SET = `${LAP}/cold-start/experts`;
const FLAGGED: ReviewResult = { kind: 'flagged', reason: 'false for n = 1', confirmed: true };
const SCORED: ReviewResult = { kind: 'scored', score: 1, source: 'expert', verdicts: 2, adjudicated: false };

let store: FileStore;
beforeEach(async () => (store = await newStore()));

/** A set of questions about these proofs, with what they came to. */
const asked = async (proofs: readonly ProofRow[], results: readonly ReviewResult[]) => ({
  setId: SET,
  subject: await store.writeJsonl('datasets/asked.jsonl', proofs),
  results: await store.writeJsonl(
    'reviews/asked.jsonl',
    proofs.map(({ id }, index) => ({ id, result: results[index] })),
  ),
});
const proofs = [0, 1, 2].map((index) => proofRow(index, 1));

test('a problem that two people flagged is known as faulty, with the reason and the question', async () => {
  const review = await asked(proofs, [SCORED, FLAGGED, SCORED]);
  const found = await findFaulty(store, { at: AT, name: 'found', reviews: [review] });
  expect(await store.readRows<FaultyProblem>(found as DatasetRef)).toEqual([
    { id: 'p1', statement: 'Prove claim 1.', reason: 'false for n = 1', question: `${SET}/proof-1` },
  ]);
});

test('a flag counts that was confirmed after the lap went on, before the next stage', async () => {
  const review = await asked(proofs, [SCORED, { kind: 'open' }, SCORED]);
  const looked = { at: AT, name: 'found', reviews: [review] };
  expect(await findFaulty(store, looked)).toBeUndefined();
  const entry = { kind: 'result', id: 'result', at: '2026-03-01T00:00:00.000Z', result: FLAGGED } as const;
  await new ReviewLog(store).append(SET, 'proof-1', [entry]);
  expect((await findFaulty(store, looked))?.rows).toBe(1);
});

test('where nothing new is found, what was known stays what it is', async () => {
  const review = await asked(proofs, [SCORED, FLAGGED, SCORED]);
  const known = await findFaulty(store, { at: AT, name: 'found', reviews: [review] });
  expect(await findFaulty(store, { at: AT, name: 'later', known, reviews: [review] })).toEqual(known);
});

test('a dataset without faulty problems goes on as it is; of another one their rows are left out', async () => {
  const review = await asked(proofs, [SCORED, FLAGGED, SCORED]);
  const faulty = (await findFaulty(store, { at: AT, name: 'found', reviews: [review] })) as DatasetRef;
  const parts = [
    await store.writeJsonl('datasets/problems.jsonl', [problem(0), problem(1), problem(2)]),
    await store.writeJsonl('datasets/sound.jsonl', [proofRow(0, 1), proofRow(2, 0)]),
    await store.writeJsonl('datasets/again.jsonl', [{ ...problem(7), statement: 'PROVE  claim 1' }, problem(3)]),
  ];
  const input = { at: AT, name: 'generator', parts, faulty, domain: { name: 'proofs', settings: {} } };
  const [problems, sound, again] = await withoutFaulty(store, {}, input);
  expect((await store.readRows<{ id: string }>(problems as DatasetRef)).map(({ id }) => id)).toEqual(['p0', 'p2']);
  expect(sound).toEqual(parts[1]);
  // The same statement under another id, and in another notation, is the same problem.
  expect((await store.readRows<{ id: string }>(again as DatasetRef)).map(({ id }) => id)).toEqual(['p3']);
});

test('scores of other proofs of a faulty problem are not trained on', async () => {
  const other = { ...proofRow(1, 0), id: 'proof-1b' };
  const review = await asked([...proofs, other], [SCORED, FLAGGED, SCORED, SCORED]);
  const validation = await store.writeJsonl('datasets/validation.jsonl', []);
  const { train } = await recordProofScores(store, { lap: LAP, ...review, validation });
  expect((await store.readRows<ScoredProof>(train)).map(({ id }) => id)).toEqual(['proof-0', 'proof-2']);
});

test('contested proofs of a faulty problem are not carried on, and what is open is not labelled anew', async () => {
  const results: ReviewResult[] = [{ kind: 'open' }, FLAGGED, { kind: 'expired' }];
  const review = await asked(proofs, results);
  const input = {
    lap: LAP,
    proofs: review.subject,
    decisions: await store.writeJsonl(
      'labels/labels.jsonl',
      proofs.map(({ id }) => ({ proofId: id, decision: { kind: 'contested', reason: 'no k' } })),
    ),
    experts: [review.results],
    carry: true,
  };
  const { carried, expert } = await growProofScores(store, input);
  expect(expert).toBe(0);
  expect((await store.readRows<ProofRow>(carried as DatasetRef)).map(({ id }) => id)).toEqual(['proof-2']);
});
