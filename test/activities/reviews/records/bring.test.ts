import type { Worker } from '@temporalio/worker';
import { TemporalDesk } from '../../../../activities/reviews/desk.ts';
import { ReviewLog } from '../../../../activities/reviews/log.ts';
import { bringIn } from '../../../../activities/reviews/records/bring.ts';
import { ownRow } from '../../../../activities/reviews/records/brought.ts';
import { openTasks } from '../../../../activities/reviews/records/tasks.ts';
import { submitVerdict } from '../../../../shared/review/messages.ts';
import { World } from '../../../workflows/reviews/world.ts';

jest.setTimeout(60_000);

let world: World;
let worker: Worker;
let running: Promise<void>;
let desk: TemporalDesk;
let log: ReviewLog;

beforeAll(async () => {
  world = await World.start();
  desk = new TemporalDesk(world.env.client, world.store);
  log = new ReviewLog(world.store);
  worker = await world.worker();
  running = worker.run();
});

afterAll(async () => {
  worker.shutdown();
  await running;
  await world.stop();
});

async function ask(setId: string, questions: number): Promise<void> {
  const ids = Array.from({ length: questions }, (_, index) => `q${index}`);
  const subject = await world.store.writeJsonl(
    `datasets/${setId}.jsonl`,
    ids.map((id) => ({
      id,
      problem: { id, statement: `Show ${id}.`, topic: 'algebra', source: 'test' },
      proof: `Proof of ${id}.`,
      analyses: [{ text: 'What the verifier said.' }],
    })),
  );
  for (const [row, id] of ids.entries()) await world.ask(id, {}, { setId, subject, row });
}

const rowOf = (question: string, annotator: string, score: unknown, more: object = {}, line = 1) =>
  ownRow({ where: `line ${line}`, row: { question, annotator, score, ...more } });

const bring = (rows: Parameters<typeof bringIn>[0], more: Partial<Parameters<typeof bringIn>[1]> = {}) =>
  bringIn(rows, { desk, log, ...more });

test('what was said elsewhere is taken by the one door, and said twice it counts once', async () => {
  await ask('brought', 2);
  const rows = [
    rowOf('brought/q0', 'ada', 1, { comment: 'Sound.', lines: '[2]', verdict_id: 'elsewhere/1' }),
    rowOf('brought/q0', 'emmy', 1),
    rowOf('brought/q1', 'ada', 0),
    rowOf('brought/q1', 'emmy', undefined, { entry: 'flag', reason: 'The statement is cut off.' }),
    rowOf('brought/q1', 'kurt', undefined, { entry: 'result' }),
  ];
  expect(await bring(rows)).toMatchObject({ taken: 4, known: 0, notTaken: [] });
  const said = await log.history('brought', 'q0');
  expect(said).toMatchObject([
    { kind: 'verdict', verdict: { annotator: 'ada', verdictId: 'elsewhere/1', lines: [2], comment: 'Sound.' } },
    { kind: 'verdict', verdict: { annotator: 'emmy' } },
    { kind: 'result', result: { kind: 'scored', score: 1 } },
  ]);
  const again = await bring(rows);
  expect(again).toMatchObject({ taken: 0, known: 4, notTaken: [] });
  expect([...again.passedOver.values()]).toEqual([1]);
  expect(await log.history('brought', 'q0')).toEqual(said);
});

test('refusals, closed and unknown questions are listed by row, in the words of the review', async () => {
  await ask('refused', 2);
  await desk.send('refused/q0', submitVerdict, { annotator: 'ada', score: 1 });
  for (const annotator of ['ada', 'emmy']) await desk.send('refused/q1', submitVerdict, { annotator, score: 1 });
  const rows = [
    rowOf('refused/q0', 'ada', 0, {}, 1),
    rowOf('refused/q1', 'kurt', 0, {}, 2),
    rowOf('refused/q9', 'kurt', 0, {}, 3),
    rowOf('refused/q0', 'kurt', 2, {}, 4),
    rowOf('refused/q0', 'kurt', 0.5, {}, 5),
  ];
  const { taken, notTaken } = await bring(rows);
  expect(taken).toBe(1);
  expect(notTaken.map(({ where, kind }) => [where, kind])).toEqual([
    ['line 1', 'refused'],
    ['line 2', 'closed'],
    ['line 3', 'closed'],
    ['line 4', 'unreadable'],
  ]);
  expect(notTaken[0]?.why).toBe('Expected verdict "ada" to be what it was, score 1 of "ada", got score 0 of "ada"');
  expect(notTaken[1]?.why).toMatch(/it is completed: \{"kind":"scored","score":1/);
  expect(notTaken[2]?.why).toMatch(/there is none by this id/);
});

test('a dry run sends nothing, and says what is open, known and closed', async () => {
  await ask('dry', 2);
  for (const annotator of ['ada', 'emmy']) await desk.send('dry/q1', submitVerdict, { annotator, score: 1 });
  const rows = [rowOf('dry/q0', 'ada', 1, {}, 1), rowOf('dry/q1', 'ada', 1, {}, 2), rowOf('dry/q1', 'kurt', 1, {}, 3)];
  expect(await bring(rows, { isDryRun: true })).toMatchObject({
    taken: 1,
    known: 1,
    notTaken: [{ where: 'line 3', kind: 'closed', why: 'Expected an open question, got one that is scored' }],
  });
  expect(await log.history('dry', 'q0')).toEqual([]);
});

test('after a stop half-way the same rows bring in the rest, and nothing twice', async () => {
  await ask('half', 40);
  const rows = Array.from({ length: 40 }, (_, index) => rowOf(`half/q${index}`, 'ada', 1, {}, index + 1));
  const stop = new AbortController();
  await expect(bring(rows, { signal: stop.signal, tell: () => stop.abort() })).rejects.toThrow();
  const { taken, known } = await bring(rows);
  expect(taken + known).toBe(40);
  expect(known).toBeGreaterThan(0);
  for (let index = 0; index < 40; index += 1) expect(await log.history('half', `q${index}`)).toHaveLength(1);
});

test('open questions become tasks of Label Studio, without what others said or a verifier reports', async () => {
  await ask('tasks', 3);
  await desk.send('tasks/q1', submitVerdict, { annotator: 'ada', score: 1, comment: 'Secret.' });
  for (const annotator of ['ada', 'emmy']) await desk.send('tasks/q2', submitVerdict, { annotator, score: 1 });
  const open = async () => desk.open({ set: 'tasks', limit: 10 });
  while ((await open()).length !== 2) await new Promise((resolve) => setTimeout(resolve, 50));
  const tasks = [];
  for await (const task of openTasks(desk, await open())) tasks.push(task);
  expect(tasks).toEqual(
    ['q0', 'q1'].map((id) => ({
      data: { question: `tasks/${id}`, kind: 'scoreProof', problem: `Show ${id}.`, proof: `Proof of ${id}.` },
    })),
  );
});
