import { WorkflowUpdateFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { Worker } from '@temporalio/worker';
import { ReviewLog } from '../../../activities/reviews/log.ts';
import type { VerdictMessage } from '../../../shared/review/messages.ts';
import type { expertReview } from '../../../workflows/reviews/expertReview.ts';
import * as messages from '../../../shared/review/messages.ts';
import { World } from './world.ts';

type Review = WorkflowHandle<typeof expertReview>;

let world: World;
let worker: Worker;
let running: Promise<void>;

beforeAll(async () => {
  world = await World.start();
  await startWorker();
}, 60_000);

afterAll(async () => {
  await stopWorker();
  await world.stop();
}, 30_000);

async function startWorker(): Promise<void> {
  worker = await world.worker();
  running = worker.run();
}

async function stopWorker(): Promise<void> {
  worker.shutdown();
  await running;
}

const submit = (review: Review, annotator: string, score: unknown, more: Partial<VerdictMessage> = {}) =>
  review.executeUpdate(messages.submitVerdict, { args: [{ annotator, score, ...more } as VerdictMessage] });

/** First line of the refusal of an Update. */
async function refusal(update: Promise<unknown>): Promise<string> {
  const failure: unknown = await update.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof WorkflowUpdateFailedError && failure.cause instanceof ApplicationFailure)
    return failure.cause.message;
  throw new Error('Expected a refusal', { cause: failure });
}

const logOf = (id: string) => new ReviewLog(world.store).read('set', id);

test('two experts who agree make the score, and both verdicts are in the store', async () => {
  const review = await world.ask('agree');
  expect(await submit(review, 'ada', 0.5, { comment: 'step 3 is terse' })).toEqual({
    verdictId: 'ada',
    score: 0.5,
    seat: 1,
  });
  expect((await logOf('agree')).map(({ id }) => id)).toEqual(['verdict ada']);
  await submit(review, 'emmy', 0.5);
  expect(await review.result()).toEqual({
    kind: 'scored',
    score: 0.5,
    source: 'expert',
    verdicts: 2,
    adjudicated: false,
  });
  expect((await logOf('agree')).map(({ id }) => id)).toEqual(['verdict ada', 'verdict emmy', 'result']);
}, 30_000);

test('the same verdict sent again has the same answer and is recorded once', async () => {
  const review = await world.ask('again');
  const first = await submit(review, 'ada', 1, { verdictId: 'v-1' });
  expect(await submit(review, 'ada', 1, { verdictId: 'v-1' })).toEqual(first);
  await review.signal(messages.submitAnnotation, { annotator: 'ada', score: 1, verdictId: 'v-1' });
  expect(await refusal(submit(review, 'ada', 0, { verdictId: 'v-1' }))).toBe(
    'Expected verdict "v-1" to be what it was, score 1 of "ada", got score 0 of "ada"',
  );
  expect((await review.query(messages.reviewProgress)).noted).toBe(0);
  await submit(review, 'emmy', 1);
  expect(await review.result()).toMatchObject({ kind: 'scored', score: 1, verdicts: 2 });
  expect((await logOf('again')).map(({ id }) => id)).toEqual(['verdict v-1', 'verdict emmy', 'result']);
}, 30_000);

test('an Update is refused with what was expected and what came', async () => {
  const review = await world.ask('refused');
  expect(await refusal(submit(review, 'ada', 0.7))).toBe('Expected score to be the number 0, 0.5 or 1, got 0.7');
  expect(await refusal(submit(review, 'ada', '1'))).toBe('Expected score to be the number 0, 0.5 or 1, got "1"');
  expect(await refusal(submit(review, '', 1))).toBe(
    'Expected annotator to be an id of 1 to 200 characters without spaces around it, got ""',
  );
  expect(await refusal(review.executeUpdate('submitVerdict'))).toBe(
    'Expected an object {"annotator": "…", "score": 0, 0.5 or 1}, got nothing',
  );
  await submit(review, 'ada', 1);
  expect(await refusal(submit(review, 'ada', 1, { verdictId: 'second' }))).toMatch(
    /^Expected an annotator without a verdict on this question, one seat each/,
  );
  expect(await refusal(review.executeUpdate(messages.claim, { args: [{ annotator: 'ada' }] }))).toMatch(
    /^Expected an annotator without a verdict/,
  );
  expect(await refusal(review.executeUpdate(messages.adjudicate, { args: [{ annotator: 'lead', score: 1 }] }))).toBe(
    'Expected a disagreement of all 2 seats, got the adjudication of "lead" with score 1 while 1 of 2 have answered',
  );
  await review.terminate();
}, 30_000);

