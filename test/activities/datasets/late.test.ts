import { collectLate, recordLate } from '../../../activities/datasets/late.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import type { FileStore } from '../../../activities/store/files.ts';
import type { LapManifest } from '../../../shared/lap/manifest.ts';
import type { AnalysisRow, DatasetRef, ScoredAnalysis, ScoredProof } from '../../../shared/records.ts';
import type { LateQuestion } from '../../../shared/review/late.ts';
import type { QuestionKind, ReviewEntry, ReviewResult, ReviewSetResult } from '../../../shared/review/reviews.ts';
import { newStore, problem, proofRow } from '../../reports/figures/lapFixture.ts';

const PARENT = 'main/lap-0001';
const LAP = 'main/lap-0002';
const OPEN: ReviewResult = { kind: 'open' };
const UNASKED: ReviewResult = { kind: 'open', unasked: true };
const SCORED: ReviewResult = { kind: 'scored', score: 1, source: 'expert', verdicts: 2, adjudicated: false };
const FLAGGED: ReviewResult = { kind: 'flagged', reason: 'false for n = 1', confirmed: true };
const SET = `${PARENT}/cold-start/experts`;

let store: FileStore;
let log: ReviewLog;
let problems: { validation: DatasetRef; heldOut: DatasetRef; leftOut?: DatasetRef };
beforeEach(async () => {
  store = await newStore();
  log = new ReviewLog(store);
  problems = {
    validation: await store.writeJsonl('datasets/validation.jsonl', [problem(8)]),
    heldOut: await store.writeJsonl('datasets/held-out.jsonl', [problem(9)]),
  };
});

/** A set of the parent about proofs of problems 0 to 9, or analyses of them, as it stood when the lap went on. */
async function left(
  results: readonly ReviewResult[],
  setId = SET,
  kind: QuestionKind = 'scoreProof',
): Promise<ReviewSetResult> {
  const rows = results.map((_, index) =>
    kind === 'scoreAnalysis' ? analysisRow(index) : { ...proofRow(index, 1), id: `q${index}` },
  );
  const open = results.filter((result) => result.kind === 'open');
  return {
    setId,
    kind,
    subject: await store.writeJsonl(`datasets/${setId}.jsonl`, rows),
    results: await store.writeJsonl(
      `reviews/${setId}.jsonl`,
      results.map((result, index) => ({ id: `q${index}`, result })),
    ),
    scored: results.filter((result) => result.kind === 'scored').length,
    flagged: 0,
    expired: 0,
    open: open.length,
    unasked: open.filter((result) => 'unasked' in result).length,
    verdicts: 0,
  };
}

const analysisRow = (index: number): AnalysisRow => ({
  id: `q${index}`,
  problem: problem(index),
  proof: 'x',
  proofId: `proof-${index}`,
  analysis: 'wrong',
  analysisScore: 0,
  model: 'm',
});

const at = '2026-03-01T00:00:00.000Z';
const verdict = (annotator: string, score: 0 | 0.5 | 1): ReviewEntry => ({
  kind: 'verdict',
  id: `verdict ${annotator}`,
  at,
  seat: 1,
  verdict: { annotator, score, source: 'expert', verdictId: annotator },
});
const resulted = (result: ReviewResult): ReviewEntry => ({ kind: 'result', id: 'result', at, result });

/** What a lap finds whose parent left these behind. */
async function collected(parent: Partial<Pick<LapManifest, 'reviews' | 'late'>>, more: { asks?: boolean } = {}) {
  const manifest = await store.writeJson(`laps/${PARENT}/manifest.json`, { reviews: [], ...parent });
  return collectLate(store, { lap: LAP, parent: manifest, problems, seats: 2, experts: 'people', asks: true, ...more });
}

test('a score that came after its lap had gone on joins D_v with its date', async () => {
  const review = await left([SCORED, OPEN, OPEN]);
  await log.append(SET, 'q1', [verdict('ada', 1), verdict('emmy', 1), resulted(SCORED)]);
  const { record, proofScores, analysisScores } = await collected({ reviews: [review] });
  expect(record).toMatchObject({ proofs: 1, analyses: 0, heldBack: 0, open: 1, halfAnswered: 0 });
  expect(analysisScores).toBeUndefined();
  expect(await store.readRows<ScoredProof>(proofScores as DatasetRef)).toEqual([
    { ...proofRow(1, 1), id: 'q1', score: 1, source: 'expert', lap: LAP, scoredAt: at },
  ]);
});

test('a late score of an analysis joins D_mv', async () => {
  const set = `${PARENT}/meta-data/experts`;
  const review = await left([OPEN], set, 'scoreAnalysis');
  await log.append(set, 'q0', [verdict('ada', 1), verdict('emmy', 1), resulted(SCORED)]);
  const { record, analysisScores } = await collected({ reviews: [review] });
  expect(record).toMatchObject({ proofs: 0, analyses: 1 });
  expect(await store.readRows<ScoredAnalysis>(analysisScores as DatasetRef)).toMatchObject([
    { id: 'q0', quality: 1, scoredAt: at, lap: LAP },
  ]);
});

test('what is scored of problems that are held back is kept, and never trained on', async () => {
  const review = await left(Array.from({ length: 10 }, () => OPEN));
  for (const id of ['q7', 'q8', 'q9']) await log.append(SET, id, [verdict('ada', 1), resulted(SCORED)]);
  const { record, proofScores } = await collected({ reviews: [review] });
  expect(record).toMatchObject({ proofs: 1, heldBack: 2, open: 7 });
  expect((await store.readRows<ScoredProof>(proofScores as DatasetRef)).map(({ id }) => id)).toEqual(['q7']);
});

