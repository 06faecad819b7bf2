import { PassThrough } from 'node:stream';
import type { Worker } from '@temporalio/worker';
import { TemporalDesk } from '../../../activities/reviews/desk.ts';
import { readTyped, sitDown } from '../../../cli/review/reviewTerminal.ts';
import type { ReviewSetInput } from '../../../shared/review/reviews.ts';
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
  expect(ada).toMatchObject({ given: 2, stopped: false });
  expect(ada.shown).toContain('Question 2 of 2.');
  expect(ada.shown).toContain('Show \ufffd[31mp0');
  expect(ada.shown).toContain('Expected 0, 0.5, 1, s, f or q first, got "7"');
  expect(ada.shown).toContain('Expected f with what is wrong');
  expect((await sit('ada', false, '1\n')).given).toBe(0);
  expect(await sit('emmy', false, 's\nq\n')).toMatchObject({ given: 0, stopped: true });
  const [first] = await desk.open({ set: 'lap/desk', limit: 1 });
  expect(first?.progress?.seats.map(({ state }) => state)).toEqual(['answered', 'free']);
  expect((await sit('emmy', false, '0 step 1\u2028is\u0085false\n0\n')).given).toBe(2);
  const lead = await sit('kurt', true, '0\n0.5\n');
  expect(lead.shown).toContain('answered by emmy: 0 (step 1 is false)');
  expect(await set.result()).toMatchObject({ scored: 2, verdicts: 6 });
}, 60_000);

test('who waits is asked what is opened later', async () => {
  const row = {
    id: 'q0',
    problem: { id: 'q0', statement: 'Show q', topic: 'algebra', source: 'test' },
    proof: 'Clear.',
  };
  const input: ReviewSetInput = {
    setId: 'lap/later',
    kind: 'scoreProof',
    lap: 'main/lap-0001',
    subject: await world.store.writeJsonl('datasets/later.jsonl', [row]),
    domain: 'proofs',
    experts: 'people',
    seats: 1,
    leaseMinutes: 30,
    deadlineHours: 72,
    onDeadline: 'carry',
  };
  const typing = new PassThrough();
  const sitting = sitDown({
    desk,
    annotator: 'ada',
    lead: false,
    wait: true,
    set: 'lap/later',
    input: typing,
    output: new PassThrough().resume(),
  });
  const set = await world.env.client.workflow.start(reviewSet, {
    workflowId: 'lap/later',
    taskQueue: TASK_QUEUE,
    args: [input],
  });
  typing.write('1\n');
  expect(await set.result()).toMatchObject({ scored: 1 });
  typing.end();
  expect(await sitting).toMatchObject({ given: 1, stopped: true });
}, 60_000);

test.each([
  ['1', { kind: 'score', score: 1, comment: '' }],
  [' 0.5  the last step needs n > 1 ', { kind: 'score', score: 0.5, comment: 'the last step needs n > 1' }],
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