test('a bad Signal is noted and shown, and the review goes on', async () => {
  const review = await world.ask('bad-signal');
  await review.signal('submitAnnotation', { annotator: 'ada', score: 7 });
  await review.signal('submitAnnotation');
  await review.signal('submitAnnotation', 'a | b `c`');
  await world.env.client.workflowService.signalWorkflowExecution({
    namespace: world.env.client.options.namespace,
    workflowExecution: { workflowId: 'set/bad-signal' },
    signalName: 'submitAnnotation',
    input: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"score": ') }] },
  });
  const { noted, notes } = await review.query(messages.reviewProgress);
  const { currentDetails } = await review.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(currentDetails).toContain('Messages that could not be used: 4');
  expect(noted).toBe(4);
  expect(notes.map(({ reason }) => reason)).toEqual([
    expect.stringContaining('got 7'),
    expect.stringContaining('got nothing'),
    expect.stringContaining('got "a | b `c`"'),
    expect.stringContaining('cannot be decoded'),
  ]);
  await review.signal(messages.submitAnnotation, { annotator: 'ada', score: 0 });
  await review.signal(messages.submitAnnotation, { annotator: 'emmy', score: 0 });
  expect(await review.result()).toMatchObject({ kind: 'scored', score: 0 });
}, 30_000);

test('a claimed seat is kept for its lease and free afterwards, and work that comes late is kept', async () => {
  const review = await world.ask('lease', { seats: 1, leaseMinutes: 1 / 60 });
  const claim = (annotator: string) => review.executeUpdate(messages.claim, { args: [{ annotator }] });
  expect(await claim('ada')).toMatchObject({ seat: 1 });
  expect(await refusal(claim('emmy'))).toBe(
    'Expected a free seat, all 1 are claimed or answered, got the claim by "emmy"',
  );
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(await claim('emmy')).toMatchObject({ seat: 1 });
  expect(await refusal(claim('ada'))).toMatch(/^Expected a free seat/);
  // What ada worked out is taken all the same; emmy, who works on it now, is waited for.
  expect(await submit(review, 'ada', 1)).toMatchObject({ seat: 2 });
  await submit(review, 'emmy', 1);
  expect(await review.result()).toMatchObject({ kind: 'scored', verdicts: 2 });
}, 30_000);

test('what was said last is taken back and said anew, also when the review is asked a second time with its log', async () => {
  const review = await world.ask('undo');
  await submit(review, 'ada', 1);
  const [withdrawn] = await Promise.all([
    review.executeUpdate(messages.withdraw, { args: [{ annotator: 'ada' }] }),
    review.executeUpdate(messages.release, { args: [{ annotator: 'emmy', reason: 'outOfMyDepth' }] }),
  ]);
  expect(withdrawn).toEqual({ withdrawn: 'verdict' });
  await submit(review, 'ada', 0, { uncertain: true, lines: [2], comment: 'line 2 assumes the claim' });
  expect((await logOf('undo')).map(({ id }) => id).sort()).toEqual(['givenBack emmy outOfMyDepth', 'verdict ada 2']);
  await review.terminate();
  const recorded = await new ReviewLog(world.store).history('set', 'undo');
  const again = await world.ask('undo', {}, { recorded });
  await submit(again, 'kurt', 0);
  expect(await again.result()).toMatchObject({ kind: 'scored', score: 0, verdicts: 2 });
}, 30_000);