test('nor is what has since proved to be one problem with a held-out one: it is not asked about again', async () => {
  const review = await left([OPEN, UNASKED]);
  await log.append(SET, 'q0', [verdict('ada', 1), resulted(SCORED)]);
  const out = [0, 1].map((index) => ({ id: problem(index).id, why: 'one problem with p9, which is held out' }));
  problems = { ...problems, leftOut: await store.writeJsonl('datasets/left-out.jsonl', out) };
  const { record, proofScores, unasked } = await collected({ reviews: [review] });
  expect(record).toMatchObject({ proofs: 0, heldBack: 1 });
  expect([proofScores, unasked]).toEqual([undefined, {}]);
});

test('what is open, half-answered or not, goes on to the next lap, and joins that one', async () => {
  const review = await left([OPEN, OPEN]);
  await log.append(SET, 'q0', [verdict('ada', 0)]);
  const second = await collected({ reviews: [review] });
  expect(second.record).toMatchObject({ proofs: 0, open: 2, halfAnswered: 1 });

  await log.append(SET, 'q0', [verdict('emmy', 0), resulted({ ...SCORED, score: 0 })]);
  const manifest = await store.writeJson(`laps/${LAP}/manifest.json`, { reviews: [], late: second.record });
  const third = await collectLate(store, {
    lap: 'main/lap-0003',
    parent: manifest,
    problems,
    seats: 2,
    experts: 'people',
    asks: true,
  });
  expect(third.record).toMatchObject({ proofs: 1, open: 1, halfAnswered: 0 });
  const [joined] = await store.readRows<ScoredProof>(third.proofScores as DatasetRef);
  expect(joined).toMatchObject({ id: 'q0', score: 0, lap: 'main/lap-0003' });
});

test('what was never asked is asked in the later lap, with the answers that it has', async () => {
  const review = await left([OPEN, UNASKED, UNASKED]);
  await log.append(SET, 'q2', [verdict('ada', 0.5)]);
  const { unasked, record } = await collected({ reviews: [review] });
  expect(record).toMatchObject({ open: 1 });
  expect(Object.keys(unasked)).toEqual(['scoreProof']);
  const asked = await store.readRows<ScoredProof>(unasked.scoreProof as DatasetRef);
  expect(asked.map(({ id }) => id)).toEqual(['q1', 'q2']);
  expect(await log.read(`${LAP}/late/proofs`, 'q2')).toEqual([{ ...verdict('ada', 0.5), takenFrom: `${SET}/q2` }]);
  expect(await log.read(`${LAP}/late/proofs`, 'q1')).toEqual([]);
});

test('a lap without people keeps what was never asked for the one after it', async () => {
  const review = await left([UNASKED]);
  const { unasked, record } = await collected({ reviews: [review] }, { asks: false });
  expect(unasked).toEqual({});
  expect(record.open).toBe(1);
  const manifest = await store.writeJson(`laps/${LAP}/manifest.json`, { reviews: [], late: record });
  const more = { problems, seats: 2, experts: 'people', asks: true } as const;
  const third = await collectLate(store, { lap: 'main/lap-0003', parent: manifest, ...more });
  expect(third.unasked.scoreProof?.rows).toBe(1);
});

test('questions about a faulty problem are not asked, and a flag that came late is told', async () => {
  const review = await left([UNASKED, UNASKED, OPEN]);
  await log.append(SET, 'q2', [verdict('ada', 1), resulted(FLAGGED)]);
  const faulty = await store.writeJsonl('datasets/faulty.jsonl', [
    { ...problem(0), reason: 'n is not said', question: 'set/q' },
  ]);
  const manifest = await store.writeJson(`laps/${PARENT}/manifest.json`, { reviews: [review] });
  const input = { lap: LAP, parent: manifest, seats: 2, experts: 'people', asks: true } as const;
  const { unasked, flagged, record } = await collectLate(store, { ...input, problems: { ...problems, faulty } });
  expect((await store.readRows<ScoredProof>(unasked.scoreProof as DatasetRef)).map(({ id }) => id)).toEqual(['q1']);
  expect({ flagged, proofs: record.proofs, open: record.open }).toEqual({ flagged: 1, proofs: 0, open: 0 });
});

test('questions of audits train nothing, however late they are answered', async () => {
  const set = `${PARENT}/label/audit`;
  const review = await left([OPEN], set, 'auditLabel');
  await log.append(set, 'q0', [verdict('ada', 1), resulted(SCORED)]);
  const { record, proofScores } = await collected({ reviews: [review] });
  expect(record).toMatchObject({ proofs: 0, open: 0 });
  expect(proofScores).toBeUndefined();
});

test('whoever repeats the step finds the questions as they stood', async () => {
  const review = await left([OPEN]);
  const first = await collected({ reviews: [review] });
  await log.append(SET, 'q0', [verdict('ada', 1), resulted(SCORED)]);
  const again = await collected({ reviews: [review] });
  expect(again).toEqual(first);
  const [question] = await store.readRows<LateQuestion>(again.record.standing);
  expect(question).not.toHaveProperty('result');
});

test('what a later lap asks itself joins in the same way', async () => {
  const review = await left([SCORED, OPEN, SCORED]);
  const to = { lap: LAP, at: `${LAP}/late` as never, name: 'proofs-scored', kind: 'scoreProof' } as const;
  const { subject, results } = review as ReviewSetResult & { subject: DatasetRef };
  const joined = await recordLate(store, { ...to, setId: SET, subject, results, problems });
  expect(joined).toMatchObject({ rows: 2, heldBack: 0, ref: { uri: `datasets/${LAP}/late/proofs-scored.jsonl` } });
  expect(await store.readRows<ScoredProof>(joined.ref as DatasetRef)).toMatchObject([{ id: 'q0' }, { id: 'q2' }]);
});
