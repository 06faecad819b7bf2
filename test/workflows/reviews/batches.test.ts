import type { Worker } from '@temporalio/worker';
import { collectLate } from '../../../activities/datasets/late.ts';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import * as messages from '../../../shared/review/messages.ts';
import type { ReviewRow, ReviewSetInput, ReviewSetResult } from '../../../shared/review/reviews.ts';
import { reviewSet } from '../../../workflows/reviews/reviewSet.ts';
import { problem } from '../../reports/figures/lapFixture.ts';
import { TASK_QUEUE, World } from './world.ts';

let world: World;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  world = await World.start();
  worker = await world.worker();
  running = worker.run();
}, 60_000);

afterAll(async () => {
  worker.shutdown();
  await running;
  await world.stop();
}, 30_000);

async function start(setId: string, rows: number, more: Partial<ReviewSetInput> = {}) {
  const subject = await world.store.writeJsonl(
    `datasets/${setId}.jsonl`,
    Array.from({ length: rows }, (_, index) => ({ id: `q${index}`, problem: problem(index), proof: 'x' })),
  );
  const input: ReviewSetInput = {
    setId,
    kind: 'scoreProof',
    lap: 'main/lap-0001',
    subject,
    domain: 'proofs',
    experts: 'people',
    seats: 1,
    leaseMinutes: 30,
    deadlineHours: 72,
    onDeadline: 'carry',
    ...more,
  };
  return world.env.client.workflow.start(reviewSet, { workflowId: setId, taskQueue: TASK_QUEUE, args: [input] });
}

const question = (setId: string, id: string) => world.env.client.workflow.getHandle(`${setId}/${id}`);
const submit = (setId: string, id: string, annotator = 'ada', score: 0 | 0.5 | 1 = 1) =>
  question(setId, id).executeUpdate(messages.submitVerdict, { args: [{ annotator, score }] });
const stateOf = (setId: string, id: string): Promise<string> =>
  question(setId, id)
    .describe()
    .then(
      ({ status }) => status.name,
      () => 'ABSENT',
    );
const rest = () => new Promise((resolve) => setTimeout(resolve, 100));

async function untilOpen(setId: string, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) while ((await stateOf(setId, id)) !== 'RUNNING') await rest();
}
const resultsOf = async ({ results }: ReviewSetResult) =>
  (await world.store.readRows<ReviewRow>(results)).map(({ result }) => ('unasked' in result ? 'unasked' : result.kind));

test('a batch is open at once, and the next questions are asked as these close', async () => {
  const handle = await start('set/batch', 5, { batch: 2 });
  await untilOpen('set/batch', 'q0', 'q1');
  expect(await stateOf('set/batch', 'q2')).toBe('ABSENT');
  await submit('set/batch', 'q1');
  await untilOpen('set/batch', 'q2');
  expect(await stateOf('set/batch', 'q3')).toBe('ABSENT');
  for (const id of ['q0', 'q2', 'q3', 'q4']) {
    await untilOpen('set/batch', id);
    await submit('set/batch', id);
  }
  expect(await handle.result()).toMatchObject({ scored: 5, expired: 0 });
}, 60_000);

test('a set goes on when enough have a result: the asked stay open, the others were never asked', async () => {
  const handle = await start('set/enough', 5, { batch: 3, enough: 0.4 });
  await untilOpen('set/enough', 'q0', 'q1', 'q2');
  await submit('set/enough', 'q2');
  await untilOpen('set/enough', 'q3');
  await submit('set/enough', 'q0');
  const result = await handle.result();
  expect(result).toMatchObject({ kind: 'scoreProof', scored: 2, expired: 0, open: 3, verdicts: 2 });
  expect(await resultsOf(result)).toEqual(['scored', 'open', 'scored', 'open', expect.stringMatching(/open|unasked/)]);
  expect(await stateOf('set/enough', 'q1')).toBe('RUNNING');
  await submit('set/enough', 'q1');
  const entries = await new ReviewLog(world.store).read('set/enough', 'q1');
  expect(entries.map(({ kind }) => kind)).toEqual(['verdict', 'result']);
}, 60_000);

