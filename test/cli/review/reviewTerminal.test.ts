import { PassThrough } from 'node:stream';
import type { Worker } from '@temporalio/worker';
import { TemporalDesk } from '../../../activities/reviews/desk.ts';
import { endText } from '../../../cli/review/review.ts';
import { readTyped, sitDown } from '../../../cli/review/reviewTerminal.ts';
import { visibleTo } from '../../../activities/reviews/visible.ts';
import { reviewLine } from '../../../cli/review/reviewView.ts';
import type { ReviewRow, ReviewSetInput } from '../../../shared/review/reviews.ts';
import { reviewSet } from '../../../workflows/reviews/reviewSet.ts';
import { TASK_QUEUE, World } from '../../workflows/reviews/world.ts';

let world: World;
let worker: Worker;
let running: Promise<void>;
let desk: TemporalDesk;

beforeAll(async () => {
  world = await World.start();
  desk = new TemporalDesk(world.env.client, world.store);
  worker = await world.worker();
  running = worker.run();
}, 60_000);

afterAll(async () => {
  worker.shutdown();
  await running;
  await world.stop();
}, 30_000);

test('people answer a set at their terminals, and a lead decides where they disagree', async () => {
  const rows = ['p0', 'p1'].map((id) => ({
    id,
    problem: { id, statement: `Show \u001b[31m${id}`, topic: 'algebra', source: 'test' },
    proof: 'Clear.',
  }));
  const subject = await world.store.writeJsonl('datasets/desk.jsonl', rows);
  const input: ReviewSetInput = {
    setId: 'lap/desk',
    kind: 'scoreProof',
    lap: 'main/lap-0001',
    subject,
    domain: 'proofs',
    experts: 'people',
    seats: 2,
    leaseMinutes: 30,
    deadlineHours: 72,
    onDeadline: 'carry',
  };
  const set = await world.env.client.workflow.start(reviewSet, {
    workflowId: 'lap/desk',
    taskQueue: TASK_QUEUE,
    args: [input],
  });
  while ((await desk.open({ set: 'lap', limit: 10 })).length < 2)
    await new Promise((resolve) => setTimeout(resolve, 100));

  const sit = async (annotator: string, lead: boolean, typed: string) => {
    const output = new PassThrough();
    const did = await sitDown({ desk, annotator, lead, set: 'lap/desk/', input: new PassThrough().end(typed), output });
    return { ...did, shown: String(output.read()) };
  };
  const ada = await sit('ada', false, '7\n1 fine, and short\n\nf\n0.5\n');
  expect(ada).toMatchObject({ given: 2, end: 'nothing open', unused: 0 });
  expect(ada.shown).toContain('Question 2 of 2.');
  expect(ada.shown).toContain('Show \ufffd[31mp0');
  expect(ada.shown).toContain('Expected 0, 0.5, 1, s, d, l, f or q first, got "7"');
  expect(ada.shown).toContain('Expected f with what is wrong');
  expect(await sit('ada', false, '1\n')).toMatchObject({ given: 0, end: 'nothing open', unused: 1 });
  expect(await sit('emmy', false, 's\nq\n1\n')).toMatchObject({ given: 0, end: 'stopped', unused: 1 });
  const [first] = await desk.open({ set: 'lap/desk', limit: 1 });
  expect(first?.progress?.seats.map(({ state }) => state)).toEqual(['answered', 'free']);
  expect((await sit('emmy', false, '0 step 1\u2028is\u0085false\n0\n')).given).toBe(2);
  const lead = await sit('kurt', true, '0\n0.5\n');
  expect(lead.shown).toContain('answered by emmy: 0 (step 1 is false)');
  expect(await set.result()).toMatchObject({ scored: 2, verdicts: 6 });
}, 60_000);

/** Who sits down at a set's questions, with what they type. */
const sitAt =
  (set: string) =>
  async (annotator: string, typed: string, lead = false) => {
    const output = new PassThrough();
    const did = await sitDown({ desk, annotator, lead, set, input: new PassThrough().end(typed), output });
    return { ...did, shown: String(output.read()) };
  };

