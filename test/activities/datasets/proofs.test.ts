import { proofId, recordProofScores } from '../../../activities/datasets/proofs.ts';
import type { ScoredProof } from '../../../shared/records.ts';
import type { ReviewResult } from '../../../shared/review/reviews.ts';
import { newStore, problem, proofRow } from '../../reports/figures/lapFixture.ts';

test("a proof's id tells its problem, its series, and the samples along its refinements", () => {
  const problem = { id: 'chain-3-17', statement: '', topic: '', source: '' };
  const ids = ['r0', 'r1', 'r2'].reduce<string[]>(
    (path, series, round) => [
      ...path,
      proofId({ problem }, { row: path.at(-1) ?? problem.id, sample: 4 + round }, series),
    ],
    [],
  );
  expect(ids).toEqual(['chain-3-17-r0-4', 'chain-3-17-r1-4-5', 'chain-3-17-r2-4-5-6']);
  expect(proofId({ problem }, { row: problem.id, sample: 2 }, 'lap3')).toBe('chain-3-17-lap3-2');
  expect(proofId({ problem }, { row: 'chain-3-17-solve-2', sample: 0 }, 'solve')).toBe('chain-3-17-solve-2-0');
});

/** What came of four questions about proofs, of which the last problem is held back. */
async function recorded(results: readonly ReviewResult[], more: object = {}) {
  const store = await newStore();
  const rows = results.map((_, index) => ({ ...proofRow(index, 1), ...more, id: `p${index}-r0-0` }));
  const scores = await recordProofScores(store, {
    lap: 'main/lap-0001',
    subject: await store.writeJsonl('datasets/for-experts.jsonl', rows),
    results: await store.writeJsonl(
      'reviews/experts.jsonl',
      rows.map(({ id }, index) => ({ id, result: results[index] })),
    ),
    validation: await store.writeJsonl('datasets/validation.jsonl', [problem(3)]),
  });
  return { store, ...scores };
}
const SCORED = { kind: 'scored', score: 1, source: 'expert', verdicts: 2, adjudicated: false } as const;
const FLAGGED = { kind: 'flagged', reason: 'n is not said' } as const;
const EXPIRED = { kind: 'expired' } as const;

test('what people scored is split by problem', async () => {
  expect(await recorded([SCORED, FLAGGED, EXPIRED, SCORED])).toMatchObject({
    train: { rows: 1 },
    validation: { rows: 1 },
  });
});

test('a score with analyses in view keeps the first beside it, and the analyses are left behind', async () => {
  const { store, train } = await recorded([{ ...SCORED, firstScore: 0.5 }, SCORED], { analyses: [{ analysis: 'no' }] });
  expect((await store.readRows<ScoredProof>(train)).map((row) => [row.firstScore, 'analyses' in row])).toEqual([
    [0.5, false],
    [undefined, false],
  ]);
});

test.each([
  [[FLAGGED, FLAGGED, EXPIRED, SCORED], '2 were flagged (one as "n is not said"), 1 expired', '1 that were scored are'],
  [[EXPIRED, EXPIRED], '2 expired without an answer (experts.deadlineHours, experts.onDeadline)', 'expired'],
  [[], 'there was nothing to ask about', '0 rows'],
] as const)('scores that leave nothing to train on are refused by what became of the questions', async (...each) => {
  const [results, why, more] = each;
  await expect(recorded(results)).rejects.toMatchObject({
    type: 'NothingToLearn',
    nonRetryable: true,
    message: expect.stringMatching(new RegExp(`Expected scores to train on of the ${results.length} rows of`)),
  });
  const { message } = (await recorded(results).catch((error: Error) => error)) as Error;
  expect(message).toContain(why);
  expect(message).toContain(more);
});
