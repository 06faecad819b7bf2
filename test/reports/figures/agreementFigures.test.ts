import { ReviewLog } from '../../../activities/reviews/log.ts';
import { agreementFigures } from '../../../reports/figures/agreementFigures.ts';
import type { Measuring } from '../../../reports/figures/notes.ts';
import { agreementLines, agreementSection } from '../../../reports/pages/agreementSection.ts';
import type { QuestionKind, ReviewEntry } from '../../../shared/review/reviews.ts';
import type { Score } from '../../../shared/scores.ts';
import { newStore } from './lapFixture.ts';

const LAP = 'main/lap-0001';
const ENDED = '2026-05-02T00:00:00.000Z';

interface Said {
  readonly annotator: string;
  readonly score: Score;
  readonly more?: Partial<ReviewEntry & { readonly verdict: object }>;
}

/** A lap whose people said this of its questions. */
async function lapWith(
  sets: Readonly<Partial<Record<QuestionKind, readonly (readonly Said[])[]>>>,
  experts: 'people' | 'program' = 'people',
): Promise<Measuring> {
  const store = await newStore();
  const log = new ReviewLog(store);
  const reviews = [];
  for (const [kind, questions] of Object.entries(sets)) {
    const setId = `${LAP}/${kind}/experts`;
    for (const [index, said] of questions.entries())
      await log.append(
        setId,
        `q${index}`,
        said.map(({ annotator, score, more = {} }, seat) => ({
          kind: 'verdict',
          id: `verdict ${annotator} ${seat}`,
          at: '2026-05-01T10:00:00.000Z',
          seat: seat + 1,
          ...more,
          verdict: { annotator, score, source: 'expert', verdictId: annotator, ...more.verdict },
        })) as unknown as ReviewEntry[],
      );
    const results = await store.writeJsonl(
      `reviews/${setId}.jsonl`,
      questions.map((_, index) => ({ id: `q${index}`, result: { kind: 'open' } })),
    );
    reviews.push({ setId, kind, results });
  }
  const manifest = { lap: LAP, endedAt: ENDED, reviews, recipe: { domain: { experts } } };
  return { store, manifest } as unknown as Measuring;
}

const [ada, bob] = [
  (score: Score, more?: Said['more']): Said => ({ annotator: 'ada', score, ...(more && { more }) }),
  (score: Score, more?: Said['more']): Said => ({ annotator: 'bob', score, ...(more && { more }) }),
];

test("proofs and analyses are apart, and only what two people first said counts, by the lap's end", async () => {
  const agreement = await agreementFigures(
    await lapWith({
      scoreContestedProof: [
        [ada(1), bob(1)],
        [ada(0), bob(0.5)],
        [ada(0), bob(0), ada(1, { kind: 'assisted' }), bob(1, { kind: 'assisted' })],
        [ada(0), bob(1, { at: '2026-05-03T00:00:00.000Z' })],
        [ada(0), { annotator: 'lead', score: 1, more: { kind: 'adjudication' } }],
        [ada(0), { annotator: 'rehearsal/seat-2', score: 0, more: { verdict: { source: 'program' } } }],
      ],
      scoreAnalysis: [[ada(1), bob(1)]],
    }),
  );
  expect(agreement?.proofs).toMatchObject({ questions: 3, pairs: 3, same: { value: 2 / 3, n: 3 } });
  expect(agreement?.analyses).toMatchObject({ questions: 1, alpha: { ordinal: { kind: 'noVariation' } } });
  expect(agreementSection(agreement)?.markup).toContain('no variation');
  expect(agreementLines(agreement)[1]).toMatch(
    /^experts agree on analyses: 1\.00 \(0\.21–1\.00\) of pairs, α \(ordinal\) no variation, on 1 questions$/,
  );
});

test('nothing is said where a program answered, or nobody judged what another had', async () => {
  expect(await agreementFigures(await lapWith({ scoreProof: [[ada(1), bob(1)]] }, 'program'))).toBeUndefined();
  expect(await agreementFigures(await lapWith({ scoreProof: [[ada(1)], [bob(1)]] }))).toBeUndefined();
  expect([agreementSection(undefined), agreementLines(undefined)]).toEqual([null, []]);
});