/** Once so many questions of a set are open. */
async function untilOpen(set: string, count: number): Promise<void> {
  while ((await desk.open({ set, limit: 10 })).length < count) await new Promise((resolve) => setTimeout(resolve, 100));
}

test('analyses are shown after a score of one’s own, and whoever stops between the two is asked again', async () => {
  const analyses = [
    { analysis: 'Step \u001b[31m2 divides by zero.', score: 0, assessed: 4, confirmed: 3 },
    { analysis: 'Nothing is wrong.', score: 1, assessed: 0, confirmed: 0 },
  ];
  const set = await asked('lap/assisted', 1, { seats: 2, kind: 'scoreContestedProof', assisted: true }, { analyses });
  await untilOpen('lap/assisted', 1);
  const sit = sitAt('lap/assisted');
  const stopped = await sit('ada', '1 fine\nq\n0\n');
  expect(stopped).toMatchObject({ given: 0, end: 'stopped', unused: 1 });
  const [before, after] = stopped.shown.split('Recorded.');
  expect(before).not.toContain('divides by zero');
  expect(after).toContain('Analysis 1 of 2: score 0, confirmed by 3 of 4 meta-analyses');
  expect(after).toContain('Step \ufffd[31m2 divides by zero.');
  expect(after).toContain('Analysis 2 of 2: score 1 ---');
  const [open] = await desk.open({ set: 'lap/assisted', limit: 1 });
  if (open?.progress === undefined) throw new Error('Expected an open question');
  const row = await desk.texts(open.progress.question);
  for (const [viewer, sees] of [
    [{ annotator: 'ada' }, true],
    [{ annotator: 'emmy' }, false],
    [{}, false],
    [{ annotator: 'kurt', lead: true }, false],
  ] as const)
    expect([viewer, 'analyses' in visibleTo(viewer, open.progress, row)]).toEqual([viewer, sees]);
  expect(reviewLine(open)).toContain('0 of 2 answered, 1 to see the analyses, 0 claimed');

  const again = await sit('ada', '0.5 the second step\n');
  expect(again).toMatchObject({ given: 1, end: 'nothing open' });
  expect(again.shown).toContain('divides by zero');
  expect((await sit('emmy', '1\n0\n')).given).toBe(1);
  const lead = await sit('kurt', '0.5\n', true);
  expect(lead.shown).toContain('answered by ada: 0.5, 1 before the analyses (the second step)');
  expect(lead.shown).toContain('divides by zero');
  const [result] = await world.store.readRows<ReviewRow>((await set.result()).results);
  expect(result?.result).toMatchObject({ kind: 'scored', score: 0.5, firstScore: 1, adjudicated: true });
}, 60_000);

test('a flag is told to the other seat and to a lead, who confirm it at their terminals', async () => {
  const set = await asked('lap/flags', 2, { seats: 2 });
  await untilOpen('lap/flags', 2);
  const sit = sitAt('lap/flags');
  await sit('ada', 'f n is not said\nf cut off\n');
  const other = await sit('emmy', 'f it is not\n1\n');
  expect(other.shown).toContain('Flagged by ada: n is not said');
  expect(other).toMatchObject({ given: 2 });
  const [open] = await desk.open({ set: 'lap/flags', limit: 1 });
  expect(open && reviewLine(open)).toContain('scored, waits for a lead, flagged by ada: cut off');
  expect((await sit('kurt', '0.5 it is whole\n', true)).given).toBe(1);
  expect(await set.result()).toMatchObject({ scored: 1, flagged: 1, verdicts: 2 });
}, 60_000);