test('a lead decides where the seats disagree, and scores are hidden until both have answered', async () => {
  const review = await world.ask('disagree');
  await submit(review, 'ada', 1);
  expect((await review.query(messages.reviewProgress)).seats[0]).toEqual({
    seat: 1,
    state: 'answered',
    annotator: 'ada',
  });
  await submit(review, 'emmy', 0, { comment: 'step 2 is false' });
  const progress = await review.query(messages.reviewProgress);
  expect(progress.status).toBe('disagreement');
  expect(progress.seats.map(({ score }) => score)).toEqual([1, 0]);
  expect(await refusal(review.executeUpdate(messages.adjudicate, { args: [{ annotator: 'ada', score: 1 }] }))).toMatch(
    /^Expected a lead who has not answered this question/,
  );
  await review.executeUpdate(messages.adjudicate, { args: [{ annotator: 'lead', score: 0 }] });
  expect(await review.result()).toEqual({ kind: 'scored', score: 0, source: 'expert', verdicts: 3, adjudicated: true });
}, 30_000);

test('one flag asks the other seat and the lead, a second takes the question out, and verdicts are kept', async () => {
  const review = await world.ask('flagged');
  const flag = (annotator: string, reason = 'the claim is false') =>
    review.executeUpdate(messages.flagProblem, { args: [{ annotator, reason }] });
  await submit(review, 'ada', 1);
  expect(await flag('emmy')).toEqual({ reason: 'the claim is false' });
  expect(await flag('emmy')).toEqual({ reason: 'the claim is false' });
  const { status, flags, wanted } = await review.query(messages.reviewProgress);
  expect([status, flags]).toEqual(['disagreement', [{ annotator: 'emmy', reason: 'the claim is false' }]]);
  expect(wanted).toBe(
    '`emmy` flagged the problem as faulty: `the claim is false`. ' +
      'Wanted: a lead, who confirms it (flagProblem) or scores (adjudicate).',
  );
  const { currentDetails } = await review.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(currentDetails).toContain(wanted);
  await flag('lead', 'so it is');
  expect(await review.result()).toEqual({ kind: 'flagged', reason: 'the claim is false', confirmed: true });
  expect((await logOf('flagged')).map(({ id }) => id)).toEqual(['verdict ada', 'flag emmy', 'flag lead', 'result']);
}, 30_000);

test('a lead dismisses a flag with a score, once the other seat has scored', async () => {
  const review = await world.ask('dismissed');
  const decide = () => review.executeUpdate(messages.adjudicate, { args: [{ annotator: 'lead', score: 0.5 }] });
  await review.executeUpdate(messages.flagProblem, { args: [{ annotator: 'ada', reason: 'n is not said' }] });
  const { status, wanted } = await review.query(messages.reviewProgress);
  expect([status, wanted]).toEqual([
    'open',
    '`ada` flagged the problem as faulty: `n is not said`. ' +
      'Wanted: another person, who confirms it (flagProblem) or scores; a lead may confirm it.',
  ]);
  expect(await refusal(decide())).toMatch(/while 1 of 2 have answered$/);
  await submit(review, 'emmy', 1);
  await decide();
  expect(await review.result()).toMatchObject({ kind: 'scored', score: 0.5, verdicts: 2, adjudicated: true });
}, 30_000);

test('an assisted score follows one’s own, by Signal or Update, and both are in the store', async () => {
  const review = await world.ask('assisted', { assisted: true }, { kind: 'scoreContestedProof' });
  expect(await refusal(submit(review, 'ada', 1, { assisted: true }))).toMatch(
    /^Expected first a score of one's own, before the analyses are shown/,
  );
  await submit(review, 'ada', 1);
  await review.signal(messages.submitAnnotation, { annotator: 'emmy', score: 1 });
  await submit(review, 'ada', 0.5, { assisted: true, comment: 'analysis 2 is right' });
  const { wanted, seats } = await review.query(messages.reviewProgress);
  expect(seats.map(({ state }) => state)).toEqual(['answered', 'scoredOnce']);
  expect(wanted).toBe(
    'Wanted: the score again of `emmy`, with the analyses in view, the same or changed: ' +
      '`{"annotator": "you", "score": 1, "assisted": true}`.',
  );
  await review.signal(messages.submitAnnotation, { annotator: 'emmy', score: 0.5, assisted: true });
  expect(await review.result()).toEqual({
    kind: 'scored',
    score: 0.5,
    firstScore: 1,
    source: 'expert',
    verdicts: 2,
    adjudicated: false,
  });
  expect((await logOf('assisted')).map(({ id }) => id)).toEqual([
    'verdict ada',
    'verdict emmy',
    'assisted ada/assisted',
    'assisted emmy/assisted',
    'result',
  ]);
}, 30_000);

