import { noticeText } from '../../../activities/notices/text.ts';
import { createNoticeActivities } from '../../../activities/notices/activities.ts';
import type { Notice } from '../../../shared/lap/notices.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import type { ReviewEntry } from '../../../shared/review/reviews.ts';
import { newStore, proofRow } from '../../reports/figures/lapFixture.ts';
import { startReceiver } from './receiver.ts';

const LAP = 'main/lap-0004';
const questions = {
  about: `${LAP}/label/experts`,
  lap: LAP,
  kind: 'scoreContestedProof',
  deadline: '2026-05-05T12:00:00.000Z',
} as const;
const subject = { uri: 'datasets/x.jsonl', sha256: '0'.repeat(64), rows: 3 };

const NOTICES: readonly (readonly [notice: Notice, text: string])[] = [
  [
    { ...questions, event: 'questions.asked', questions: 3 },
    '3 contested proofs to score, lap main/lap-0004, due Tue 5 May, 12:00 UTC',
  ],
  [
    { ...questions, event: 'questions.asked', questions: 1, kind: 'scoreAnalysis' },
    '1 analysis of a proof to score, lap main/lap-0004, due Tue 5 May, 12:00 UTC',
  ],
  [
    { ...questions, event: 'questions.asked', questions: 2, lap: 'label/week-3', kind: 'scoreProof' },
    '2 proofs to score, label/week-3, due Tue 5 May, 12:00 UTC',
  ],
  [
    { ...questions, event: 'questions.overdue', questions: 3, subject },
    'The deadline went by with 2 of 3 contested proofs open, lap main/lap-0004, due Tue 5 May, 12:00 UTC',
  ],
  [
    { event: 'lap.failed', about: LAP, lap: LAP, failure: 'NoAnswers' },
    'main/lap-0004 failed (NoAnswers); what it has is kept, and can be mended',
  ],
  [
    { event: 'lap.failed', about: 'lap-main/r1', failure: 'InvalidLap' },
    'A lap could not begin (InvalidLap): workflow lap-main/r1',
  ],
  [
    { event: 'budget.reached', about: 'lap-main/r1', failure: 'OverBudget' },
    'Budget reached: a lap was not begun, workflow lap-main/r1',
  ],
  [{ event: 'budget.reached', about: LAP }, 'Budget reached: no lap begins after main/lap-0004'],
  [{ event: 'lap.waiting', about: LAP, waitsFor: ['label 0'] }, "main/lap-0004 waits for a lead's word about label 0"],
  [
    { event: 'flywheel.paused', about: LAP, laps: 2 },
    'Paused: no lap begins after main/lap-0004 until somebody resumes',
  ],
  [{ event: 'flywheel.paused', about: 'main', laps: 0 }, 'Run main is paused before its first lap'],
  [{ event: 'labels.heldBack', about: LAP, labels: ['0', '0.5'] }, 'main/lap-0004: audits hold back the labels 0, 0.5'],
];

test.each(NOTICES)('%o is told in a sentence', (notice, text) => {
  expect(noticeText(notice, 2)).toBe(text);
});

test('a message has its type, time, text with a link, and counts', async () => {
  const receiver = await startReceiver();
  const activities = createNoticeActivities({
    store: await newStore(),
    webhook: { url: receiver.url },
    linkOf: () => 'https://desk.example.org',
  });
  const at = '2026-05-02T12:00:00.000Z';
  expect(await activities.postNotice(NOTICES[0]?.[0] as Notice, { id: 'n', at })).toEqual({ sent: true });
  await receiver.stop();
  expect(receiver.said()).toEqual([
    {
      type: 'questions.asked',
      at,
      text: `${NOTICES[0]?.[1]} → https://desk.example.org`,
      link: 'https://desk.example.org',
      about: questions.about,
      lap: LAP,
      kind: 'scoreContestedProof',
      questions: 3,
      deadline: questions.deadline,
    },
  ]);
});

test('a deadline tells how many are open as it goes by, and nothing where none is', async () => {
  const receiver = await startReceiver();
  const store = await newStore();
  const of = {
    setId: questions.about,
    subject: await store.writeJsonl(
      'datasets/x.jsonl',
      [1, 2].map((index) => proofRow(index, 1)),
    ),
  };
  const activities = createNoticeActivities({ store, webhook: { url: receiver.url }, linkOf: () => undefined });
  const tell = () =>
    activities.postNotice(
      { ...questions, event: 'questions.overdue', questions: 2, subject: of.subject },
      { id: 'n', at: '2026-05-05T12:00:00.000Z' },
    );
  const log = new ReviewLog(store);
  const close = (id: string) =>
    log.append(of.setId, id, [
      {
        kind: 'result',
        id: 'result',
        at: '2026-05-05T00:00:00.000Z',
        result: { kind: 'scored', score: 1, source: 'expert', verdicts: 2, adjudicated: false },
      } satisfies ReviewEntry,
    ]);
  await close('proof-1');
  expect(await tell()).toEqual({ sent: true });
  await close('proof-2');
  expect(await tell()).toEqual({ sent: false });
  await receiver.stop();
  expect(receiver.said().map(({ open, text, subject: texts }) => [open, text, texts])).toEqual([
    [
      1,
      'The deadline went by with 1 of 2 contested proofs open, lap main/lap-0004, due Tue 5 May, 12:00 UTC',
      undefined,
    ],
  ]);
});

test('where nobody wants to be told, nothing is looked at', async () => {
  const activities = createNoticeActivities({
    store: await newStore(),
    webhook: undefined,
    linkOf: () => {
      throw new Error('not asked for');
    },
  });
  expect(
    await activities.postNotice(
      { ...questions, event: 'questions.overdue', questions: 3, subject },
      { id: 'n', at: '' },
    ),
  ).toEqual({ sent: false });
});
