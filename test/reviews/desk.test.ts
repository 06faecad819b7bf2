import { PassThrough } from 'node:stream';
import type { Worker } from '@temporalio/worker';
import { ReviewDesk } from '../../cli/reviewDesk.ts';
import { sitDown } from '../../cli/reviewTerminal.ts';
import type { ReviewSetInput } from '../../shared/reviews.ts';
import * as messages from '../../workflows/messages.ts';
import { reviewSet } from '../../workflows/reviewSet.ts';
import { TASK_QUEUE, World } from './world.ts';

let world: World;
let worker: Worker;
let running: Promise<void>;
let desk: ReviewDesk;

beforeAll(async () => {
  world = await World.start();
  desk = new ReviewDesk(world.env.client, world.store);
}, 60_000);

afterAll(async () => {
  worker.shutdown();
  await running;
  await world.stop();
}, 30_000);

test('without a worker the desk says so instead of waiting', async () => {
  expect(await desk.hasWorker()).toBe(false);
  await expect(desk.send('set/p0', messages.claim, { annotator: 'ada' })).rejects.toThrow(/^No worker answers on task queue flywheel/);
  worker = await world.worker();
  running = worker.run();
}, 30_000);

test('people answer a set at their terminals, and a lead decides where they disagree', async () => {
  const rows = ['p0', 'p1'].map((id) => ({ id, problem: { id, statement: `Show \u001b[31m${id}`, topic: 'algebra', source: 'test' }, proof: 'Clear.' }));
  const subject = await world.store.writeJsonl('datasets/desk.jsonl', rows);
  const input: ReviewSetInput = { setId: 'lap/desk', kind: 'scoreProof', lap: 'main/lap-0001', subject, experts: 'people', seats: 2, leaseMinutes: 30, deadlineHours: 72, onDeadline: 'carry' };
  const set = await world.env.client.workflow.start(reviewSet, { workflowId: 'lap/desk', taskQueue: TASK_QUEUE, args: [input] });
  while ((await desk.open({ set: 'lap', limit: 10 })).length < 2) await new Promise((resolve) => setTimeout(resolve, 100));

  const sit = async (annotator: string, lead: boolean, typed: string) => {
    const output = new PassThrough();
    const given = await sitDown({ desk, annotator, lead, set: 'lap/desk/', input: new PassThrough().end(typed), output });
    return { given, shown: String(output.read()) };
  };
  const ada = await sit('ada', false, '7\n1\nfine\n0.5\n\n');
  expect(ada.given).toBe(2);
  expect(ada.shown).toContain('Show \ufffd[31mp0');
  expect(ada.shown).toContain('Expected 0, 0.5, 1, s, f or q, got "7"');
  expect((await sit('ada', false, '1\n\n')).given).toBe(0);
  expect((await sit('emmy', false, 's\nq\n')).given).toBe(0);
  const [first] = await desk.open({ set: 'lap/desk', limit: 1 });
  expect(first?.progress?.seats.map(({ state }) => state)).toEqual(['answered', 'free']);
  expect((await sit('emmy', false, '0\nstep 1 is false\n0\n\n')).given).toBe(2);
  const lead = await sit('kurt', true, '0\n\n0.5\n\n');
  expect(lead.shown).toContain('answered by emmy: 0 (step 1 is false)');
  expect(await set.result()).toMatchObject({ scored: 2, verdicts: 6 });
  await expect(desk.send('lap/desk/p0', messages.claim, { annotator: 'late' })).rejects.toThrow(/^Expected an open review, got "lap\/desk\/p0": it is completed: {"kind":"scored","score":0/);
  await expect(desk.progress('lap/desk/p9')).rejects.toThrow(/^Expected an open review, got "lap\/desk\/p9": there is none by this id/);
}, 60_000);