test('an audit is never assisted', async () => {
  const review = await world.ask('blind', { assisted: true }, { kind: 'auditLabel' });
  await expect(review.result()).rejects.toMatchObject({
    cause: { message: 'Expected policy.assisted to be absent, as an audit or an evaluation is blind, got true' },
  });
}, 30_000);

test('a deadline under discard ends the question without a score, even with one of two verdicts', async () => {
  const review = await world.ask('deadline-discard', { deadlineHours: 1.5 / 3600, onDeadline: 'discard' });
  await submit(review, 'ada', 1);
  expect(await review.result()).toEqual({ kind: 'expired' });
}, 30_000);

test('a deadline under carry leaves the question open with what was said, and says that the lap went on', async () => {
  const review = await world.ask('deadline-carry', { deadlineHours: 1 / 3600, onDeadline: 'carry' });
  await submit(review, 'ada', 1);
  while (!(await review.query(messages.reviewProgress)).carried)
    await new Promise((resolve) => setTimeout(resolve, 100));
  const { status, escalated, deadline } = await review.query(messages.reviewProgress);
  expect([status, escalated]).toEqual(['open', false]);
  const { currentDetails } = await review.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  expect(currentDetails).toContain(
    `The deadline ${deadline} went by and the lap has gone on: what is said now joins the next lap.`,
  );
  await stopWorker();
  await startWorker();
  await submit(review, 'emmy', 1);
  expect(await review.result()).toMatchObject({ kind: 'scored', score: 1, verdicts: 2 });
}, 30_000);

test('a deadline under wait escalates in full view and goes on waiting', async () => {
  const review = await world.ask('deadline-wait', { deadlineHours: 1 / 3600, onDeadline: 'wait', seats: 1 });
  while (!(await review.query(messages.reviewProgress)).escalated)
    await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await review.describe()).memo).toMatchObject({ escalated: true });
  await submit(review, 'ada', 0.5);
  expect(await review.result()).toMatchObject({ kind: 'scored', score: 0.5 });
}, 30_000);

test('a review outlives its worker, and what was answered before still counts', async () => {
  const review = await world.ask('outlives');
  await submit(review, 'ada', 0.5);
  await stopWorker();
  await review.signal(messages.submitAnnotation, { annotator: 'emmy', score: 0.5 });
  await startWorker();
  expect(await review.result()).toMatchObject({ kind: 'scored', score: 0.5, verdicts: 2 });
}, 30_000);

test('a question that was asked before starts from the verdicts on record', async () => {
  const recorded = [
    {
      kind: 'verdict',
      id: 'verdict ada',
      at: '2026-01-01T00:00:00.000Z',
      seat: 1,
      verdict: { annotator: 'ada', source: 'expert', score: 1, verdictId: 'ada' },
    },
  ] as const;
  const review = await world.ask('recorded', {}, { recorded });
  await submit(review, 'emmy', 1);
  expect(await review.result()).toMatchObject({ kind: 'scored', score: 1, verdicts: 2 });
}, 30_000);

test('bad input fails with the name of the field', async () => {
  const review = await world.ask('bad-input', { seats: 0 });
  await expect(review.result()).rejects.toMatchObject({
    cause: { message: 'Expected policy.seats to be an integer from 1 to 9, got 0' },
  });
}, 30_000);