/** One person's questions about so many proofs. */
async function asked(setId: string, count: number, policy: Partial<ReviewSetInput> = {}, more: object = {}) {
  const rows = Array.from({ length: count }, (_, index) => ({
    id: `q${index}`,
    problem: { id: `q${index}`, statement: `Show ${index}`, topic: 'algebra', source: 'test' },
    proof: 'Clear.',
    ...more,
  }));
  const input: ReviewSetInput = {
    setId,
    kind: 'scoreProof',
    lap: 'main/lap-0001',
    subject: await world.store.writeJsonl(`datasets/${setId}.jsonl`, rows),
    domain: 'proofs',
    experts: 'people',
    seats: 1,
    leaseMinutes: 30,
    deadlineHours: 72,
    onDeadline: 'carry',
    ...policy,
  };
  return world.env.client.workflow.start(reviewSet, { workflowId: setId, taskQueue: TASK_QUEUE, args: [input] });
}

/** Ada, who waits at her terminal or with a file of answers. */
const waiting = (set: string, input: PassThrough) =>
  sitDown({ desk, annotator: 'ada', lead: false, wait: true, set, input, output: new PassThrough().resume() });

test('who waits is asked what is opened later', async () => {
  const typing = new PassThrough();
  const sitting = waiting('lap/later', typing);
  const set = await asked('lap/later', 1);
  typing.write('1\n');
  expect(await set.result()).toMatchObject({ scored: 1 });
  typing.end();
  expect(await sitting).toEqual({ given: 1, end: 'input over', unused: 0 });
}, 60_000);

test('all lines that are piped in are used, as the lap asks, though the input has ended before it asks', async () => {
  const lines = Array.from({ length: 30 }, (_, index) => `${index % 2} answer ${index}\n`);
  const sitting = waiting('lap/piped', new PassThrough().end(lines.join('')));
  const first = await asked('lap/piped/first', 12);
  expect(await first.result()).toMatchObject({ scored: 12 });
  const second = await asked('lap/piped/second', 20);
  expect(await sitting).toEqual({ given: 30, end: 'input over', unused: 0 });
  expect(await desk.open({ set: 'lap/piped', limit: 10 })).toHaveLength(2);
  const rest = await waiting('lap/piped', new PassThrough().end('1\n0\nq\n1\n'));
  expect(rest).toEqual({ given: 2, end: 'stopped', unused: 2 });
  expect(await second.result()).toMatchObject({ scored: 20 });
}, 120_000);

test.each([
  [{ given: 8, end: 'nothing open', unused: 0 }, '8 answered. Nothing is open for ada now; a later phase may ask more'],
  [{ given: 8, end: 'nothing open', unused: 172 }, '(--wait stays for it). 172 lines of the input were not used.'],
  [{ given: 0, end: 'stopped', unused: 1 }, 'The others stay open. 1 line of the input was not used.'],
  [{ given: 3, end: 'input over', unused: 0 }, '3 answered. The input has ended; what is open'],
] as const)('a sitting that came to %j says so', (sat, text) => {
  expect(endText(sat, 'ada')).toContain(text);
});

test.each([
  ['1', { kind: 'score', score: 1, comment: '' }],
  [' 0.5  the last step needs n > 1 ', { kind: 'score', score: 0.5, comment: 'the last step needs n > 1' }],
  ['0.5? line 3', { kind: 'score', score: 0.5, uncertain: true, comment: 'line 3' }],
  ['d', { kind: 'giveBack', reason: 'outOfMyDepth' }],
  ['l', { kind: 'giveBack', reason: 'tooLong' }],
  ['f cut off', { kind: 'flag', reason: 'cut off' }],
  ['s', { kind: 'skip' }],
  ['q', { kind: 'quit' }],
  ['', { kind: 'nothing' }],
  ['f', { kind: 'unclear' }],
  ['0.7 nearly', { kind: 'unclear' }],
  ['so what', { kind: 'unclear' }],
  ['quite good', { kind: 'unclear' }],
])('the line %j is read as %j', (line, typed) => {
  expect(readTyped(line)).toMatchObject(typed);
});
