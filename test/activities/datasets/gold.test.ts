import { chooseForExperts, growProofScores, recordProofScores } from '../../../activities/datasets/proofs.ts';
import { contestedProofs } from '../../../activities/datasets/contested.ts';
import { goldIn } from '../../../activities/reviews/gold.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import { goldFigures } from '../../../reports/figures/goldFigures.ts';
import { goldLines } from '../../../reports/pages/lateSection.ts';
import { uri } from '../../../shared/ids.ts';
import type { DatasetRef, ProofRow, ScoredProof } from '../../../shared/records.ts';
import type { ReviewResult } from '../../../shared/review/reviews.ts';
import type { Score } from '../../../shared/scores.ts';
import { labelRow, newStore, problem, proofRow } from '../../reports/figures/lapFixture.ts';

const LAP = 'main/lap-0001';
const COLD = `datasets/${LAP}/cold-start/for-experts.jsonl`;
const GOLD = { proofs: 'imports/proofs/gold.jsonl', share: 0.25 };
let store: Awaited<ReturnType<typeof newStore>>;
let candidates: DatasetRef;
const of = (index: number): ProofRow => ({ ...proofRow(index, 1), id: `p${index}-r0-0`, round: 0 });
beforeEach(async () => {
  store = await newStore();
  candidates = await store.writeJsonl(
    'datasets/candidates.jsonl',
    Array.from({ length: 12 }, (_, index) => of(index)),
  );
  await store.writeJsonl(
    GOLD.proofs,
    Array.from({ length: 12 }, (_, index) => ({
      ...proofRow(100 + index, 1),
      score: index % 2,
      source: 'given',
      grader: 'jury',
    })),
  );
});
const ask = (gold?: typeof GOLD) =>
  chooseForExperts(store, { to: COLD, candidates: [candidates], count: 9, seed: 1, gold });
const scored = (score: Score): ReviewResult => ({
  kind: 'scored',
  score,
  source: 'expert',
  verdicts: 1,
  adjudicated: false,
});

test('known answers stand beside what people are asked, and never come into D_v', async () => {
  const subject = await ask(GOLD);
  const gold = await goldIn(store, subject.uri);
  expect([subject.rows, gold.size]).toEqual([12, 3]);
  const rows = await store.readRows<ProofRow>(subject);
  const { train, validation } = await recordProofScores(store, {
    lap: LAP,
    subject,
    results: await store.writeJsonl(
      'reviews/experts.jsonl',
      rows.map(({ id }) => ({ id, result: scored(1) })),
    ),
    validation: await store.writeJsonl('datasets/validation.jsonl', [problem(3), problem(101)]),
  });
  const all = await store.readRows<ScoredProof>(train, validation);
  expect(all).toHaveLength(9);
  expect(all.filter(({ id }) => gold.has(id))).toEqual([]);
  expect(all.filter(({ problem: { statement } }) => /claim 1\d\d/.test(statement))).toEqual([]);
  expect(await store.readMade(uri.gold(subject.uri))).toMatchObject({
    from: [{ as: 'candidates' }, { as: 'gold', uri: GOLD.proofs }],
  });
});

test('without them a set is what it was, to the byte', async () => {
  const plain = await ask();
  const bytes = await store.readText(plain.uri);
  expect(await store.exists(uri.gold(plain.uri))).toBe(false);
  await ask(GOLD);
  expect((await ask()).sha256).toBe(plain.sha256);
  expect(await store.readText(plain.uri)).toBe(bytes);
});

test('among contested proofs they change no label: no proof has an id of theirs, and none is added', async () => {
  const decisions = await store.writeJsonl(
    'labels/decisions.jsonl',
    Array.from({ length: 12 }, (_, index) => ({
      proofId: of(index).id,
      ...labelRow(index < 6 ? { kind: 'contested', reason: 'none' } : { kind: 'labelled', score: 1 }),
    })),
  );
  const to = `datasets/${LAP}/label/contested.jsonl`;
  const subject = await contestedProofs(store, { to, proofs: candidates, decisions, gold: GOLD, seed: 3 });
  const gold = await goldIn(store, subject.uri);
  expect([subject.rows, gold.size]).toEqual([8, 2]);
  const asked = await store.readRows<ProofRow>(subject);
  const { grown, expert } = await growProofScores(store, {
    lap: LAP,
    proofs: candidates,
    decisions,
    experts: [
      await store.writeJsonl(
        'reviews/contested.jsonl',
        asked.map(({ id }) => ({ id, result: scored(0) })),
      ),
    ],
    carry: false,
  });
  expect(expert).toBe(6);
  expect((await store.readRows<ScoredProof>(grown)).map(({ id }) => id).sort()).toEqual(
    Array.from({ length: 12 }, (_, index) => of(index).id).sort(),
  );
});

test('each annotator is measured by the known answers, a first answer each, and who is below is named', async () => {
  const subject = await ask({ ...GOLD, share: 0.5 });
  const gold = [...(await goldIn(store, subject.uri)).values()];
  expect(gold).toHaveLength(9);
  const log = new ReviewLog(store);
  const verdict = (annotator: string, score: Score, more: object = {}) => ({
    annotator,
    score,
    source: 'expert',
    ...more,
  });
  for (const [index, { id, score }] of gold.entries())
    await log.append(`${LAP}/cold-start/experts`, id, [
      { kind: 'verdict', seat: 0, verdict: verdict('ada', score), id: 'a', at: '2026-01-01' },
      { kind: 'verdict', seat: 1, verdict: verdict('bob', index < 2 ? score : 0.5), id: 'b', at: '2026-01-01' },
      { kind: 'adjudication', verdict: verdict('ada', 0.5), id: 'c', at: '2026-01-02' },
    ] as never);
  await log.append(`${LAP}/cold-start/experts`, of(0).id, [
    { kind: 'verdict', seat: 0, verdict: verdict('cyd', 1), id: 'a', at: '2026-01-01' },
  ] as never);
  const figures = await goldFigures(store, LAP);
  expect(figures).toMatchObject([
    { annotator: 'ada', accuracy: { value: 1, n: 9, high: 1 }, isBelow: false },
    { annotator: 'bob', accuracy: { value: 2 / 9, n: 9 }, isBelow: true },
  ]);
  expect(figures[0]?.accuracy.low).toBeCloseTo(0.701, 3); // Wilson, 9 of 9
  expect(goldLines(figures)).toEqual([
    'ada: 1.00 (0.70–1.00) of 9 known answers',
    'bob: 0.22 (0.06–0.55) of 9 known answers, below the 90 % that people agree on',
  ]);
});
