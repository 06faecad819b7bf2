import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createReviewActivities } from '../../../activities/reviews/activities.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import { madeBy } from '../../../activities/store/made.ts';
import { FileStore } from '../../../activities/store/files.ts';
import type { ReviewEntry, ReviewSetInput } from '../../../shared/review/reviews.ts';

let store: FileStore;
let log: ReviewLog;
beforeEach(async () => {
  store = new FileStore(await mkdtemp(path.join(tmpdir(), 'flywheel-earlier-')));
  log = new ReviewLog(store);
});
afterEach(() => rm(store.root, { recursive: true }));

const AT = '2026-01-01T00:00:00.000Z';
const given = (annotator: string): ReviewEntry => ({
  kind: 'verdict',
  id: `verdict ${annotator}`,
  at: AT,
  seat: 1,
  verdict: { annotator, score: 1, source: 'expert', verdictId: annotator, comment: 'so it is' },
});
const scored: ReviewEntry = {
  kind: 'result',
  id: 'result',
  at: AT,
  result: { kind: 'scored', score: 1, source: 'expert', verdicts: 2, adjudicated: false },
};

/** A set of a lap about these proofs, by their rows' ids. */
async function setOf(
  lap: string,
  proofs: Readonly<Record<string, string>>,
  donors?: string[],
): Promise<ReviewSetInput> {
  const rows = Object.entries(proofs).map(([id, proof]) => ({
    id,
    problem: { id: 'p', statement: 'x = x', topic: 'algebra', source: 'test' },
    proof,
  }));
  const subject = await store.writeJsonl(`datasets/${lap}/cold-start/for-experts.jsonl`, rows, madeBy('test', {}));
  return {
    setId: `${lap}/cold-start/experts`,
    kind: 'scoreProof',
    lap,
    subject,
    domain: 'proofs',
    experts: 'people',
    seats: 2,
    leaseMinutes: 30,
    deadlineHours: 72,
    onDeadline: 'wait',
    ...(donors && { donors }),
  };
}

function activities() {
  const made = createReviewActivities({
    store,
    desk: () => Promise.reject(new Error('nobody is asked here')),
    expertOf: () => undefined,
  });
  const inActivity = <O>(work: () => Promise<O>): Promise<O> => new MockActivityEnvironment().run(work);
  return {
    list: (set: ReviewSetInput) => inActivity(() => made.listQuestions(set, { from: 0, to: set.subject.rows })),
    collect: (set: ReviewSetInput) => inActivity(() => made.collectReviews(set)),
  };
}

test('nobody is asked twice about one text: results stand, verdicts fill seats, whatever rows are called', async () => {
  const failed = await setOf('main/lap-0003', { a: 'Done.', b: 'Half.', c: 'Other.' });
  await log.append(failed.setId, 'a', [given('ada'), given('bob'), scored]);
  await log.append(failed.setId, 'b', [given('ada')]);
  await log.append(failed.setId, 'c', [given('ada'), given('bob'), scored]);
  const set = await setOf('main/lap-0004', { x: 'Done.', b: 'Half.', c: 'Another.' }, ['main/lap-0003']);
  const { list, collect } = activities();
  const listed = await list(set);
  expect(listed.map(({ id, recorded }) => [id, recorded.map((entry) => entry.id)])).toEqual([
    ['b', ['verdict ada']],
    ['c', []],
  ]);
  expect(await list(set)).toEqual(listed); // a worker was killed, and another lists again
  expect(await log.read(set.setId, 'x')).toEqual(
    [given('ada'), given('bob'), scored].map((entry) => ({
      ...entry,
      takenFrom: 'main/lap-0003/cold-start/experts/a',
    })),
  );
  expect(await collect(set)).toMatchObject({ scored: 1, expired: 2, verdicts: 3, taken: 3 });
});

test('what people have said since in the new lap is left as it is', async () => {
  const failed = await setOf('main/lap-0003', { a: 'Done.' });
  await log.append(failed.setId, 'a', [given('ada'), given('bob'), scored]);
  const set = await setOf('main/lap-0004', { a: 'Done.' }, ['main/lap-0003']);
  await log.append(set.setId, 'a', [given('eve')]);
  expect((await activities().list(set))[0]?.recorded.map(({ id }) => id)).toEqual(['verdict eve']);
});

test('the newest lap that has an answer is the one that it is taken from', async () => {
  const [first, second] = [await setOf('main/lap-0001', { a: 'Done.' }), await setOf('main/lap-0002', { a: 'Done.' })];
  await log.append(first.setId, 'a', [given('ada')]);
  await log.append(second.setId, 'a', [given('bob')]);
  const set = await setOf('main/lap-0003', { a: 'Done.' }, ['main/lap-0002', 'main/lap-0001']);
  expect((await activities().list(set))[0]?.recorded.map(({ id }) => id)).toEqual(['verdict bob']);
});

test('a set without donors looks for none', async () => {
  const set = await setOf('main/lap-0004', { a: 'Done.' });
  expect((await activities().list(set)).map(({ recorded }) => recorded)).toEqual([[]]);
  expect(await activities().collect(set)).not.toHaveProperty('taken');
});