test('a half-answered question keeps its seat past the deadline, and its score joins the next lap', async () => {
  const setId = 'main/lap-0001/cold-start/experts';
  const handle = await start(setId, 3, { seats: 2, deadlineHours: 4 / 3600 });
  await untilOpen(setId, 'q0', 'q1', 'q2');
  await submit(setId, 'q0', 'ada');
  await submit(setId, 'q0', 'emmy');
  await submit(setId, 'q1', 'ada', 0);
  const review = await handle.result();
  expect(review).toMatchObject({ scored: 1, expired: 0, open: 2, verdicts: 3 });
  expect(await resultsOf(review)).toEqual(['scored', 'open', 'open']);

  await submit(setId, 'q1', 'emmy', 0);
  const none = await world.store.writeJsonl('datasets/none.jsonl', []);
  const { record } = await collectLate(world.store, {
    lap: 'main/lap-0002',
    parent: await world.store.writeJson('laps/main/lap-0001/manifest.json', { reviews: [review] }),
    problems: { validation: none, heldOut: none },
    seats: 2,
    experts: 'people',
    asks: true,
  });
  expect(record).toMatchObject({ proofs: 1, open: 1, halfAnswered: 0 });
  expect(await stateOf(setId, 'q2')).toBe('RUNNING');
}, 60_000);

test('where the policy is to discard, a batch that is late expires, and what comes after it is not asked', async () => {
  const handle = await start('set/discard', 3, { batch: 1, deadlineHours: 2 / 3600, onDeadline: 'discard' });
  expect(await handle.result()).toMatchObject({ scored: 0, expired: 3, verdicts: 0 });
  expect(await stateOf('set/discard', 'q1')).toBe('ABSENT');
}, 60_000);

test.each([
  ['', 3],
  [', in whatever part they are', 300],
])(
  'a cancelled set ends its questions, though they would stay open%s',
  async (_, rows) => {
    const setId = `set/cancelled-${rows}`;
    const handle = await start(setId, rows, { batch: 3 });
    await untilOpen(setId, 'q0', 'q1', 'q2');
    await handle.cancel();
    await expect(handle.result()).rejects.toThrow();
    for (const id of ['q0', 'q1', 'q2']) expect(await stateOf(setId, id)).toBe('CANCELLED');
  },
  60_000,
);

test('a set that waits for people goes on as soon as there is enough, and does not wait for the rest', async () => {
  const handle = await start('set/wait', 2, { onDeadline: 'wait', enough: 0.5 });
  await untilOpen('set/wait', 'q0', 'q1');
  await submit('set/wait', 'q1');
  expect(await resultsOf(await handle.result())).toEqual(['open', 'scored']);
  expect(await stateOf('set/wait', 'q0')).toBe('RUNNING');
}, 60_000);

test('a question that somebody ended by hand is not carried on', async () => {
  const handle = await start('set/withdrawn', 2, { deadlineHours: 3 / 3600 });
  await untilOpen('set/withdrawn', 'q0', 'q1');
  await question('set/withdrawn', 'q0').terminate('withdrawn');
  expect(await resultsOf(await handle.result())).toEqual(['expired', 'open']);
}, 60_000);

test('a set asked in parts has one batch and one measure of enough, and its first rows come first', async () => {
  const handle = await start('set/parts', 300, { batch: 3, enough: 5 / 300 });
  await untilOpen('set/parts', 'q0', 'q1', 'q2');
  for (const id of ['q3', 'q250']) expect(await stateOf('set/parts', id)).toBe('ABSENT');
  for (const id of ['q0', 'q1', 'q2', 'q3', 'q4']) {
    await untilOpen('set/parts', id);
    await submit('set/parts', id);
  }
  const result = await handle.result();
  expect(result).toMatchObject({ scored: 5, expired: 0, open: 295, verdicts: 5 });
  expect(result.unasked).toBeGreaterThanOrEqual(292);
  expect((await resultsOf(result)).slice(-1)).toEqual(['unasked']);
}, 60_000);
