import { ReviewLog } from '../../../activities/reviews/log.ts';
import { recordAsked } from '../../../activities/reviews/records/asked.ts';
import { madeBy } from '../../../activities/store/made.ts';
import type { QuestionKind, ReviewEntry, ReviewSetInput } from '../../../shared/review/reviews.ts';
import type { Score } from '../../../shared/scores.ts';
import type { KnownReview } from '../../../workers/annotation-desk/board.ts';
import { qualityPage } from '../../../workers/annotation-desk/pages/qualityPage.ts';
import { qualityView } from '../../../workers/annotation-desk/quality.ts';
import { labelRow, newStore, proofRow } from '../../reports/figures/lapFixture.ts';
import { HOSTILE } from './hostile.ts';
import { LEAD } from './views.ts';

const NOW = Date.parse('2026-05-06T10:00:00.000Z');
let store: Awaited<ReturnType<typeof newStore>>;
let log: ReviewLog;
beforeEach(async () => {
  store = await newStore();
  log = new ReviewLog(store);
});

/** A set of questions, of which people said this. */
async function asked(
  setId: string,
  kind: QuestionKind,
  about: string,
  said: readonly (readonly (readonly [annotator: string, score: Score])[])[],
): Promise<void> {
  const [run, lap] = setId.split('/');
  const subject = await store.writeJsonl(
    `datasets/${about}.jsonl`,
    said.map((_, index) => proofRow(index, 1)),
    madeBy('contestedProofs', {}),
  );
  await recordAsked(store, { setId, kind, lap: `${run}/${lap}`, subject, leaseMinutes: 60 } as ReviewSetInput);
  for (const [index, scores] of said.entries())
    await log.append(setId, `proof-${index}`, [
      ...scores.map(([annotator, score], seat): ReviewEntry => ({
        kind: 'verdict',
        id: `verdict ${annotator}`,
        at: '2026-05-05T10:00:00.000Z',
        seat: seat + 1,
        seconds: 900,
        verdict: { annotator, score, source: 'expert', verdictId: annotator },
      })),
      {
        kind: 'result',
        id: 'result',
        at: '2026-05-05T10:00:00.000Z',
        result: { kind: 'scored', score: scores[0]?.[1] ?? 0, source: 'expert', verdicts: 2, adjudicated: false },
      },
    ]);
}

const open: readonly KnownReview[] = [
  {
    setId: 'main/lap-0002/label/experts',
    openedAt: '2026-05-03T10:00:00.000Z',
    progress: { deadline: '2026-05-05T10:00:00.000Z' },
  },
] as never;

/** Two laps: one with known answers, one with an audit and a plan. */
async function twoLaps(annotator = 'ada'): Promise<void> {
  const cold = 'main/lap-0001/cold-start';
  await asked(`${cold}/experts`, 'scoreProof', `${cold}/for-experts`, [
    [
      [annotator, 1],
      ['bob', 0.5],
    ],
    [
      [annotator, 0],
      ['bob', 0],
    ],
  ]);
  await store.writeJsonl(
    `datasets/${cold}/for-experts-gold.jsonl`,
    [{ id: 'proof-0', score: 1, of: 'x' }],
    madeBy('chooseForExperts', {}),
  );
  const label = 'main/lap-0002/label';
  await asked(`${label}/audit`, 'auditLabel', `${label}/audit`, [
    [
      [annotator, 1],
      ['bob', 1],
    ],
    [
      [annotator, 0],
      ['bob', 0],
    ],
  ]);
  await store.writeJsonl(
    `labels/${label}/verdicts/labels.jsonl`,
    [0, 1].map((index) => ({ proofId: `proof-${index}`, ...labelRow({ kind: 'labelled', score: 1 } as never) })),
    madeBy('collectLabels', {}),
  );
  await store.writeJson('laps/main/lap-0002/recipe.json', { experts: { people: 2, hoursPerWeek: 4 } });
}

test('a lead sees agreement, bias, known answers, audits, ageing, and hours against the plan, of all laps', async () => {
  await twoLaps();
  const view = await qualityView(store, { open, now: NOW });
  expect(view).toMatchObject({
    laps: ['main/lap-0001', 'main/lap-0002'],
    plan: { lap: 'main/lap-0002', people: 2, hoursPerWeek: 4 },
    ageing: { open: 1, medianHours: 72, pastDeadline: 1 },
  });
  const { quality } = view;
  expect(quality.agreement.proofs).toMatchObject({ questions: 4, same: { value: 0.75 } });
  expect(quality.gold).toMatchObject({ value: 0.5, n: 2 });
  expect(quality.people).toMatchObject([
    { annotator: 'ada', scores: 4, bias: { value: 0.125, n: 4 }, gold: { value: 1, n: 1 }, hours: 1 },
    { annotator: 'bob', gold: { value: 0, n: 1 } },
  ]);
  expect(quality.auditError.map(({ label, wrong }) => [label, wrong?.value, wrong?.n])).toEqual([
    [0, undefined, undefined],
    [0.5, undefined, undefined],
    [1, 0.5, 2],
  ]);
  const page = qualityPage(LEAD, view).markup;
  for (const text of ['How far people agree', 'main/lap-0002', '+0.13 (', '2 people, 4 hours a', '25 %', '3 days'])
    expect(page).toContain(text);
});

test('one lap is looked at by itself', async () => {
  await twoLaps();
  const view = await qualityView(store, { open, lap: 'main/lap-0001', now: NOW });
  expect(view.quality.agreement.proofs.questions).toBe(2);
  expect(view).toMatchObject({ lap: 'main/lap-0001', laps: ['main/lap-0001', 'main/lap-0002'], ageing: { open: 0 } });
  expect(view.plan).toBeUndefined();
  expect(qualityPage(LEAD, view).markup).toContain('aria-current="true">main/lap-0001');
});

test.each(['../../etc', 'main/lap-0009', ''])('%j is no lap to look at: the page is of all', async (lap) => {
  await twoLaps();
  const view = await qualityView(store, { open, lap, now: NOW });
  expect([view.lap, view.quality.agreement.proofs.questions]).toEqual([undefined, 4]);
});

test('before anybody has answered the page says so', async () => {
  const page = qualityPage(LEAD, await qualityView(store, { open: [], now: NOW })).markup;
  for (const text of ['Nobody has answered yet', 'No answer was timed yet', 'No automatic label was audited'])
    expect(page).toContain(text);
});

test('names are quoted, whatever they are', async () => {
  for (const text of HOSTILE.slice(0, 20)) {
    const view = await qualityView(store, { open: [], now: NOW });
    const person = { annotator: text, scores: 1, uncertain: 0, assisted: 0, decisions: 0, flags: 0, givenBack: 0 };
    const people = [{ ...person, takenBack: 0, bias: null, gold: null, hours: 0, untimed: 1 }];
    const weeks = [{ from: '2026-05-04', hours: 1, by: { [text]: 1 } }];
    const hostile = { ...view, lap: text, laps: [text], quality: { ...view.quality, people, weeks } };
    const page = qualityPage(LEAD, hostile).markup;
    if (/[<>]/.test(text)) expect(page).not.toContain(text);
  }
});
